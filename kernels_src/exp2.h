// The exponential of both attentions and of GELU.
#pragma once

#include <aie_api/aie.hpp>
#include <stdint.h>

// 2^(t / 256) as bf16 for t in Q8, from the exponent's bits and a quadratic for the mantissa, in int16 arithmetic:
// 2^f = 1 + f (0.6565 + 0.3435 f), relative error below 0.2 % before rounding to bf16. 0 below t = -127 * 256.
inline aie::vector<bfloat16, 32> exp2_q8(aie::vector<int16, 32> t) {
    t = aie::max(t, aie::broadcast<int16, 32>(-127 * 256));
    const aie::vector<int16, 32> f = aie::bit_and(t, aie::broadcast<int16, 32>(255));
    aie::vector<int16, 32> slope = aie::mul(f, (int16)88).to_vector<int16>(8);
    slope = aie::add(slope, aie::broadcast<int16, 32>(168));
    const aie::vector<int16, 32> mantissa = aie::mul(f, slope).to_vector<int16>(9);
    aie::vector<int16, 32> bits = aie::downshift(aie::sub(t, f), 1);
    bits = aie::add(bits, aie::add(mantissa, aie::broadcast<int16, 32>(127 * 128)));
    return bits.cast_to<bfloat16>();
}
