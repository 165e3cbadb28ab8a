// Sets of a product's sums in registers, and two ways of going through those of a tile, which lie in memory. Only loads and
// stores of sums that stand in one basic block with others' products, or with each other, overlap: hence UNROLLED.
#pragma once

#include "array.h"

namespace array {

// arrays of accumulators and operands stay in registers only where the loops over them are gone
#define UNROLLED _Pragma("clang loop unroll(full)")
#define ALWAYS_INLINE inline __attribute__((always_inline))

// In memory: rows of 256 sums in blocks of four rows of the matrix.
template <typename MM, typename T, int Rows, int Columns> struct SumsOf {
    MM c[Rows / tall][Columns];
    static constexpr int block = MM::size_C / tall;

    static int at(int i, int j) { return i * tall * 256 + j * block; }

    ALWAYS_INLINE void load(int i, int j, const T *p, bool zero) {
        c[i][j] = MM(aie::op_zero(typename MM::accum_type(load_tall<block>(p + at(i, j), 256)), zero));
    }

    ALWAYS_INLINE void store(int i, int j, T *p) const {
        store_tall<block>(p + at(i, j), 256, c[i][j].template to_vector<T>());
    }

    // `zero`: the first product takes no notice of what was loaded.
    ALWAYS_INLINE void load(const T *p, bool zero = false) {
        UNROLLED
        for (int i = 0; i < Rows / tall; ++i)
            UNROLLED
            for (int j = 0; j < Columns; ++j)
                load(i, j, p, zero);
    }

    ALWAYS_INLINE void store(T *p) const {
        UNROLLED
        for (int i = 0; i < Rows / tall; ++i)
            UNROLLED
            for (int j = 0; j < Columns; ++j)
                store(i, j, p);
    }

    // Stored to `p`, the next ones loaded.
    ALWAYS_INLINE void exchange(T *p, const T *next, bool zero) {
        UNROLLED
        for (int i = 0; i < Rows / tall; ++i)
            UNROLLED
            for (int j = 0; j < Columns; ++j) {
                store(i, j, p);
                load(i, j, next, zero);
            }
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

using Bf16Product = aie::mmul<block_rows, 8, 4, bfloat16, bfloat16>;
using Int8Product = aie::mmul<block_rows, 8, 8, int8, int8>;

// A product's tile in `turns`, whose sums lie at place(turn); products(set, turn) adds to them. place(turns) is loaded from,
// for nothing. `first`: they count from zero.
template <typename Set, typename Place, typename Products>
ALWAYS_INLINE void by_turns(int turns, bool first, Place place, Products products) {
    Set sums;
    sums.load(place(0), first);
    for (int turn = 0; turn < turns; ++turn) {
        products(sums, turn);
        sums.exchange(place(turn), place(turn + 1), first);
    }
}

// The same with two sets of half the size, for an even number of turns: while products go into one, the other's sums are
// stored and its next ones loaded. Twice the program, as registers have no index; the products have to be UNROLLED.
template <typename Set, typename Place, typename Products>
ALWAYS_INLINE void by_double_turns(int turns, Place place, Products products) {
    Set even, odd;
    even.load(place(0));
    odd.load(place(turns - 1)); // stored as it is in the first turn
    for (int turn = 0; turn < turns; turn += 2) {
        odd.store(place(turn == 0 ? turns - 1 : turn - 1));
        odd.load(place(turn + 1));
        products(even, turn);
        even.store(place(turn));
        even.load(place(turn + 2)); // in the last turn for nothing
        products(odd, turn + 1);
    }
    odd.store(place(turns - 1));
}

} // namespace array
