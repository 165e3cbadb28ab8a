// Scales of rows as int8: of a key or value in the decoder, of 32 rows in the encoder.
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

// The same of 32 rows, rounded to the nearest: the largest number is up to 127.51 scales.
inline aie::vector<bfloat16, 32> row_scale(const aie::vector<bfloat16, 32> &largest) {
    const aie::vector<bfloat16, 32> over = aie::broadcast<bfloat16, 32>(1.0f / 127.0f);
    return aie::max(aie::mul(largest, over).to_vector<bfloat16>(), aie::broadcast<bfloat16, 32>(1.0e-20f));
}

struct Reciprocal {
    aie::vector<bfloat16, 32> head, rest;
};

// 1 / d of positive numbers as the sum of two bf16, to 2^-14: the bits' estimate, to 6 %, and three terms of its error's
// series, and one for what is left.
ONE_COPY Reciprocal reciprocal_parts(aie::vector<bfloat16, 32> d) {
    const aie::accum<accfloat, 32> one(aie::broadcast<bfloat16, 32>(1.0f));
    const aie::vector<bfloat16, 32> r =
        aie::sub(aie::broadcast<int16, 32>(0x7EF3), d.cast_to<int16>()).cast_to<bfloat16>();
    const aie::vector<bfloat16, 32> e = aie::msc(one, d, r).to_vector<bfloat16>();
    const aie::vector<bfloat16, 32> more = aie::mac(aie::accum<accfloat, 32>(e), e, e).to_vector<bfloat16>();
    const aie::vector<bfloat16, 32> head = aie::mac(aie::accum<accfloat, 32>(r), r, more).to_vector<bfloat16>();
    const aie::vector<bfloat16, 32> left = aie::msc(one, d, head).to_vector<bfloat16>();
    return {head, aie::mul(head, left).to_vector<bfloat16>()};
}
