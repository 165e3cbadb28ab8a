// Conversions between fixed and floating point, reciprocal and reciprocal square root, as the real AIE2 headers compute them.
//
//  to_float(v, shift)          v * 2^-shift; integers of 32 bits round to nearest even in fp32; a bfloat16 result is then
//                              converted in the core's rounding mode.
//  to_fixed<T>(float, shift)   v * 2^shift to nearest even, always saturated to T (the magic-number addition of the header,
//                              which sets saturation itself); the core's modes have no part in it. NaN gives 0. On AIE2
//                              int16 and int8 come out as the maximum where v * 2^shift is below -8.45 million.
//  to_fixed<T>(bfloat16)       T int16 or int32: floor(v * 2^shift) (the vfloor instruction), int32 saturates and int16 takes
//                              the lower half of the int32 result, unsaturated; other T as for float.
//  inv, invsqrt                the header's polynomials, in fp32 for float (there emulated from bfloat16 pieces) and with the
//                              intermediate bfloat16 conversions, in the core's rounding mode, for bfloat16.
//  AIE2P                       inv and invsqrt of floats are its scalar unit's, lane by lane: here 1 / x and 1 / sqrt(x), each
//                              rounded to nearest even. tanh and exp2 of floats are instructions that give bfloat16, how
//                              close is not documented: here the exact value to nearest even.
//  sqrt                        AIE2 has none; of a scalar float invsqrt and sqrt would call sqrtf, which is not there.

#pragma once

#include "compare.hpp"

