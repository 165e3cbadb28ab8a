// Shift-round-saturate (accumulator to vector), upshift (vector to accumulator) and bfloat16 conversions.
//
// Rules.
//  srs: q = round(acc * 2^-shift) in the core's rounding mode, exact; then by saturation mode none: q modulo 2^bits,
//       saturate: clamp to [min, max] of the result type, symmetric: clamp to [-max, max] (signed types).
//       shift < 0 shifts left (the lane wraps).
//  ups: v * 2^shift, the lane wraps; shift < 0 shifts right (floor).
//  float -> bfloat16: the modes are applied to the binary32 value as their names say: floor is towards minus infinity (as
//       measured on npu1, https://github.com/Xilinx/mlir-aie/pull/3587). Overflow gives infinity, NaN stays NaN. Denormal
//       numbers become zero of their sign: the array's floating point has none (AM020, Floating-Point Vector Unit).

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

// Any mode, 1 <= shift < bits: out of line, as kernels use one or two of the modes.
template <typename L, unsigned N>
AIEBUILD_COLD storage<L, N> round_shift_other(storage<L, N> v, int shift, rounding_mode mode)
{
    using U = std::make_unsigned_t<L>;
    using VL = typename storage<L, N>::part_t;
    constexpr int bits = sizeof(L) * 8;
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
    if (mode == rounding_mode::conv_even) {
        const L half = static_cast<L>(U{1} << (shift - 1));
        return map_parts<L>(
            [&](VL x) AIEBUILD_LAMBDA {
                const VL q = x >> shift;
                const VL r = x & mask;
                const VL t = half - (q & 1);
#if defined(AIEBUILD_AVX512)
                if constexpr (sizeof(VL) == 64 && sizeof(L) == 4)
                    return reinterpret_cast<VL>(
                        _mm512_mask_sub_epi32(reinterpret_cast<__m512i>(q), _mm512_cmpgt_epi32_mask(reinterpret_cast<__m512i>(r), reinterpret_cast<__m512i>(t)),
                                              reinterpret_cast<__m512i>(q), _mm512_set1_epi32(-1)));
                if constexpr (sizeof(VL) == 64 && sizeof(L) == 2)
                    return reinterpret_cast<VL>(
                        _mm512_mask_sub_epi16(reinterpret_cast<__m512i>(q), _mm512_cmpgt_epi16_mask(reinterpret_cast<__m512i>(r), reinterpret_cast<__m512i>(t)),
                                              reinterpret_cast<__m512i>(q), _mm512_set1_epi16(-1)));
#endif
                return q - reinterpret_cast<VL>(r > t);
            },
            v);
    }
    return round_shift_other(v, shift, mode);
}

