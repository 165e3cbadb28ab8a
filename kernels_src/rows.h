// Values of the rows of 4 x 8 blocks: from lanes to one a row, and back. Lanes "by rows" are four rows' values, again and
// again.
#pragma once

#include "product.h"

// Sums of each row's 8 lanes, by rows.
ONE_COPY aie::vector<float, 16> sum_of_rows(aie::vector<float, 32> v) {
    const auto [a, b] = aie::interleave_unzip(v.extract<16>(0), v.extract<16>(1), 4);
    const aie::vector<float, 16> fours = aie::add(a, b);
    const auto [c, d] = aie::interleave_unzip(fours, fours, 2);
    const aie::vector<float, 16> twos = aie::add(c, d);
    const auto [e, f] = aie::interleave_unzip(twos, twos, 1);
    return aie::add(e, f);
}

// The largest of each row's 8 lanes, of positive bf16 as their bits, by rows: twice gives the largest of all.
ONE_COPY aie::vector<int16, 32> largest_of_rows(aie::vector<int16, 32> v) {
    const auto [a, b] = aie::interleave_unzip(v, v, 4);
    v = aie::max(a, b);
    const auto [c, d] = aie::interleave_unzip(v, v, 2);
    v = aie::max(c, d);
    const auto [e, f] = aie::interleave_unzip(v, v, 1);
    return aie::max(e, f);
}

inline aie::vector<float, 16> to_floats(const aie::vector<int16, 32> &bits) {
    return aie::accum<accfloat, 16>(bits.cast_to<bfloat16>().extract<16>(0)).to_vector<float>();
}

// A number below 2^23.
inline aie::vector<float, 16> to_floats(int32_t n) {
    return aie::sub(aie::broadcast<int32, 16>(0x4b000000 + n).cast_to<float>(), aie::broadcast<float, 16>(8388608.0f));
}

// Row r's lanes are v4[r].
inline aie::vector<float, 32> repeat_columns(const float *v4) {
    return aie::concat(aie::broadcast<float, 8>(v4[0]), aie::broadcast<float, 8>(v4[1]), aie::broadcast<float, 8>(v4[2]),
                       aie::broadcast<float, 8>(v4[3]));
}

ONE_COPY aie::vector<bfloat16, 32> repeat_columns(const bfloat16 *v4) {
    return aie::concat(aie::broadcast<bfloat16, 8>(v4[0]), aie::broadcast<bfloat16, 8>(v4[1]),
                       aie::broadcast<bfloat16, 8>(v4[2]), aie::broadcast<bfloat16, 8>(v4[3]));
}

inline void store_bf16(bfloat16 *p, const aie::vector<float, 16> &v) {
    aie::store_v(p, aie::accum<accfloat, 16>(v).to_vector<bfloat16>());
}
