// Sets of a product's sums in registers, and how to go through those of a tile, which lie in memory. Only loads and stores
// of sums that stand in one basic block with others' products overlap: hence UNROLLED.
#pragma once

#include "array.h"
#include "product.h"

namespace array {

// arrays of accumulators and operands stay in registers only where the loops over them are gone
#define UNROLLED _Pragma("clang loop unroll(full)")
#define NOT_UNROLLED _Pragma("clang loop unroll(disable)")
#define INLINED __attribute__((always_inline))
#define ALWAYS_INLINE inline INLINED

// In memory: rows of 256 sums in blocks of four rows of the matrix.
template <typename MM, typename T, int Rows, int Columns> struct SumsOf {
    MM c[Rows / tall][Columns];
    static constexpr int block = MM::size_C / tall;

    static int at(int i, int j) { return i * tall * 256 + j * block; }

    // `zero`: the first product takes no notice of what was loaded.
    ALWAYS_INLINE void load(const T *p, bool zero = false) {
        UNROLLED
        for (int i = 0; i < Rows / tall; ++i)
            UNROLLED
            for (int j = 0; j < Columns; ++j)
                c[i][j] = MM(aie::op_zero(typename MM::accum_type(load_tall<block>(p + at(i, j), 256)), zero));
    }

    ALWAYS_INLINE void store(T *p) const {
        UNROLLED
        for (int i = 0; i < Rows / tall; ++i)
            UNROLLED
            for (int j = 0; j < Columns; ++j)
                store_tall<block>(p + at(i, j), 256, c[i][j].template to_vector<T>());
    }

    // c[i][j] += x(i) y(j), operands as functions of the block; i in steps of `tall`.
    template <typename X, typename Y> ALWAYS_INLINE void add(X x, Y y) {
        decltype(x(0)) a[Rows / tall];
        decltype(y(0)) b[Columns];
        UNROLLED
        for (int i = 0; i < Rows / tall; ++i)
            a[i] = x(i * tall);
        UNROLLED
        for (int j = 0; j < Columns; ++j)
            b[j] = y(j);
        UNROLLED
        for (int i = 0; i < Rows / tall; ++i)
            UNROLLED
            for (int j = 0; j < Columns; ++j)
                c[i][j].mac(a[i], b[j]);
    }

    // 8 rows of block column j
    ALWAYS_INLINE auto column(int j) const {
#if BLOCK_ROWS == 8
        return c[0][j].to_accum();
#else
        return aie::concat(c[0][j].to_accum(), c[1][j].to_accum());
#endif
    }
};

// A product's tile in an even number of turns, whose sums lie at place(turn), in two sets: while products go into one, the
// other's sums are stored and its next ones loaded. products(set, turn) adds to them; what stands in one block with the stores
// and loads has to be UNROLLED, and the function INLINED, as registers have no address. `first`: they count from zero.
// place(turns) is loaded from, for nothing. Twice the program, as registers have no index.
template <typename Set, typename Place, typename Products>
ALWAYS_INLINE void by_turns(int turns, bool first, Place place, Products products) {
    Set even, odd;
    even.load(place(0), first);
    odd.load(place(turns - 1), first); // stored as it is in the first turn
    for (int turn = 0; turn < turns; turn += 2) {
        odd.store(place(turn == 0 ? turns - 1 : turn - 1));
        odd.load(place(turn + 1), first);
        products(even, turn);
        even.store(place(turn));
        even.load(place(turn + 2), first);
        products(odd, turn + 1);
    }
    odd.store(place(turns - 1));
}

using Bf16Product = aie::mmul<block_rows, 8, 4, bfloat16, bfloat16>;
using Bf16Sums = SumsOf<Bf16Product, float, 2, 4>;

// Where the operands of add_products lie: `pairs` (a power of two) of X's blocks of rows by 1 << `across` groups of four of
// Y's blocks of columns, and `steps` of k, at least four and even. In elements, from one to the next: blocks of X and of Y (`x`,
// `y`), pairs (`pair`, `pairs_apart` for two of them), groups (`group`), two steps of X (`x_steps`); one step of X and of Y is 32.
struct Operands {
    int pairs, across, steps;
    int x, y, pair, pairs_apart, group, x_steps;
};

// sums += X Y in bf16; sums: [16 row blocks][16 column blocks][4 x 4]. `first`: they count from zero.
ONE_COPY void add_products(const bfloat16 *X, const bfloat16 *Y, float *sums, bool first, const Operands &o) {
    const auto pair_of = [&o](int turn) { return turn >> o.across & (o.pairs - 1); };
    const auto group_of = [&o](int turn) { return turn & ((1 << o.across) - 1); };
    const auto place = [=](int turn) { return sums + pair_of(turn) * 512 + group_of(turn) * 64; };
    by_turns<Bf16Sums>(o.pairs << o.across, first, place, [=, &o](Bf16Sums &set, int turn) INLINED {
        const int pair = pair_of(turn);
        const bfloat16 *x = X + (pair >> 1) * o.pairs_apart + (pair & 1) * o.pair;
        const bfloat16 *y = Y + group_of(turn) * o.group;
        const auto step = [x, y, &o, &set](int k) INLINED {
            const bfloat16 *xk = x + (k >> 1) * o.x_steps + (k & 1) * 32;
            set.add([xk, &o](int i) { return load_tall<32>(xk + i * o.x, o.x); },
                    [y, k, &o](int j) { return aie::load_v<32>(y + j * o.y + k * 32); });
        };
        UNROLLED
        for (int k = 0; k < 4; ++k)
            step(k);
        NOT_UNROLLED
        for (int k = 4; k < o.steps; ++k)
            step(k);
    });
}

} // namespace array