template <typename T, typename L, unsigned N>
AIEBUILD_INLINE storage<T, N> srs(const storage<L, N> &v, int shift, rounding_mode rounding, saturation_mode saturation)
{
    static_assert(std::is_integral_v<T>);
    using V = typename storage<L, N>::part_t;
    auto q = round_shift(v, shift, rounding);
#if defined(AIEBUILD_AVX512)
    if constexpr (sizeof(L) == 4 && sizeof(T) == 2 && N >= 32) {
        // vpackssdw and vpackusdw clamp; their order within quarters is undone by one permutation
        if (saturation != saturation_mode::none) {
            storage<T, N> r;
            unroll<storage<T, N>::parts>([&](auto i) AIEBUILD_LAMBDA {
                const auto low = reinterpret_cast<__m512i>(q.p[2 * i]), high = reinterpret_cast<__m512i>(q.p[2 * i + 1]);
                auto x = std::is_signed_v<T> ? _mm512_packs_epi32(low, high) : _mm512_packus_epi32(low, high);
                if (std::is_signed_v<T> && saturation == saturation_mode::symmetric)
                    x = _mm512_max_epi16(x, _mm512_set1_epi16(-32767));
                r.p[i] = reinterpret_cast<typename storage<T, N>::part_t>(
                    _mm512_permutexvar_epi64(_mm512_set_epi64(7, 5, 3, 1, 6, 4, 2, 0), x));
            });
            return r;
        }
        return convert<T>(q);
    }
#elif defined(__AVX2__)
    if constexpr (sizeof(L) == 4 && sizeof(T) == 2 && N >= 16) {
        if (saturation != saturation_mode::none) {
            storage<T, N> r;
            unroll<storage<T, N>::parts>([&](auto i) AIEBUILD_LAMBDA {
                const auto low = reinterpret_cast<__m256i>(q.p[2 * i]), high = reinterpret_cast<__m256i>(q.p[2 * i + 1]);
                auto x = std::is_signed_v<T> ? _mm256_packs_epi32(low, high) : _mm256_packus_epi32(low, high);
                if (std::is_signed_v<T> && saturation == saturation_mode::symmetric)
                    x = _mm256_max_epi16(x, _mm256_set1_epi16(-32767));
                r.p[i] = reinterpret_cast<typename storage<T, N>::part_t>(_mm256_permute4x64_epi64(x, 0xd8));
            });
            return r;
        }
        return convert<T>(q);
    }
#endif
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
#if defined(AIEBUILD_AVX512)
    if constexpr (N >= 32) {
        // words to the upper halves of lanes in one step
        storage<float, N> r;
        unroll<storage<float, N>::parts>([&](auto i) AIEBUILD_LAMBDA {
            using W = simd_t<uint16, 32>;
            constexpr int from = decltype(i)::value % 2 * 16;
            const W half = v.p[i / 2];
            const W x = [&]<int... I>(std::integer_sequence<int, I...>) AIEBUILD_LAMBDA {
                if (__builtin_constant_p(half[0])) // folded where an intrinsic is not
                    return __builtin_shufflevector(W{}, half, (I % 2 ? 32 + from + I / 2 : I)...);
                const auto index = reinterpret_cast<__m512i>(simd_t<int16, 32>{static_cast<int16>(from + I / 2)...});
                return reinterpret_cast<W>(_mm512_maskz_permutexvar_epi16(0xaaaaaaaau, index, reinterpret_cast<__m512i>(half)));
            }(std::make_integer_sequence<int, 32>{});
            r.p[i] = reinterpret_cast<typename storage<float, N>::part_t>(x);
        });
        return r;
    }
    else
#endif
        return map_parts<float>([](auto x) AIEBUILD_LAMBDA { return x << 16; }, convert<uint32>(v));
}

// Upper halves of the lanes.
template <unsigned N>
AIEBUILD_INLINE storage<uint16, N> high_halves(const storage<uint32, N> &v)
{
#if defined(AIEBUILD_AVX512)
    if constexpr (N >= 32) {
        storage<uint16, N> r;
        unroll<storage<uint16, N>::parts>([&](auto i) AIEBUILD_LAMBDA {
            using W = simd_t<uint16, 32>;
            r.p[i] = [&]<int... I>(std::integer_sequence<int, I...>) AIEBUILD_LAMBDA {
                return __builtin_shufflevector(reinterpret_cast<W>(v.p[2 * i]), reinterpret_cast<W>(v.p[2 * i + 1]), (2 * I + 1)...);
            }(std::make_integer_sequence<int, 32>{});
        });
        return r;
    }
#endif
    return convert<uint16>(map_parts<uint32>([](auto x) AIEBUILD_LAMBDA { return x >> 16; }, v));
}

// `sum`: the bits of a float to those of which the upper half is the result.
template <unsigned N, typename Sum>
AIEBUILD_INLINE storage<uint16, N> float_to_bf16_nearest(const storage<float, N> &v, Sum sum)
{
    using VU = typename storage<uint32, N>::part_t;
    using VI = typename storage<int32, N>::part_t;
    return high_halves(map_parts<uint32>(
        [&](VU x) AIEBUILD_LAMBDA {
            const VU nan = reinterpret_cast<VU>(reinterpret_cast<VI>(x & 0x7fffffffu) > 0x7f800000);
            const VU denormal = reinterpret_cast<VU>((x & 0x7f800000u) == 0u);
            return (((sum(x) & ~nan) | ((x | 0x400000u) & nan)) & ~denormal) | (x & 0x80000000u);
        },
        bitcast<uint32>(v)));
}

