// The exponential of both attentions and of GELU.
#pragma once

#include <aie_api/aie.hpp>
#include <stdint.h>

// 2^(t / 256) as bf16 for t in Q8, from the exponent's bits and a quadratic for the mantissa, in int16 arithmetic:
// 2^f = 1 + f - 0.34375 f (1 - f), relative error below 0.35 %; t / 2 puts whole part and f where bf16 has exponent and
// mantissa. 0 below t = -127 * 256.
inline aie::vector<bfloat16, 32> exp2_q8(aie::vector<int16, 32> t) {
    t = aie::max(t, aie::broadcast<int16, 32>(-127 * 256));
    const aie::vector<int16, 32> f = aie::bit_and(t, aie::broadcast<int16, 32>(255));
    const aie::vector<int16, 32> rest = aie::sub(aie::broadcast<int16, 32>(256), f);
    const aie::vector<int16, 32> bend =
        aie::add(rest, aie::add(aie::downshift(rest, 2), aie::downshift(rest, 3))); // 1.375 (1 - f)
    // (t - f 1.375 (1 - f) / 4) / 2 in one rounding
    aie::accum<acc32, 32> sum(t, 10);
    sum = aie::msc(sum, f, bend);
    return aie::add(sum.to_vector<int16>(11), aie::broadcast<int16, 32>(127 * 128)).cast_to<bfloat16>();
}