namespace aie {

namespace detail {

// 2^n for |n| <= 126
AIEBUILD_INLINE float pow2f(int n)
{
    return std::bit_cast<float>(static_cast<uint32>(127 + n) << 23);
}

template <unsigned N>
AIEBUILD_INLINE storage<float, N> scale_pow2(const storage<float, N> &v, int n)
{
    return n == 0 ? v : mul_lanes(v, splat<float, N>(pow2f(n)));
}

// Nearest even integer of each lane as int32; out of range in the host's own way.
template <typename VI, typename VF>
AIEBUILD_INLINE VI nearest_part(VF x)
{
#if defined(AIEBUILD_AVX512)
    if constexpr (sizeof(VF) == 64)
        return reinterpret_cast<VI>(
            _mm512_cvt_roundps_epi32(reinterpret_cast<__m512>(x), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
    else
#endif
#if defined(__AVX2__)
    if constexpr (sizeof(VF) == 32)
        return reinterpret_cast<VI>(_mm256_cvtps_epi32(reinterpret_cast<__m256>(x)));
    else
#endif
#if defined(__SSE2__)
        return reinterpret_cast<VI>(_mm_cvtps_epi32(reinterpret_cast<__m128>(x)));
#elif defined(__ARM_NEON) && defined(__aarch64__)
        return reinterpret_cast<VI>(vcvtnq_s32_f32(reinterpret_cast<float32x4_t>(x)));
#else
    {
        VI r{};
        for (unsigned k = 0; k < sizeof(VF) / 4; ++k)
            r[k] = static_cast<int32>(__builtin_lrintf(x[k]));
        return r;
    }
#endif
}

// Nearest even integer of v as int32, saturated; NaN gives 0.
template <unsigned N>
AIEBUILD_INLINE storage<int32, N> nearest_int32(const storage<float, N> &v)
{
    using VI = typename storage<int32, N>::part_t;
    using VF = typename storage<float, N>::part_t;
    return map_parts<int32>(
        [](VF x) AIEBUILD_LAMBDA {
            const VI big = x >= 2147483648.0f;
            const VI nan = x != x;
#if defined(__SSE2__)
            // out of range is -2^31 here, its complement 2^31 - 1
            return (nearest_part<VI, VF>(x) ^ big) & ~nan;
#else
            const VI small = x < -2147483648.0f;
            const VI in = nearest_part<VI, VF>(reinterpret_cast<VF>(reinterpret_cast<VI>(x) & ~(big | small | nan)));
            return in | (big & 2147483647) | (small & (-2147483647 - 1));
#endif
        },
        v);
}

// floor(v) as int32, saturated; NaN gives 0.
template <unsigned N>
AIEBUILD_INLINE storage<int32, N> floor_int32(const storage<float, N> &v)
{
    using VI = typename storage<int32, N>::part_t;
    using VF = typename storage<float, N>::part_t;
    return map_parts<int32>(
        [](VF x) AIEBUILD_LAMBDA {
#if defined(AIEBUILD_AVX512)
            if constexpr (sizeof(VF) == 64) {
                const auto f = reinterpret_cast<__m512>(x);
                const auto i = reinterpret_cast<VI>(_mm512_cvt_roundps_epi32(f, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC));
                const VI big = x >= 2147483648.0f;
                const VI nan = x != x;
                return ((i ^ big) & ~nan);
            }
#endif
            const VI over = x >= 2147483648.0f;
            const VI under = x < -2147483648.0f;
            const VI nan = x != x;
            const VI out = over | under | nan;
            const VF in = reinterpret_cast<VF>(reinterpret_cast<VI>(x) & ~out);
            VI i = __builtin_convertvector(in, VI);
            i += __builtin_convertvector(i, VF) > in;
            return (i & ~out) | (over & 2147483647) | (under & (-2147483647 - 1));
        },
        v);
}

template <typename T, unsigned N>
AIEBUILD_INLINE storage<T, N> nearest_saturated(const storage<float, N> &v)
{
    if constexpr (std::is_same_v<T, uint32>) {
        // as the header: the signed result, negative values give 0
        return srs<T>(convert<int64>(nearest_int32(v)), 0, rounding_mode::floor, saturation_mode::saturate);
    }
    else
        return srs<T>(nearest_int32(v), 0, rounding_mode::floor, saturation_mode::saturate);
}

// bfloat16 of each lane in the core's rounding mode, as lanes again.
template <unsigned N>
AIEBUILD_INLINE storage<float, N> through_bf16(const storage<float, N> &v)
{
    return bf16_to_float(float_to_bf16(v, core_state.rounding));
}

} // namespace detail

template <typename TR = float, Vector V>
AIEBUILD_INLINE auto to_float(const V &v, int shift = 0) -> vector<TR, detail::size_of<V>>
{
    static_assert(detail::vector_of<V>::is_integral() && detail::is_floating_point_v<TR>);
    constexpr unsigned N = detail::size_of<V>;
    detail::count_vector(N);
    detail::slot_to_float<sizeof(detail::elem_of<V>)>(N);
    const auto f = detail::scale_pow2(detail::convert<float>(detail::convert<int32>(detail::as_vector(v).to_native())), -shift);
    if constexpr (std::is_same_v<TR, float>)
        return f;
    else
        return detail::to_bf16(f);
}
// acc32: to nearest even of acc * 2^-shift. acc64: the four 16-bit pieces added from the top, each sum rounded.
template <typename TR = float, Accum A>
AIEBUILD_INLINE auto to_float(const A &acc, int shift = 0) -> vector<TR, A::size()>
{
    static_assert(std::is_same_v<TR, float> && !A::is_floating_point());
    constexpr unsigned N = A::size();
    detail::count_vector(N);
    detail::slot_to_float<A::accum_bits() / 8>(N);
    if constexpr (A::accum_bits() == 32)
        return detail::scale_pow2(detail::convert<float>(acc.to_native()), -shift);
    else {
        auto piece = [&](int at) AIEBUILD_LAMBDA {
            auto x = detail::map_parts<int64>([&](auto p) AIEBUILD_LAMBDA { return at == 48 ? p >> 48 : (p >> at) & 0xffff; }, acc.to_native());
            return detail::scale_pow2(detail::convert<float>(detail::convert<int32>(x)), at - shift);
        };
        auto r = detail::add_lanes(piece(48), piece(32));
        r = detail::add_lanes(r, piece(16));
        return detail::add_lanes(r, piece(0));
    }
}
template <typename TR = float>
AIEBUILD_INLINE TR to_float(int a, int shift = 0)
{
    return static_cast<TR>(static_cast<float>(a) * detail::pow2f(-shift));
}

template <typename TR = int32, unsigned N>
AIEBUILD_INLINE auto to_fixed(const vector<float, N> &v, int shift = 0) -> vector<TR, N>
{
    static_assert(!detail::is_floating_point_v<TR>);
    detail::count_vector(N);
    detail::slot_to_fixed<sizeof(TR)>(N);
    return detail::nearest_saturated<TR>(detail::scale_pow2(v.to_native(), shift));
}
template <typename TR = int32, unsigned N>
AIEBUILD_INLINE auto to_fixed(const vector<bfloat16, N> &v, int shift = 0) -> vector<TR, N>
{
    static_assert(!detail::is_floating_point_v<TR>);
    detail::count_vector(N);
    detail::slot_narrowed(N * 4);
    detail::slot_mv(detail::slots_for(N, 32));
    const auto f = detail::scale_pow2(detail::bf16_to_float(v.to_native()), shift);
    if constexpr (std::is_same_v<TR, int32>)
        return detail::floor_int32(f);
    else if constexpr (std::is_same_v<TR, int16>)
        return detail::convert<int16>(detail::floor_int32(f));
    else
        return detail::nearest_saturated<TR>(f);
}
template <typename TR = int32>
AIEBUILD_INLINE TR to_fixed(float a, int shift = 0)
{
    return to_fixed<TR>(broadcast<float, 16>(a), shift).get(0);
}

#if __AIE_ARCH__ == 21

namespace detail {

template <unsigned N, typename F>
AIEBUILD_INLINE storage<float, N> each_lane(const storage<float, N> &v, F &&f)
{
    float lanes[N];
    store_storage(lanes, v);
    for (float &lane : lanes)
        lane = f(lane);
    return load_storage<float, N>(lanes);
}

} // namespace detail

template <unsigned N>
AIEBUILD_INLINE auto inv(const vector<float, N> &v) -> vector<float, N>
{
    detail::count_vector(N);
    detail::slot_alu(N);
    detail::slot_mv(2 * N);
    return detail::each_lane(v.to_native(), [](float x) { return 1.0f / x; });
}
template <unsigned N>
AIEBUILD_INLINE auto invsqrt(const vector<float, N> &v) -> vector<float, N>
{
    detail::count_vector(N);
    detail::slot_alu(N);
    detail::slot_mv(2 * N);
    return detail::each_lane(v.to_native(), [](float x) { return 1.0f / std::sqrt(x); });
}

// Instructions of 16 lanes.
template <typename TR = bfloat16, unsigned N>
AIEBUILD_INLINE auto tanh(const vector<float, N> &v) -> vector<TR, N>
{
    static_assert(std::is_same_v<TR, bfloat16>, "tanh: AIE2P gives bfloat16");
    detail::count_vector(N);
    detail::slot_mv(detail::slots_for(N, 16));
    return detail::float_to_bf16_even(detail::each_lane(v.to_native(), [](float x) { return static_cast<float>(std::tanh(static_cast<double>(x))); }));
}
template <typename TR = bfloat16, unsigned N>
AIEBUILD_INLINE auto exp2(const vector<float, N> &v) -> vector<TR, N>
{
    static_assert(std::is_same_v<TR, bfloat16>, "exp2: AIE2P gives bfloat16");
    detail::count_vector(N);
    detail::slot_mv(detail::slots_for(N, 16));
    return detail::float_to_bf16_even(detail::each_lane(v.to_native(), [](float x) { return static_cast<float>(std::exp2(static_cast<double>(x))); }));
}

#else

template <typename TR = bfloat16, Vector V>
void tanh(const V &)
{
    static_assert(detail::always_false<V>, "aie::tanh: AIE2 has no such instruction (AIE2P has)");
}
template <typename TR = bfloat16, Vector V>
void exp2(const V &)
{
    static_assert(detail::always_false<V>, "aie::exp2: AIE2 has no such instruction (AIE2P has)");
}

// Initial guess 0x7eb53567 - bits, then two steps of Newton's method.
template <unsigned N>
AIEBUILD_INLINE auto inv(const vector<float, N> &v) -> vector<float, N>
{
    detail::count_vector(N);
    detail::slot_vec(6 * 13 * detail::slots_for(N, 16));
    detail::slot_narrowed(6 * 6 * 32 * detail::slots_for(N, 16));
    const auto &x = v.to_native();
    const auto guess = detail::map_parts<int32>([](auto p) AIEBUILD_LAMBDA { return 0x7eb53567u - p; }, detail::bitcast<uint32>(x));
    auto y = detail::bitcast<float>(guess);
    auto t = detail::add_lanes(detail::mul_lanes(detail::mul_lanes(x, y), detail::splat<float, N>(-1.0f)), detail::splat<float, N>(1.436142f));
    t = detail::mul_lanes(t, y);
    y = detail::mul_lanes(t, detail::splat<float, N>(-1.9395974f)); // -y
    t = detail::mac_lanes(detail::splat<float, N>(2.0f), y, x);
    return detail::mul_lanes(detail::mul_lanes(y, t), detail::splat<float, N>(-1.0f));
}
// http://rrrola.wz.cz/inv_sqrt.html
template <unsigned N>
AIEBUILD_INLINE auto invsqrt(const vector<float, N> &v) -> vector<float, N>
{
    constexpr float c2 = 0.703952253f, c3 = 2.38924456f;
    detail::count_vector(N);
    detail::slot_vec(4 * 13 * detail::slots_for(N, 16));
    detail::slot_narrowed(4 * 6 * 32 * detail::slots_for(N, 16));
    const auto &x = v.to_native();
    const auto x2 = detail::mul_lanes(x, detail::splat<float, N>(c2));
    const auto guess = detail::map_parts<int32>([](auto p) AIEBUILD_LAMBDA { return 0x5F1FFFF9 - (p >> 1); }, detail::bitcast<int32>(x));
    const auto y = detail::bitcast<float>(guess);
    const auto t = detail::msc_lanes(detail::splat<float, N>(c2 * c3), x2, detail::mul_lanes(y, y));
    return detail::mul_lanes(y, t);
}
#endif // AIE2

template <unsigned N>
AIEBUILD_INLINE auto inv(const vector<bfloat16, N> &v) -> vector<bfloat16, N>
{
    detail::count_vector(N);
    detail::slot_vec(6 * detail::slots_for(N, 16));
    detail::slot_mv(6 * detail::slots_for(N, 16));
    detail::slot_narrowed(5 * 2 * N);
    const auto x = detail::bf16_to_float(v.to_native());
    const auto k1 = detail::splat<float, N>(static_cast<float>(bfloat16(1.9395974f)));
    const auto guess = detail::map_parts<uint16>([](auto p) AIEBUILD_LAMBDA { return 0x7eb5 - p; }, v.to_native());
    auto y = detail::bf16_to_float(guess);
    auto t = detail::through_bf16(detail::sub_lanes(detail::splat<float, N>(1.436142f), detail::mul_lanes(x, y)));
    t = detail::through_bf16(detail::mul_lanes(t, y));
    const auto minus = [](auto p) AIEBUILD_LAMBDA { return -p; };
    y = detail::through_bf16(detail::map_parts<float>(minus, detail::mul_lanes(t, k1))); // -y
    t = detail::through_bf16(detail::mac_lanes(detail::splat<float, N>(2.0f), y, x));
    return detail::to_bf16(detail::map_parts<float>(minus, detail::mul_lanes(y, t)));
}

template <unsigned N>
AIEBUILD_INLINE auto invsqrt(const vector<bfloat16, N> &v) -> vector<bfloat16, N>
{
    constexpr float c2 = 0.703952253f, c3 = 2.38924456f;
    detail::count_vector(N);
    detail::slot_vec(5 * detail::slots_for(N, 16));
    detail::slot_mv(5 * detail::slots_for(N, 16));
    detail::slot_narrowed(5 * 2 * N);
    const auto x = detail::bf16_to_float(v.to_native());
    const auto x2 = detail::through_bf16(detail::mul_lanes(x, detail::splat<float, N>(static_cast<float>(bfloat16(c2)))));
    // the half of the bits goes through srs, in the core's rounding mode
    const auto half = detail::srs<int32>(detail::convert<int64>(detail::bitcast<int32>(x)), 1, detail::core_state.rounding,
                                         detail::core_state.saturation);
    const auto guess = detail::map_parts<int32>([](auto p) AIEBUILD_LAMBDA { return 0x5F1FFFF9 - p; }, half);
    const auto y = detail::through_bf16(detail::bitcast<float>(guess));
    const auto yy = detail::through_bf16(detail::mul_lanes(y, y));
    const auto t = detail::through_bf16(detail::msc_lanes(detail::splat<float, N>(c2 * c3), x2, yy));
    return detail::to_bf16(detail::mul_lanes(y, t));
}

AIEBUILD_INLINE float inv(float a)
{
    detail::count_scalar();
    detail::slot_alu(1);
    return 1.0f / a;
}
#if __AIE_ARCH__ == 21
AIEBUILD_INLINE float invsqrt(float a)
{
    detail::count_scalar();
    detail::slot_alu(1);
    return 1.0f / std::sqrt(a);
}
#else
template <std::same_as<float> T>
float invsqrt(T)
{
    static_assert(detail::always_false<T>, "aie::invsqrt of a scalar float calls sqrtf, which AIE2's libraries do not have");
    return 0.0f;
}
#endif
template <std::same_as<float> T>
float sqrt(T)
{
    static_assert(detail::always_false<T>, "aie::sqrt of a scalar float calls sqrtf, which the cores' libraries do not have");
    return 0.0f;
}
AIEBUILD_INLINE bfloat16 inv(bfloat16 a) { return inv(broadcast<bfloat16, 16>(a)).get(0); }
AIEBUILD_INLINE bfloat16 invsqrt(bfloat16 a) { return invsqrt(broadcast<bfloat16, 16>(a)).get(0); }
template <Vector V>
void sqrt(const V &)
{
    static_assert(detail::always_false<V>, "aie::sqrt: the cores have no square root of vectors; use x * invsqrt(x)");
}

} // namespace aie
