// Sets of a product's sums in registers, and how to go through those of a tile, which lie in memory. Only loads and stores
// of sums that stand in one basic block with others' products overlap: hence UNROLLED.
#pragma once

#include "array.h"
#include "product.h"

namespace array {

// arrays of accumulators and operands stay in registers only where the loops over them are gone
#define UNROLLED _Pragma("clang loop unroll(full)")
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

#ifdef UNLIMITED
    // The same of operands y[j] that were made ready.
    template <typename X, typename Y> ALWAYS_INLINE void add_ready(X x, const Y *y) {
        for (int i = 0; i < Rows / tall; ++i) {
            const auto a = x(i * tall);
            for (int j = 0; j < Columns; ++j)
                c[i][j].mac_ready(a, y[j]);
        }
    }
#endif

    // 8 rows of block column j
    ALWAYS_INLINE auto column(int j) const {
#if BLOCK_ROWS == 8
        return c[0][j].to_accum();
#else
        return aie::concat(c[0][j].to_accum(), c[1][j].to_accum());
#endif
    }
};

// A product's tile in an even number of turns, whose sums lie at place(turn) where the turn is even and 64 further where it
// is odd, in two sets: while products go into one, the other's sums are stored and its next ones loaded. products(turn)
// gives a function that adds to the set of that turn or, where its second argument is 1, of the next one; what stands in
// one block with the stores and loads has to be UNROLLED, and the function INLINED, as registers have no address. `first`:
// they count from zero. place(turns) is loaded from, for nothing. Twice the program, as registers have no index.
template <typename Set, typename Place, typename Products>
ALWAYS_INLINE void by_turns(int turns, bool first, Place place, Products products) {
    Set even, odd;
    auto here = place(0), before = here;
    even.load(here, first);
    for (int turn = 0; turn < turns; turn += 2) {
        const auto product = products(turn);
        odd.store(before); // in the first turn to where the even sums come from
        odd.load(here + 64, first);
        product(even, 0);
        even.store(here);
        before = here + 64;
        here = place(turn + 2);
        even.load(here, first);
        product(odd, 1);
    }
    odd.store(before);
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
    const int groups = 1 << o.across;
    const auto pair_of = [&o](int turn) { return turn >> o.across & (o.pairs - 1); };
    const auto group_of = [groups](int turn) { return turn & (groups - 1); };
    const auto place = [=](int turn) { return sums + pair_of(turn) * 512 + group_of(turn) * 64; };
    by_turns<Bf16Sums>(o.pairs << o.across, first, place, [=, &o](int turn) INLINED {
        const int pair = pair_of(turn);
        const bfloat16 *x = X + (pair >> 1) * o.pairs_apart + (pair & 1) * o.pair;
        const bfloat16 *y = Y + group_of(turn) * o.group;
        return [=, &o](Bf16Sums &set, int odd) INLINED {
            const bfloat16 *xk = x, *yk = y + odd * o.group;
            int next = 32, last = o.x_steps - 32; // from a step of X to the next, in turn
            const auto step = [&]() INLINED {
                set.add([xk, &o](int i) { return load_tall<32>(xk + i * o.x, o.x); },
                        [yk, &o](int j) { return aie::load_v<32>(yk + j * o.y); });
                xk += next, yk += 32;
                const int turned = next;
                next = last, last = turned;
            };
            UNROLLED
            for (int k = 0; k < 4; ++k)
                step();
            NOT_UNROLLED
            for (int k = 4; k < o.steps; ++k)
                step();
        };
    });
}

} // namespace array