template <unsigned N>
AIEBUILD_INLINE storage<uint16, N> float_to_bf16_even(const storage<float, N> &v)
{
#if defined(AIEBUILD_BF16)
    // flushes denormals and keeps NaN as the rules above ask
    if constexpr (N >= 32) {
        storage<uint16, N> r;
        unroll<storage<uint16, N>::parts>([&](auto i) AIEBUILD_LAMBDA {
            r.p[i] = reinterpret_cast<simd_t<uint16, 32>>(
                _mm512_cvtne2ps_pbh(reinterpret_cast<__m512>(v.p[2 * i + 1]), reinterpret_cast<__m512>(v.p[2 * i])));
        });
        return r;
    }
    if constexpr (N == 16) {
        storage<uint16, N> r;
        r.p[0] = reinterpret_cast<simd_t<uint16, 16>>(_mm512_cvtneps_pbh(reinterpret_cast<__m512>(v.p[0])));
        return r;
    }
    if constexpr (N == 8) {
        storage<uint16, N> r;
        r.p[0] = reinterpret_cast<simd_t<uint16, 8>>(_mm256_cvtneps_pbh(reinterpret_cast<__m256>(v.p[0])));
        return r;
    }
#endif
    return float_to_bf16_nearest(v, [](auto x) AIEBUILD_LAMBDA { return x + 0x7fffu + ((x >> 16) & 1u); });
}

template <unsigned N>
AIEBUILD_COLD storage<uint16, N> float_to_bf16_other(storage<float, N> v, rounding_mode mode)
{
    using VU = typename storage<uint32, N>::part_t;
    using VI = typename storage<int32, N>::part_t;
    // Thresholds are those of the magnitude: directions of the value turn round for negative ones.
    auto c = rounding_thresholds<int32>::of(mode, 0xffff, 0x8000);
    switch (mode) {
    case rounding_mode::floor: c = {0xffff, -0xffff, 0}; break;
    case rounding_mode::ceil: c = {0, 0xffff, 0}; break;
    case rounding_mode::symmetric_floor: c = {0xffff, 0, 0}; break;
    case rounding_mode::symmetric_ceil: c = {0, 0, 0}; break;
    case rounding_mode::positive_inf: c = {0x7fff, 1, 0}; break;
    case rounding_mode::negative_inf: c = {0x8000, -1, 0}; break;
    case rounding_mode::symmetric_inf: c = {0x7fff, 0, 0}; break;
    case rounding_mode::symmetric_zero: c = {0x8000, 0, 0}; break;
    default: break;
    }
    return high_halves(map_parts<uint32>(
        [&](VU x) AIEBUILD_LAMBDA {
            const VI i = reinterpret_cast<VI>(x);
            const VI r = i & 0xffff;
            const VI t = c.c0 + ((i >> 31) & c.c1) + (-((i >> 16) & 1) & c.c2);
            const VU up = reinterpret_cast<VU>(r > t) & 0x10000u;
            const VU special = reinterpret_cast<VU>((i & 0x7fffffff) >= 0x7f800000);
            const VU nan = reinterpret_cast<VU>((i & 0x7fffffff) > 0x7f800000);
            const VU denormal = reinterpret_cast<VU>((i & 0x7f800000) == 0);
            return (((x + (up & ~special)) | (nan & 0x400000u)) & ~denormal) | (x & 0x80000000u);
        },
        bitcast<uint32>(v)));
}

template <unsigned N>
AIEBUILD_INLINE storage<uint16, N> float_to_bf16(const storage<float, N> &v, rounding_mode mode)
{
    if (__builtin_expect(mode == rounding_mode::conv_even, 1))
        return float_to_bf16_even(v);
    if (mode == rounding_mode::positive_inf) // ties up: a negative one's magnitude goes down
        return float_to_bf16_nearest(v, [](auto x) AIEBUILD_LAMBDA { return x + 0x8000u - (x >> 31); });
    return float_to_bf16_other(v, mode);
}

} // namespace aie::detail
