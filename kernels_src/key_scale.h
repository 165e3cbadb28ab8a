// The scale of a key or value as int8, in both overlays.
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

// The same of 16 values at a time; `largest` as floats.
struct KeyScales {
    aie::vector<float, 16> scale;
    aie::vector<float, 16> head;
    aie::vector<float, 16> rest;
};

inline KeyScales key_scale(const aie::vector<float, 16> &largest) {
    const aie::vector<int32, 16> upper = aie::broadcast<int32, 16>(0xffff0000);
    const aie::vector<float, 16> least = aie::add(product(largest, aie::broadcast<float, 16>(1.0f / 127.0f)),
                                                  aie::broadcast<float, 16>(1.0e-20f));
    const aie::vector<float, 16> scale =
        aie::bit_and(aie::add(least.cast_to<int32>(), aie::broadcast<int32, 16>(0xffff)), upper).cast_to<float>();
    const aie::vector<float, 16> inverse = reciprocal(scale);
    const aie::vector<float, 16> head = aie::bit_and(inverse.cast_to<int32>(), upper).cast_to<float>();
    return {scale, head, aie::sub(inverse, head)};
}
