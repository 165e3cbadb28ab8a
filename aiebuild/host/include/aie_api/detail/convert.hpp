// Shift-round-saturate (accumulator to vector), upshift (vector to accumulator) and bfloat16 conversions.
//
// Rules.
//  srs: q = round(acc * 2^-shift) in the core's rounding mode, exact; then by saturation mode none: q modulo 2^bits,
//       saturate: clamp to [min, max] of the result type, symmetric: clamp to [-max, max] (signed types).
//       shift < 0 shifts left (the lane wraps).
//  ups: v * 2^shift, the lane wraps; shift < 0 shifts right (floor).
//  float -> bfloat16: on the magnitude and sign of the binary32 value. floor drops the lower 16 bits (towards zero, which
//       is what the array's default does), the other modes as their names say; overflow gives infinity; NaN stays NaN;
//       denormals are kept. vcvtneps2bf16 is not used: it flushes denormals.

#pragma once

#include "state.hpp"
#include "storage.hpp"

namespace aie::detail {

// A value is incremented when remainder > c0 + (negative ? c1 : 0) + (odd quotient ? c2 : 0).
template <typename L>
struct rounding_thresholds {
    L c0, c1, c2;

    static AIEBUILD_INLINE rounding_thresholds of(rounding_mode mode, L mask, L half)
    {
        switch (mode) {
        case rounding_mode::ceil: return {0, 0, 0};
        case rounding_mode::symmetric_floor: return {mask, static_cast<L>(-mask), 0};
        case rounding_mode::symmetric_ceil: return {0, mask, 0};
        case rounding_mode::negative_inf: return {half, 0, 0};
        case rounding_mode::positive_inf: return {static_cast<L>(half - 1), 0, 0};
        case rounding_mode::symmetric_zero: return {half, -1, 0};
        case rounding_mode::symmetric_inf: return {static_cast<L>(half - 1), 1, 0};
        case rounding_mode::conv_even: return {half, 0, -1};
        case rounding_mode::conv_odd: return {static_cast<L>(half - 1), 0, 1};
        default: return {mask, 0, 0};
        }
    }
};

template <typename L, unsigned N>
AIEBUILD_INLINE storage<L, N> round_shift(const storage<L, N> &v, int shift, rounding_mode mode)
{
    using U = std::make_unsigned_t<L>;
    using VU = typename storage<U, N>::part_t;
    using VL = typename storage<L, N>::part_t;
    constexpr int bits = sizeof(L) * 8;
    if (shift == 0)
        return v;
    if (shift < 0)
        return map_parts<L>([&](auto x) AIEBUILD_LAMBDA { return reinterpret_cast<VU>(x) << -shift; }, v);
    if (mode == rounding_mode::floor)
        return map_parts<L>([&](auto x) AIEBUILD_LAMBDA { return x >> (shift < bits ? shift : bits - 1); }, v);
    if constexpr (bits == 32) {
        if (shift >= 31)
            return convert<int32>(round_shift(convert<int64>(v), shift, mode));
    }
    if (mode == rounding_mode::positive_inf)
        return map_parts<L>([&](auto x) AIEBUILD_LAMBDA { return (x >> shift) + ((x >> (shift - 1)) & 1); }, v);
    const L mask = static_cast<L>((U{1} << shift) - 1);
    const auto c = rounding_thresholds<L>::of(mode, mask, static_cast<L>(U{1} << (shift - 1)));
    return map_parts<L>(
        [&](VL x) AIEBUILD_LAMBDA {
            const VL q = x >> shift;
            const VL r = x & mask;
            const VL t = c.c0 + ((x >> (bits - 1)) & c.c1) + (-(q & 1) & c.c2);
            return q - reinterpret_cast<VL>(r > t);
        },
        v);
}

template <typename T, typename L, unsigned N>
AIEBUILD_INLINE storage<T, N> srs(const storage<L, N> &v, int shift, rounding_mode rounding, saturation_mode saturation)
{
    static_assert(std::is_integral_v<T>);
    using V = typename storage<L, N>::part_t;
    auto q = round_shift(v, shift, rounding);
    if constexpr (sizeof(T) < sizeof(L) || !std::is_signed_v<T>) {
        if (saturation != saturation_mode::none) {
            using limits = std::conditional_t<(sizeof(T) < 8), int64, T>;
            constexpr unsigned bits = sizeof(T) * 8;
            constexpr limits max = std::is_signed_v<T> ? (limits{1} << (bits - 1)) - 1 : (limits{1} << bits) - 1;
            const limits low = !std::is_signed_v<T> ? 0 : saturation == saturation_mode::symmetric ? -max : -max - 1;
            q = map_parts<L>(
                [&](V x) AIEBUILD_LAMBDA {
                    const V lo = V{} + static_cast<L>(low);
                    x = x < lo ? lo : x;
                    if constexpr (sizeof(T) < sizeof(L)) {
                        const V hi = V{} + static_cast<L>(max);
                        x = x > hi ? hi : x;
                    }
                    return x;
                },
                q);
        }
    }
    else if (saturation == saturation_mode::symmetric) {
        constexpr L low = static_cast<L>((std::make_unsigned_t<L>{1} << (sizeof(L) * 8 - 1)) + 1);
        q = map_parts<L>([&](V x) AIEBUILD_LAMBDA { return x < low ? V{} + low : x; }, q);
    }
    return convert<T>(q);
}

template <typename L, typename T, unsigned N>
AIEBUILD_INLINE storage<L, N> ups(const storage<T, N> &v, int shift)
{
    auto wide = convert<L>(v);
    if (shift == 0)
        return wide;
    using VU = typename storage<std::make_unsigned_t<L>, N>::part_t;
    if (shift < 0)
        return map_parts<L>([&](auto x) AIEBUILD_LAMBDA { return x >> -shift; }, wide);
    return map_parts<L>([&](auto x) AIEBUILD_LAMBDA { return reinterpret_cast<VU>(x) << shift; }, wide);
}

template <unsigned N>
AIEBUILD_INLINE storage<float, N> bf16_to_float(const storage<uint16, N> &v)
{
    return map_parts<float>([](auto x) AIEBUILD_LAMBDA { return x << 16; }, convert<uint32>(v));
}

template <unsigned N>
AIEBUILD_INLINE storage<uint16, N> float_to_bf16(const storage<float, N> &v, rounding_mode mode)
{
    using VU = typename storage<uint32, N>::part_t;
    using VI = typename storage<int32, N>::part_t;
    const auto u = bitcast<uint32>(v);
    if (mode == rounding_mode::floor || mode == rounding_mode::symmetric_floor)
        return convert<uint16>(map_parts<uint32>([](VU x) AIEBUILD_LAMBDA { return x >> 16; }, u));
    if (mode == rounding_mode::conv_even)
        return convert<uint16>(map_parts<uint32>(
            [](VU x) AIEBUILD_LAMBDA {
                const VU q = (x + 0x7fffu + ((x >> 16) & 1u)) >> 16;
                const VU nan = reinterpret_cast<VU>(reinterpret_cast<VI>(x & 0x7fffffffu) > 0x7f800000);
                return (q & ~nan) | (((x >> 16) | 0x40u) & nan);
            },
            u));
    // Thresholds are those of the magnitude: directions of the value turn round for negative ones.
    auto c = rounding_thresholds<int32>::of(mode, 0xffff, 0x8000);
    if (mode == rounding_mode::ceil)
        c = {0, 0xffff, 0};
    else if (mode == rounding_mode::symmetric_ceil)
        c = {0, 0, 0};
    else if (mode == rounding_mode::positive_inf)
        c = {0x7fff, 1, 0};
    else if (mode == rounding_mode::negative_inf)
        c = {0x8000, -1, 0};
    else if (mode == rounding_mode::symmetric_inf)
        c = {0x7fff, 0, 0};
    else if (mode == rounding_mode::symmetric_zero)
        c = {0x8000, 0, 0};
    return convert<uint16>(map_parts<uint32>(
        [&](VU x) AIEBUILD_LAMBDA {
            const VI i = reinterpret_cast<VI>(x);
            const VU q = x >> 16;
            const VI r = i & 0xffff;
            const VI t = c.c0 + ((i >> 31) & c.c1) + (-reinterpret_cast<VI>(q & 1u) & c.c2);
            const VU special = reinterpret_cast<VU>((i & 0x7fffffff) >= 0x7f800000);
            const VU nan = reinterpret_cast<VU>((i & 0x7fffffff) > 0x7f800000);
            return (q - (reinterpret_cast<VU>(r > t) & ~special)) | (nan & 0x40u);
        },
        u));
}

} // namespace aie::detail
