// The exponential of both attentions and of GELU.
#pragma once

#include "product.h"
#include <stdint.h>

// 2^(t / 256) as bf16, of u = t + exp2_bias with t in Q8, from the exponent's bits and a quadratic for the mantissa, in
// integers: 2^f = 1 + f - 0.34375 f (1 - f), relative error below 0.35 %; u / 2 puts whole part and f where bf16 has
// exponent and mantissa. 0 where u is.
constexpr int exp2_bias = 127 * 256;

inline aie::vector<bfloat16, 32> exp2_by_sums(aie::vector<uint16, 32> u) {
    const aie::vector<int16, 32> f = aie::bit_and(u.cast_to<int16>(), aie::broadcast<int16, 32>(255));
    const aie::vector<int16, 32> less = aie::bit_or(u.cast_to<int16>(), aie::broadcast<int16, 32>(-256)); // f - 1
    const aie::vector<int16, 32> bend = aie::mul<acc32>(less, (int16)11).to_vector<int16>(0); // 32 * 0.34375 (f - 1)
    // (u + 0.34375 f (f - 1)) / 2 in one rounding
    aie::accum<acc32, 32> sum = aie::mul<acc32>(u, (uint16)8192);
    sum = aie::mac(sum, f, bend);
    return sum.to_vector<int16>(14).cast_to<bfloat16>();
}

#ifdef ROOM_FOR_COPIES
// The same bits, rounding being to even, in lanes of 16: u / 2 less g 11 / 2^14, g = f (256 - f), which is rounded to the
// nearest where u / 2 is whole, and down where it ends in a half. There are no ties.
inline aie::vector<bfloat16, 32> exp2_of_biased(aie::vector<uint16, 32> u) {
    alignas(64) uint16_t x[32];
    aie::store_v(x, u);
    for (int i = 0; i < 32; ++i) {
        const uint16_t f = x[i] & 255, g = f * (256 - f);
        const uint16_t nearest = (g * 22u + 16384u) >> 15, below = g * 44u >> 16;
        x[i] = (x[i] >> 1) - (x[i] & 1 ? below : nearest);
    }
    return aie::load_v<32>((const bfloat16 *)x);
}
#else
inline aie::vector<bfloat16, 32> exp2_of_biased(aie::vector<uint16, 32> u) { return exp2_by_sums(u); }
#endif

// A float's last bit is 2^-8 from here on, so that the bits of a sum with it, less its own, are a number in Q8.
constexpr float exp2_magic = 33024.0f;
constexpr int exp2_magic_bits = 0x47010000;

// The number in Q8 with the bias, saturated, of x less `exp2_magic` (saturation must be on).
inline aie::vector<uint16, 32> biased_q8(const aie::accum<accfloat, 32> &x) {
    return aie::sub(x.cast_to<acc32>(), aie::broadcast<int32, 32>(exp2_magic_bits - exp2_bias)).to_vector<uint16>();
}

// 2^(t / 256): 0 below t = -127 * 256.
inline aie::vector<bfloat16, 32> exp2_q8(aie::vector<int16, 32> t) {
    t = aie::max(t, aie::broadcast<int16, 32>(-exp2_bias));
    return exp2_of_biased(aie::add(t, aie::broadcast<int16, 32>(exp2_bias)).cast_to<uint16>());
}
