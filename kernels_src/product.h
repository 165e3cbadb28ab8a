// Products of floats, which AIE2 makes of bf16 pieces.
#pragma once

#include <aie_api/aie.hpp>

// Of a function that is called from several places or long: one copy in a core's program of 16 KB. The host has room.
#ifdef __AIE_API_HOST__
#define ONE_COPY inline
#else
#define ONE_COPY inline __attribute__((noinline))
#endif

// Some 30 instructions on AIE2.
ONE_COPY aie::vector<float, 16> product(aie::vector<float, 16> a, aie::vector<float, 16> b) {
    return aie::mul(a, b).to_vector<float>();
}
