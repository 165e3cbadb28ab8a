// Shapes M x K x N of dense matrix products that the real headers have for each core, and their accumulators.

#pragma once

#include "types.hpp"

namespace aie::detail {

struct mmul_shape {
    unsigned a, b;    // bits of an element
    unsigned m, k, n;
    bool asks32, asks64; // accumulators that may be asked for
    unsigned bits32, bits64; // and what the sums are kept in then
};

constexpr mmul_shape narrow_only(unsigned a, unsigned b, unsigned m, unsigned k, unsigned n) { return {a, b, m, k, n, true, false, 32, 0}; }
constexpr mmul_shape wide(unsigned a, unsigned b, unsigned m, unsigned k, unsigned n) { return {a, b, m, k, n, true, true, 64, 64}; }

#if __AIE_ARCH__ == 21

// detail/aie2p/mmul_*.hpp of the real headers.
inline constexpr mmul_shape mmul_shapes[] = {
    narrow_only(8, 8, 2, 8, 8),  narrow_only(8, 8, 4, 8, 8),   narrow_only(8, 8, 4, 16, 8), narrow_only(8, 8, 8, 8, 8),
    narrow_only(16, 8, 4, 4, 8), narrow_only(16, 8, 8, 4, 8),  wide(16, 8, 4, 8, 8),
    narrow_only(8, 16, 8, 2, 8), {8, 16, 4, 4, 8, true, false, 64, 0},
    narrow_only(16, 16, 4, 2, 8), narrow_only(16, 16, 8, 2, 8), narrow_only(16, 16, 8, 1, 8),
    wide(16, 16, 2, 4, 8), wide(16, 16, 4, 4, 8),
    {16, 32, 4, 4, 8, false, true, 0, 64},
    {32, 16, 4, 2, 8, false, true, 0, 64}, {32, 16, 2, 4, 8, false, true, 0, 64}, {32, 16, 4, 4, 8, false, true, 0, 64}, {32, 16, 4, 1, 8, false, true, 0, 64},
    {32, 32, 4, 2, 8, false, true, 0, 64}, {32, 32, 4, 4, 8, false, true, 0, 64}, {32, 32, 4, 4, 4, false, true, 0, 64}, {32, 32, 8, 2, 8, false, true, 0, 64},
    {32, 32, 4, 1, 8, false, true, 0, 64}};

#else

constexpr mmul_shape either(unsigned a, unsigned b, unsigned m, unsigned k, unsigned n) { return {a, b, m, k, n, true, true, 32, 64}; }

// detail/aie2/mmul_*.hpp of the real headers.
inline constexpr mmul_shape mmul_shapes[] = {
    either(8, 8, 4, 8, 4),        either(8, 8, 4, 16, 4),       either(8, 8, 8, 8, 4),        narrow_only(8, 8, 2, 8, 8),
    narrow_only(8, 8, 4, 8, 8),   narrow_only(8, 8, 8, 8, 8),   narrow_only(8, 8, 1, 16, 8),  narrow_only(8, 8, 2, 16, 8),
    narrow_only(8, 8, 4, 16, 8),  wide(16, 8, 4, 8, 4),         narrow_only(16, 8, 4, 4, 8),  narrow_only(16, 8, 8, 4, 4),
    narrow_only(16, 8, 8, 4, 8),  narrow_only(16, 8, 4, 4, 4),  wide(16, 8, 2, 8, 8),         wide(8, 16, 4, 4, 8),
    wide(8, 16, 4, 4, 4),         narrow_only(16, 16, 4, 2, 8), narrow_only(16, 16, 8, 2, 8), narrow_only(16, 16, 8, 1, 8),
    wide(16, 16, 2, 4, 8),        wide(16, 16, 4, 4, 8),        wide(16, 16, 4, 4, 4),        wide(32, 16, 4, 2, 4),
    wide(32, 16, 4, 4, 4),        wide(32, 16, 2, 4, 8),        wide(32, 16, 4, 4, 8),        wide(32, 16, 4, 1, 8),
    wide(16, 32, 4, 4, 4),        wide(16, 32, 2, 4, 8),        wide(32, 32, 4, 2, 4),        wide(32, 32, 4, 4, 4),
    wide(32, 32, 8, 2, 4),        wide(32, 32, 4, 1, 8)};

#endif

// bfloat16 and float: the same on both cores.
constexpr bool is_float_shape(unsigned bits, unsigned m, unsigned k, unsigned n)
{
    if (bits == 16)
        return (k == 8 && (m == 4 || m == 8) && (n == 4 || n == 8)) || (m == 8 && k == 1 && n == 8);
    return m == 4 && ((k == 8 && n == 4) || (k == 1 && (n == 4 || n == 8)));
}

// Accumulator bits of a shape for operands of A and B bits where `wanted` were asked for, 0 where there is no such product.
constexpr unsigned mmul_accum_bits(unsigned a, unsigned b, bool fp, unsigned m, unsigned k, unsigned n, unsigned wanted)
{
    if (fp)
        return is_float_shape(a, m, k, n) && wanted <= 32 ? 32 : 0;
    for (const mmul_shape &s : mmul_shapes)
        if (s.a == a && s.b == b && s.m == m && s.k == k && s.n == n) {
            if (wanted <= 32)
                return s.asks32 ? s.bits32 : 0;
            return s.asks64 ? s.bits64 : 0;
        }
    return 0;
}

template <typename Tag, typename A, typename B>
constexpr unsigned wanted_bits()
{
    if constexpr (std::is_same_v<Tag, accauto>)
        return sizeof(accum_lane_t<default_accum_tag_t<A, B>>) * 8;
    else
        return sizeof(accum_lane_t<Tag>) * 8;
}

} // namespace aie::detail
