// The compilers' own vector types beside aie::vector: intrinsics on them that published kernels use with the API.

#pragma once

#include "elementary.hpp"
#include "reshape.hpp"

using v16accfloat = aie::detail::native_accum<float, 16>;

// x * 2^shift as whole numbers, downwards.
inline v16int32 bfloat16_to_int(const v16bfloat16 &x, int shift)
{
    return aie::to_fixed<int32>(aie::vector<bfloat16, 16>(x), shift);
}
inline v16bfloat16 to_v16bfloat16(const v16accfloat &x) { return aie::accum<accfloat, 16>(x).to_vector<bfloat16>(); }
inline v64uint8 bor(const v64uint8 &a, const v64uint8 &b)
{
    return aie::bit_or(aie::vector<uint8, 64>(a), aie::vector<uint8, 64>(b));
}

// Modes of the shuffle network: 2 x 64 elements of 8 bits to 64 x 2, the lower or the upper half of the result.
enum shuffle_mode { T8_2x64_lo, T8_2x64_hi };
inline v64uint8 shuffle(const v64uint8 &a, const v64uint8 &b, shuffle_mode mode)
{
    const auto [low, high] = aie::interleave_zip(aie::vector<uint8, 64>(a), aie::vector<uint8, 64>(b), 1);
    return mode == T8_2x64_lo ? low : high;
}

inline void set_sat() { aie::set_saturation(aie::saturation_mode::saturate); }
