// Products of floats, which AIE2 makes of bf16 pieces.
#pragma once

#include <aie_api/aie.hpp>

// Of a function that is called from several places or long: one copy in a core's program of 16 KB. The host has room.
#ifdef __AIE_API_HOST__
#define ONE_COPY inline
#else
#define ONE_COPY inline __attribute__((noinline))
#endif

// Whether there may be copies of long code for special cases. Where operations are counted they are the array's.
#if defined(__AIE_API_HOST__) && !defined(AIEBUILD_COUNT)
#define ROOM_FOR_COPIES
#endif

// Some 30 instructions on AIE2.
ONE_COPY aie::vector<float, 16> product(aie::vector<float, 16> a, aie::vector<float, 16> b) {
    return aie::mul(a, b).to_vector<float>();
}
