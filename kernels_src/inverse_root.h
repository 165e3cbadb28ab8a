// The inverse square root of both layer norms.
#pragma once

#include "product.h"
#include <stdint.h>

// 1 / sqrt(x) of a normal x > 0 to two units in the last place: the bits' estimate and three steps of Newton's method.
// aie::invsqrt of a scalar float calls sqrtf, which AIE2's libraries do not have.
inline float inverse_root(float x) {
    union {
        float f;
        int32_t i;
    } y = {x};
    y.i = 0x5f375a86 - (y.i >> 1);
    const float half = 0.5f * x;
    // a scalar product is a call of some 36 bytes on AIE2
#pragma clang loop unroll(disable)
    for (int step = 0; step < 3; ++step)
        y.f = y.f * (1.5f - half * y.f * y.f);
    return y.f;
}

// The same of 16 lanes. A shift rounds, hence no odd bits.
inline aie::vector<float, 16> inverse_root(const aie::vector<float, 16> &x) {
    const aie::vector<int32, 16> even = aie::bit_and(x.cast_to<int32>(), aie::broadcast<int32, 16>(-2));
    aie::vector<float, 16> y =
        aie::sub(aie::broadcast<int32, 16>(0x5f375a86), aie::downshift(even, 1)).cast_to<float>();
    const aie::vector<float, 16> half = product(x, aie::broadcast<float, 16>(0.5f));
    NOT_UNROLLED
    for (int step = 0; step < 3; ++step)
        y = product(y, aie::sub(aie::broadcast<float, 16>(1.5f), product(product(half, y), y)));
    return y;
}
