// The array that a kernel is compiled for, and the blocks of its products. What is not as on npu1 the planner defines
// (aiebuild/designs/grid.py).
//
// Operands lie in memory in blocks of four rows on every array. A product of eight rows (AIE2P) takes two of them, and
// gives two blocks of C.
#pragma once

#include <aie_api/aie.hpp>

#ifndef ARRAY_COLUMNS
#define ARRAY_COLUMNS 4
#endif
#ifndef BLOCK_ROWS
#define BLOCK_ROWS 4
#endif

namespace array {

constexpr int columns = ARRAY_COLUMNS;
constexpr int rows = 4;
constexpr int block_rows = BLOCK_ROWS;   // of a product
constexpr int tall = block_rows / 4;     // blocks of memory that make one

// The blocks of N elements at `p` and, where a product takes two, `apart` elements further.
template <int N, typename T> inline aie::vector<T, N * tall> load_tall(const T *p, int apart) {
    if constexpr (tall == 1)
        return aie::load_v<N>(p);
    else
        return aie::concat(aie::load_v<N>(p), aie::load_v<N>(p + apart));
}

// Block `i` of the blocks of N elements in v.
template <int N, typename T> inline aie::vector<T, N> block_of_tall(const aie::vector<T, N * tall> &v, int i) {
    if constexpr (tall == 1)
        return v;
    else
        return v.template extract<N>(i);
}

template <int N, typename T> inline void store_tall(T *p, int apart, const aie::vector<T, N * tall> &v) {
    for (int i = 0; i < tall; ++i)
        aie::store_v(p + i * apart, block_of_tall<N, T>(v, i));
}

} // namespace array
