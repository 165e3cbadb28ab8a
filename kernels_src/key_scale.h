// The scale of a key or value as int8, in both overlays.
#pragma once

#include <aie_api/aie.hpp>
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
