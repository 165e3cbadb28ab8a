// The scales of keys and values: of self-attention's as int8, of cross-attention's in four bits.
#pragma once

#include "product.h"
#include <stdint.h>

// A scale that bf16 holds, of at least a 127th of the largest magnitude, and its reciprocal as the sum of two numbers
// that bf16 holds.
struct KeyScale {
    float scale;
    float head;
    float rest;
};

// `largest`: bits of the largest magnitude as bf16.
inline KeyScale key_scale(int16_t largest) {
    union {
        int32_t bits;
        float value;
    } top, scale, head;
    top.bits = (int32_t)largest << 16;
    scale.value = top.value * (1.0f / 127.0f) + 1.0e-20f;
    scale.bits = (scale.bits + 0xffff) & 0xffff0000;
    const float inverse = aie::inv(scale.value);
    head.value = inverse;
    head.bits &= 0xffff0000;
    return {scale.value, head.value, inverse - head.value};
}

// Keys and values of cross-attention have four bits, n = -8 to 7, which stand for 2 n + 1 scales, of keys more than the
// position before has, but for every 16th. A scale is a byte: four bits of a bf16 number's exponent and four behind the
// point, from 2^-11 to 31.
constexpr int step_base = (127 - 11) << 7;

struct StepScales {
    aie::vector<int16, 32> bits;
    aie::vector<bfloat16, 32> inverse; // of two scales
};

// Scales of at least a 15th of `largest`, but for the rounding to bf16. The reciprocal of d is the bits' estimate r, to 6 %,
// times 1 + e + e^2, e = 1 - d r.
inline StepScales step_scales(const aie::vector<bfloat16, 32> &largest) {
    const aie::vector<bfloat16, 32> least =
        aie::mul(largest, aie::broadcast<bfloat16, 32>((bfloat16)(1.0f / 15.0f))).to_vector<bfloat16>();
    aie::vector<int16, 32> bits =
        aie::bit_and(aie::add(least.cast_to<int16>(), aie::broadcast<int16, 32>(7)), aie::broadcast<int16, 32>(-8));
    bits = aie::min(aie::max(bits, aie::broadcast<int16, 32>(step_base)), aie::broadcast<int16, 32>(step_base + 255 * 8));
    const aie::vector<int16, 32> twice = aie::add(bits, aie::broadcast<int16, 32>(128)); // the next exponent
    const aie::vector<bfloat16, 32> d = twice.cast_to<bfloat16>();
    const aie::vector<bfloat16, 32> r = aie::sub(aie::broadcast<int16, 32>(0x7EF3), twice).cast_to<bfloat16>();
    const aie::accum<accfloat, 32> one(aie::broadcast<bfloat16, 32>(1.0f));
    const aie::vector<bfloat16, 32> e = aie::msc(one, d, r).to_vector<bfloat16>();
    const aie::vector<bfloat16, 32> more = aie::mac(aie::accum<accfloat, 32>(e), e, e).to_vector<bfloat16>();
    return {bits, aie::mac(aie::accum<accfloat, 32>(r), r, more).to_vector<bfloat16>()};
}

// 32 scales' bytes, and back to bf16.
inline aie::vector<uint8, 32> step_bytes(const aie::vector<int16, 32> &bits) {
    return aie::downshift(aie::sub(bits, aie::broadcast<int16, 32>(step_base)), 3).cast_to<uint16>().pack<uint8>();
}

inline aie::vector<bfloat16, 32> step_of_bytes(const aie::vector<uint8, 32> &bytes) {
    const aie::vector<int16, 32> wide = bytes.unpack().cast_to<int16>();
    return aie::add(aie::upshift(wide, 3), aie::broadcast<int16, 32>(step_base)).cast_to<bfloat16>();
}
