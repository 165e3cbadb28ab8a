// Products of floats, which AIE2 makes of bf16 pieces.
#pragma once

#include <aie_api/aie.hpp>

// Of a function that is called from several places or long: one copy in a core's program of 16 KB. The host has room.
#ifdef __AIE_API_HOST__
#define ONE_COPY inline
#else
#define ONE_COPY inline __attribute__((noinline))
#endif

#define NOT_UNROLLED _Pragma("clang loop unroll(disable)")

// Whether there may be copies of long code for special cases. Where operations are counted they are the array's.
#if defined(__AIE_API_HOST__) && !defined(AIEBUILD_COUNT)
#define ROOM_FOR_COPIES
#endif

// Whether more memory may be used than a core has.
#if defined(ROOM_FOR_COPIES) && defined(AIEBUILD_UNLIMITED)
#define UNLIMITED
#endif

// Some 30 instructions on AIE2.
ONE_COPY aie::vector<float, 16> product(aie::vector<float, 16> a, aie::vector<float, 16> b) {
    return aie::mul(a, b).to_vector<float>();
}

// 1 / x of normal numbers, to two units in the last place: the bits' estimate, to 0.13, and three steps of Newton's method.
inline aie::vector<float, 16> newton_reciprocal(const aie::vector<float, 16> &x) {
    aie::vector<float, 16> y = aie::sub(aie::broadcast<int32, 16>(0x7EF127EA), x.cast_to<int32>()).cast_to<float>();
    NOT_UNROLLED
    for (int step = 0; step < 3; ++step)
        y = product(y, aie::sub(aie::broadcast<float, 16>(2.0f), product(x, y)));
    return y;
}

// The same; the host divides, unless slots are counted.
ONE_COPY aie::vector<float, 16> reciprocal(aie::vector<float, 16> x) {
#if defined(__AIE_API_HOST__) && !defined(AIEBUILD_SLOTS)
    for (unsigned i = 0; i < 16; ++i)
        x.set(aie::inv(x.get(i)), i);
    return x;
#else
    return newton_reciprocal(x);
#endif
}
