// Scalar floats of a core. AIE2 has none: the compiler calls functions of its library, together 4.2 KB of a program memory
// of 16 KB. Here they are the vector unit's operations on one lane, under the library's names, which the linker takes
// first. One file of an overlay includes this. Within a few units in the last place; no infinities, no NaNs, and
// numbers below 2^-126 are zero.
#pragma once

#include "product.h"
#include <stdint.h>

namespace soft {

using Lanes = aie::vector<float, 16>;

inline Lanes lanes(float x) { return aie::broadcast<float, 16>(x); }

inline float add(float a, float b) { return ((Lanes)aie::add(lanes(a), lanes(b))).get(0); }

inline float subtract(float a, float b) { return ((Lanes)aie::sub(lanes(a), lanes(b))).get(0); }

inline float multiply(float a, float b) { return product(lanes(a), lanes(b)).get(0); }

// The reciprocal is the bits' estimate, to 0.13, and three steps of Newton's method.
inline float divide(float a, float b) {
    union {
        float value;
        int32_t bits;
    } d = {b};
    d.bits = 0x7EF127EA - d.bits;
    const Lanes divisor = lanes(b);
    Lanes y = lanes(d.value);
    for (int step = 0; step < 3; ++step)
        y = product(y, aie::sub(lanes(2.0f), product(divisor, y)));
    return product(lanes(a), y).get(0);
}

// Below zero, zero, above zero as a is below, equal to, above b.
inline int compare(float a, float b) {
    union {
        float value;
        int32_t bits;
    } x = {a}, y = {b};
    const int32_t p = x.bits < 0 ? INT32_MIN - x.bits : x.bits;
    const int32_t q = y.bits < 0 ? INT32_MIN - y.bits : y.bits;
    return (p > q) - (p < q);
}

} // namespace soft

#ifndef __AIE_API_HOST__

extern "C" {

float __addsf3(float a, float b) { return soft::add(a, b); }
float __subsf3(float a, float b) { return soft::subtract(a, b); }
float __mulsf3(float a, float b) { return soft::multiply(a, b); }
float __divsf3(float a, float b) { return soft::divide(a, b); }
int __eqsf2(float a, float b) { return soft::compare(a, b); }
int __nesf2(float a, float b) { return soft::compare(a, b); }
int __ltsf2(float a, float b) { return soft::compare(a, b); }
int __lesf2(float a, float b) { return soft::compare(a, b); }
int __gtsf2(float a, float b) { return soft::compare(a, b); }
int __gesf2(float a, float b) { return soft::compare(a, b); }

} // extern "C"

#endif
