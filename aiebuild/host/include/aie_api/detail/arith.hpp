// Element-wise arithmetic, comparison, bit operations and reductions.
//
// Rules.
//  Integer add, sub, neg, abs wrap at the element width (saturating_add and saturating_sub clamp).
//  bfloat16 add and sub are computed in fp32 and converted in the core's rounding mode.
//  mul gives an accumulator: integers exact modulo the accumulator width; bfloat16 products are exact in fp32.
//  mac and msc of accfloat round once where the product is exact (bfloat16); float x float is fused where the host has a
//  fused multiply-add and else rounds twice (the array emulates it from bfloat16 pieces; agreement is to about 2^-22).
//  max(a, b) is a > b ? a : b, min(a, b) is a < b ? a : b (zeros of either sign are equal, as for the compares).
//  reduce_add: integers of 8 and 16 bits as on the array: pairwise halving that wraps down to 16 (8) elements, then an exact
//  sum converted by srs; 32 bits wrap. float: parts of 16 elements are added in sequence as the real header does, then
//  halves are added pairwise. bfloat16: see reduce_add.
//  upshift and downshift are ups followed by srs in the core's modes.

#pragma once

#include "vector.hpp"

namespace aie {

namespace detail {

template <typename T>
using unsigned_t = std::make_unsigned_t<T>;

template <typename T, unsigned N, typename F>
AIEBUILD_INLINE storage<T, N> map_unsigned(F &&f, const storage<T, N> &a, const storage<T, N> &b)
{
    using U = unsigned_t<T>;
    using V = typename storage<U, N>::part_t;
    return map_parts<T>([&](auto x, auto y) AIEBUILD_LAMBDA { return f(reinterpret_cast<V>(x), reinterpret_cast<V>(y)); }, a, b);
}

template <typename L, unsigned N>
AIEBUILD_INLINE storage<L, N> add_lanes(const storage<L, N> &a, const storage<L, N> &b)
{
    auto sum = [](auto x, auto y) AIEBUILD_LAMBDA { return x + y; };
    if constexpr (std::is_same_v<L, float>)
        return map_parts<L>(sum, a, b);
    else
        return map_unsigned(sum, a, b);
}
template <typename L, unsigned N>
AIEBUILD_INLINE storage<L, N> sub_lanes(const storage<L, N> &a, const storage<L, N> &b)
{
    auto diff = [](auto x, auto y) AIEBUILD_LAMBDA { return x - y; };
    if constexpr (std::is_same_v<L, float>)
        return map_parts<L>(diff, a, b);
    else
        return map_unsigned(diff, a, b);
}
template <typename L, unsigned N>
AIEBUILD_INLINE storage<L, N> mul_lanes(const storage<L, N> &a, const storage<L, N> &b)
{
    auto prod = [](auto x, auto y) AIEBUILD_LAMBDA { return x * y; };
    if constexpr (std::is_same_v<L, float>)
        return map_parts<L>(prod, a, b);
    else
        return map_unsigned(prod, a, b);
}

template <typename V>
AIEBUILD_INLINE V fused(V a, V b, V c)
{
#if defined(AIEBUILD_AVX512)
    if constexpr (sizeof(V) == 64)
        return reinterpret_cast<V>(_mm512_fmadd_ps(reinterpret_cast<__m512>(a), reinterpret_cast<__m512>(b), reinterpret_cast<__m512>(c)));
#endif
#if defined(AIEBUILD_AVX2)
    if constexpr (sizeof(V) == 32)
        return reinterpret_cast<V>(_mm256_fmadd_ps(reinterpret_cast<__m256>(a), reinterpret_cast<__m256>(b), reinterpret_cast<__m256>(c)));
    if constexpr (sizeof(V) == 16)
        return reinterpret_cast<V>(_mm_fmadd_ps(reinterpret_cast<__m128>(a), reinterpret_cast<__m128>(b), reinterpret_cast<__m128>(c)));
#endif
#if defined(AIEBUILD_NEON)
    if constexpr (sizeof(V) == 16)
        return reinterpret_cast<V>(vfmaq_f32(reinterpret_cast<float32x4_t>(c), reinterpret_cast<float32x4_t>(a), reinterpret_cast<float32x4_t>(b)));
#endif
    return a * b + c;
}

// acc + a * b
template <typename L, unsigned N>
AIEBUILD_INLINE storage<L, N> mac_lanes(const storage<L, N> &acc, const storage<L, N> &a, const storage<L, N> &b)
{
    if constexpr (std::is_same_v<L, float>)
        return map_parts<L>([](auto c, auto x, auto y) AIEBUILD_LAMBDA { return fused(x, y, c); }, acc, a, b);
    else
        return add_lanes(acc, mul_lanes(a, b));
}
template <typename L, unsigned N>
AIEBUILD_INLINE storage<L, N> msc_lanes(const storage<L, N> &acc, const storage<L, N> &a, const storage<L, N> &b)
{
    if constexpr (std::is_same_v<L, float>)
        return map_parts<L>([](auto c, auto x, auto y) AIEBUILD_LAMBDA { return fused(-x, y, c); }, acc, a, b);
    else
        return sub_lanes(acc, mul_lanes(a, b));
}

// Elements as lanes of an accumulator.
template <typename L, typename T, unsigned N>
AIEBUILD_INLINE storage<L, N> lanes(const vector<T, N> &v)
{
    if constexpr (std::is_same_v<T, bfloat16>)
        return bf16_to_float(v.to_native());
    else if constexpr (std::is_same_v<T, float>)
        return v.to_native();
    else
        return convert<L>(v.to_native());
}

template <unsigned N>
AIEBUILD_INLINE vector<bfloat16, N> to_bf16(const storage<float, N> &v)
{
    return float_to_bf16(v, core_state.rounding);
}

// Vector and scalar arguments alike as vector<T, N>.
template <typename T, unsigned N, typename X>
AIEBUILD_INLINE decltype(auto) operand(const X &x)
{
    if constexpr (Vector<X>) {
        static_assert(std::is_same_v<elem_of<X>, T> && size_of<X> == N, "operands have different element types or sizes");
        return as_vector(x);
    }
    else
        return broadcast<T, N>(x);
}

template <typename X>
struct scalar_type {
    using type = X;
};
template <typename T, unsigned N>
struct scalar_type<vector_elem_ref<T, N>> {
    using type = T;
};

template <typename A, typename B>
using vector_operand = vector_of<std::conditional_t<Vector<A>, A, B>>;

template <typename A, typename B>
concept Operands = (Vector<A> && (Vector<B> || Elem<B>)) || (Elem<A> && Vector<B>);

// ---- mask bits of a part of -1 / 0 lanes, and back

template <typename V>
AIEBUILD_INLINE uint64 part_bits(V v)
{
    using T = std::remove_cvref_t<decltype(v[0])>;
    constexpr unsigned n = sizeof(V) / sizeof(T);
#if defined(AIEBUILD_AVX512)
    if constexpr (sizeof(V) == 64) {
        const auto x = reinterpret_cast<__m512i>(v);
        if constexpr (sizeof(T) == 1)
            return _mm512_movepi8_mask(x);
        else if constexpr (sizeof(T) == 2)
            return _mm512_movepi16_mask(x);
        else if constexpr (sizeof(T) == 4)
            return _mm512_movepi32_mask(x);
        else
            return _mm512_movepi64_mask(x);
    }
    if constexpr (sizeof(V) == 32) {
        const auto x = reinterpret_cast<__m256i>(v);
        if constexpr (sizeof(T) == 1)
            return _mm256_movepi8_mask(x);
        else if constexpr (sizeof(T) == 2)
            return _mm256_movepi16_mask(x);
        else if constexpr (sizeof(T) == 4)
            return _mm256_movepi32_mask(x);
        else
            return _mm256_movepi64_mask(x);
    }
#endif
    uint64 r = 0;
    for (unsigned i = 0; i < n; ++i)
        r |= static_cast<uint64>(v[i] != 0) << i;
    return r;
}

template <typename V>
AIEBUILD_INLINE V bits_part(uint64 bits)
{
    using T = std::remove_cvref_t<decltype(V{}[0])>;
    constexpr unsigned n = sizeof(V) / sizeof(T);
#if defined(AIEBUILD_AVX512)
    if constexpr (sizeof(V) == 64) {
        if constexpr (sizeof(T) == 1)
            return reinterpret_cast<V>(_mm512_movm_epi8(bits));
        else if constexpr (sizeof(T) == 2)
            return reinterpret_cast<V>(_mm512_movm_epi16(static_cast<__mmask32>(bits)));
        else
            return reinterpret_cast<V>(_mm512_movm_epi32(static_cast<__mmask16>(bits)));
    }
    if constexpr (sizeof(V) == 32) {
        if constexpr (sizeof(T) == 1)
            return reinterpret_cast<V>(_mm256_movm_epi8(static_cast<__mmask32>(bits)));
        else if constexpr (sizeof(T) == 2)
            return reinterpret_cast<V>(_mm256_movm_epi16(static_cast<__mmask16>(bits)));
        else
            return reinterpret_cast<V>(_mm256_movm_epi32(static_cast<__mmask8>(bits)));
    }
#endif
    V r{};
    for (unsigned i = 0; i < n; ++i)
        r[i] = static_cast<T>(-static_cast<int>((bits >> i) & 1));
    return r;
}

template <typename S, unsigned N>
AIEBUILD_INLINE mask<N> to_mask(const storage<S, N> &v)
{
    mask<N> m;
    constexpr unsigned e = storage<S, N>::part_elems;
    uint64 w[mask<N>::words] = {};
    unroll<storage<S, N>::parts>([&](auto i) AIEBUILD_LAMBDA { w[i * e / 64] |= part_bits(v.p[i]) << (i * e % 64); });
    for (unsigned i = 0; i < mask<N>::words; ++i)
        m.set_word(i, w[i]);
    return m;
}

template <typename S, unsigned N>
AIEBUILD_INLINE storage<S, N> from_mask(const mask<N> &m)
{
    storage<S, N> r;
    constexpr unsigned e = storage<S, N>::part_elems;
    unroll<storage<S, N>::parts>([&](auto i) AIEBUILD_LAMBDA {
        r.p[i] = bits_part<typename storage<S, N>::part_t>(m.word(i * e / 64) >> (i * e % 64));
    });
    return r;
}

// Order-preserving form of an element: bfloat16 is compared as float.
template <typename T, unsigned N>
AIEBUILD_INLINE auto comparable(const vector<T, N> &v)
{
    if constexpr (std::is_same_v<T, bfloat16>)
        return bf16_to_float(v.to_native());
    else
        return v.to_native();
}

template <unsigned Bytes>
struct int_of_size;
template <> struct int_of_size<1> { using type = int8; };
template <> struct int_of_size<2> { using type = int16; };
template <> struct int_of_size<4> { using type = int32; };
template <> struct int_of_size<8> { using type = int64; };

template <typename F, typename T, unsigned N>
AIEBUILD_INLINE mask<N> compare(F &&f, const vector<T, N> &a, const vector<T, N> &b)
{
    count_vector(N);
    slot_lanes<sizeof(T), is_floating_point_v<T>>(N);
    const auto x = comparable(a);
    const auto y = comparable(b);
    using I = typename int_of_size<sizeof(x.get(0))>::type;
    return to_mask(map_parts<I>(f, x, y));
}

template <bool Max, typename L, unsigned N>
AIEBUILD_INLINE storage<L, N> extreme_lanes(const storage<L, N> &a, const storage<L, N> &b)
{
    return map_parts<L>(
        [](auto x, auto y) AIEBUILD_LAMBDA -> decltype(x) {
            using V [[maybe_unused]] = decltype(x);
            if constexpr (std::is_same_v<L, float>) {
#if defined(AIEBUILD_AVX512)
                if constexpr (sizeof(V) == 64)
                    return reinterpret_cast<V>(Max ? _mm512_max_ps(reinterpret_cast<__m512>(x), reinterpret_cast<__m512>(y))
                                                   : _mm512_min_ps(reinterpret_cast<__m512>(x), reinterpret_cast<__m512>(y)));
#endif
#if defined(AIEBUILD_AVX2)
                if constexpr (sizeof(V) == 32)
                    return reinterpret_cast<V>(Max ? _mm256_max_ps(reinterpret_cast<__m256>(x), reinterpret_cast<__m256>(y))
                                                   : _mm256_min_ps(reinterpret_cast<__m256>(x), reinterpret_cast<__m256>(y)));
#endif
#if defined(__SSE2__)
                if constexpr (sizeof(V) == 16)
                    return reinterpret_cast<V>(Max ? _mm_max_ps(reinterpret_cast<__m128>(x), reinterpret_cast<__m128>(y))
                                                   : _mm_min_ps(reinterpret_cast<__m128>(x), reinterpret_cast<__m128>(y)));
#endif
            }
            if constexpr (Max)
                return x > y ? x : y;
            else
                return x < y ? x : y;
        },
        a, b);
}

// bfloat16 as int16 of the same order (zeros of both signs differ by one; max and min still return one of the operands).
template <unsigned N>
AIEBUILD_INLINE storage<int16, N> bf16_order(const storage<int16, N> &v)
{
    return map_parts<int16>([](auto x) AIEBUILD_LAMBDA { return x ^ ((x >> 15) & 0x7fff); }, v);
}

template <bool Max, typename T, unsigned N>
AIEBUILD_INLINE vector<T, N> extreme(const vector<T, N> &a, const vector<T, N> &b)
{
    count_vector(N);
    slot_lanes<sizeof(T), is_floating_point_v<T>>(N);
    if constexpr (std::is_same_v<T, bfloat16>)
        return bitcast<uint16>(bf16_order(extreme_lanes<Max>(bf16_order(bitcast<int16>(a.to_native())),
                                                             bf16_order(bitcast<int16>(b.to_native())))));
    else
        return extreme_lanes<Max>(a.to_native(), b.to_native());
}

// Rotation inside a part by a constant.
template <unsigned By, typename V>
AIEBUILD_INLINE V rotate_part(V v)
{
    using T = std::remove_cvref_t<decltype(v[0])>;
    constexpr int n = sizeof(V) / sizeof(T);
    return [&]<int... I>(std::integer_sequence<int, I...>) AIEBUILD_LAMBDA {
        return __builtin_shufflevector(v, v, ((I + static_cast<int>(By)) % n)...);
    }(std::make_integer_sequence<int, n>{});
}

// Element 0 of a tree of f: halves are combined until `Until` elements are left, x[i] with x[i + n/2].
template <unsigned Until, typename F, typename T, unsigned N>
AIEBUILD_INLINE storage<T, N> fold(F &&f, storage<T, N> v)
{
    using S = storage<T, N>;
    unroll<log2u(S::parts)>([&](auto k) AIEBUILD_LAMBDA {
        constexpr unsigned half = S::parts >> (k + 1);
        if constexpr (half * S::part_elems >= Until)
            unroll<half>([&](auto i) AIEBUILD_LAMBDA { v.p[i] = f(v.p[i], v.p[i + half]); });
    });
    unroll<log2u(S::part_elems)>([&](auto k) AIEBUILD_LAMBDA {
        constexpr unsigned half = S::part_elems >> (k + 1);
        if constexpr (half >= Until)
            v.p[0] = f(v.p[0], rotate_part<half>(v.p[0]));
    });
    return v;
}

template <bool Max, typename T, unsigned N>
AIEBUILD_INLINE T reduce_extreme(const vector<T, N> &v)
{
    count_vector(N);
    slot_fold<sizeof(T), is_floating_point_v<T>>(N, false);
    if constexpr (std::is_same_v<T, bfloat16>) {
        auto f = [](auto x, auto y) AIEBUILD_LAMBDA { return Max ? (x > y ? x : y) : (x < y ? x : y); };
        auto r = fold<1>(f, bf16_order(bitcast<int16>(v.to_native())));
        return from_raw<T>(bitcast<uint16>(bf16_order(r)).get(0));
    }
    else if constexpr (std::is_same_v<T, float>) {
        auto f = [](auto x, auto y) AIEBUILD_LAMBDA {
            storage<T, sizeof(x) / sizeof(T)> a, b;
            a.p[0] = x;
            b.p[0] = y;
            return extreme_lanes<Max>(a, b).p[0];
        };
        return fold<1>(f, v.to_native()).get(0);
    }
    else {
        auto f = [](auto x, auto y) AIEBUILD_LAMBDA { return Max ? (x > y ? x : y) : (x < y ? x : y); };
        return fold<1>(f, v.to_native()).get(0);
    }
}

} // namespace detail

// ---- add, sub and relatives: vector with vector or scalar, accumulator with accumulator, vector or scalar

template <typename A, typename B>
    requires detail::Operands<A, B>
AIEBUILD_INLINE auto add(const A &a, const B &b) -> detail::vector_operand<A, B>
{
    using V = detail::vector_operand<A, B>;
    using T = typename V::value_type;
    constexpr unsigned N = V::size();
    detail::count_vector(N);
    detail::slot_sum<sizeof(T), detail::is_floating_point_v<T>>(N);
    const V x = detail::operand<T, N>(a);
    const V y = detail::operand<T, N>(b);
    if constexpr (std::is_same_v<T, bfloat16>)
        return detail::to_bf16(detail::add_lanes(detail::lanes<float>(x), detail::lanes<float>(y)));
    else
        return detail::add_lanes(x.to_native(), y.to_native());
}

template <typename A, typename B>
    requires detail::Operands<A, B>
AIEBUILD_INLINE auto sub(const A &a, const B &b) -> detail::vector_operand<A, B>
{
    using V = detail::vector_operand<A, B>;
    using T = typename V::value_type;
    constexpr unsigned N = V::size();
    detail::count_vector(N);
    detail::slot_sum<sizeof(T), detail::is_floating_point_v<T>>(N);
    const V x = detail::operand<T, N>(a);
    const V y = detail::operand<T, N>(b);
    if constexpr (std::is_same_v<T, bfloat16>)
        return detail::to_bf16(detail::sub_lanes(detail::lanes<float>(x), detail::lanes<float>(y)));
    else
        return detail::sub_lanes(x.to_native(), y.to_native());
}

template <typename A, typename B>
    requires detail::Operands<A, B>
AIEBUILD_INLINE auto saturating_add(const A &a, const B &b) -> detail::vector_operand<A, B>
{
    using V = detail::vector_operand<A, B>;
    using T = typename V::value_type;
    constexpr unsigned N = V::size();
    static_assert(V::is_integral(), "saturating_add: integers only");
    detail::count_vector(N);
    detail::slot_sum<sizeof(T), detail::is_floating_point_v<T>>(N);
    const V x = detail::operand<T, N>(a);
    const V y = detail::operand<T, N>(b);
    return detail::srs<T>(detail::add_lanes(detail::convert<int64>(x.to_native()), detail::convert<int64>(y.to_native())), 0,
                          rounding_mode::floor, saturation_mode::saturate);
}

template <typename A, typename B>
    requires detail::Operands<A, B>
AIEBUILD_INLINE auto saturating_sub(const A &a, const B &b) -> detail::vector_operand<A, B>
{
    using V = detail::vector_operand<A, B>;
    using T = typename V::value_type;
    constexpr unsigned N = V::size();
    static_assert(V::is_integral(), "saturating_sub: integers only");
    detail::count_vector(N);
    detail::slot_sum<sizeof(T), detail::is_floating_point_v<T>>(N);
    const V x = detail::operand<T, N>(a);
    const V y = detail::operand<T, N>(b);
    return detail::srs<T>(detail::sub_lanes(detail::convert<int64>(x.to_native()), detail::convert<int64>(y.to_native())), 0,
                          rounding_mode::floor, saturation_mode::saturate);
}

template <Accum A, typename B>
AIEBUILD_INLINE A add(const A &acc, const B &b)
{
    constexpr unsigned N = A::size();
    detail::count_vector(N);
    detail::slot_accum(N, sizeof(typename A::lane_type));
    if constexpr (Accum<B>) {
        static_assert(std::is_same_v<typename A::lane_type, typename B::lane_type> && B::size() == N);
        return detail::add_lanes(acc.to_native(), b.to_native());
    }
    else if constexpr (Vector<B>) {
        static_assert(std::is_same_v<typename A::lane_type, float> == detail::is_floating_point_v<detail::elem_of<B>>,
                      "add: integers into floats or the reverse");
        return detail::add_lanes(acc.to_native(), detail::lanes<typename A::lane_type>(detail::as_vector(b)));
    }
    else
        return detail::add_lanes(acc.to_native(),
                                 detail::splat<typename A::lane_type, N>(detail::as_elem<typename A::lane_type>(b)));
}
template <Accum A, typename B>
AIEBUILD_INLINE A sub(const A &acc, const B &b)
{
    constexpr unsigned N = A::size();
    detail::count_vector(N);
    detail::slot_accum(N, sizeof(typename A::lane_type));
    if constexpr (Accum<B>) {
        static_assert(std::is_same_v<typename A::lane_type, typename B::lane_type> && B::size() == N);
        return detail::sub_lanes(acc.to_native(), b.to_native());
    }
    else if constexpr (Vector<B>) {
        static_assert(std::is_same_v<typename A::lane_type, float> == detail::is_floating_point_v<detail::elem_of<B>>,
                      "sub: integers into floats or the reverse");
        return detail::sub_lanes(acc.to_native(), detail::lanes<typename A::lane_type>(detail::as_vector(b)));
    }
    else
        return detail::sub_lanes(acc.to_native(),
                                 detail::splat<typename A::lane_type, N>(detail::as_elem<typename A::lane_type>(b)));
}

template <Vector V>
AIEBUILD_INLINE auto neg(const V &v) -> detail::vector_of<V>
{
    using T = detail::elem_of<V>;
    static_assert(detail::is_signed_v<T>, "neg: signed types only");
    constexpr unsigned N = detail::size_of<V>;
    detail::count_vector(N);
    detail::slot_lanes<sizeof(T), false>(N);
    const auto x = detail::as_vector(v).to_native();
    if constexpr (std::is_same_v<T, bfloat16>)
        return detail::map_parts<uint16>([](auto p) AIEBUILD_LAMBDA { return p ^ 0x8000; }, x);
    else if constexpr (std::is_same_v<T, float>)
        return detail::map_parts<float>([](auto p) AIEBUILD_LAMBDA { return -p; }, x);
    else
        return detail::sub_lanes(detail::zero_storage<T, N>(), x);
}
template <Accum A>
AIEBUILD_INLINE A neg(const A &a)
{
    detail::count_vector(A::size());
    detail::slot_accum(A::size(), sizeof(typename A::lane_type));
    if constexpr (A::is_floating_point())
        return detail::map_parts<float>([](auto p) AIEBUILD_LAMBDA { return -p; }, a.to_native());
    else
        return detail::sub_lanes(detail::zero_storage<typename A::lane_type, A::size()>(), a.to_native());
}

template <Vector V>
AIEBUILD_INLINE auto abs(const V &v) -> detail::vector_of<V>
{
    using T = detail::elem_of<V>;
    static_assert(!std::is_same_v<T, float>, "abs: AIE2's intrinsic takes the bits of floats as integers, which is wrong for "
                                             "negative numbers; clear the sign with bit_and");
    constexpr unsigned N = detail::size_of<V>;
    detail::count_vector(N);
    detail::slot_lanes<sizeof(T), false>(N);
    const auto x = detail::as_vector(v).to_native();
    if constexpr (std::is_same_v<T, bfloat16>)
        return detail::map_parts<uint16>([](auto p) AIEBUILD_LAMBDA { return p & 0x7fff; }, x);
    else if constexpr (std::is_unsigned_v<T>)
        return x;
    else {
        using U = detail::unsigned_t<T>;
        using VU = typename detail::storage<U, N>::part_t;
        return detail::map_parts<T>(
            [](auto p) AIEBUILD_LAMBDA { return p < 0 ? -reinterpret_cast<VU>(p) : reinterpret_cast<VU>(p); }, x);
    }
}

template <typename A, typename B>
    requires detail::Operands<A, B>
AIEBUILD_INLINE auto max(const A &a, const B &b) -> detail::vector_operand<A, B>
{
    using V = detail::vector_operand<A, B>;
    const V x = detail::operand<typename V::value_type, V::size()>(a);
    const V y = detail::operand<typename V::value_type, V::size()>(b);
    return detail::extreme<true>(x, y);
}
template <typename A, typename B>
    requires detail::Operands<A, B>
AIEBUILD_INLINE auto min(const A &a, const B &b) -> detail::vector_operand<A, B>
{
    using V = detail::vector_operand<A, B>;
    const V x = detail::operand<typename V::value_type, V::size()>(a);
    const V y = detail::operand<typename V::value_type, V::size()>(b);
    return detail::extreme<false>(x, y);
}
template <Vector V, typename L, typename H>
AIEBUILD_INLINE auto clamp(const V &v, const L &lo, const H &hi)
{
    return aie::min(aie::max(v, lo), hi);
}

// ---- products

namespace detail {

// Element type of a factor. A scalar has the vector's unless it is of an integer type of its own that has a product with it.
template <typename X, typename Other>
struct factor {
    using type = elem_of<X>;
};
template <typename X, typename Other>
    requires(!Vector<X>)
struct factor<X, Other> {
    using T = elem_of<Other>;
    static constexpr bool own = ElemBaseType<X> && !is_floating_point_v<X> && !is_floating_point_v<T> && is_valid_mul_v<T, X>;
    static_assert(own || !ElemBaseType<X> || std::is_same_v<X, T>, "product: AIE2 has none of this vector and scalar type");
    using type = std::conditional_t<own, X, T>;
};
template <typename X, typename Other>
using factor_t = typename factor<X, Other>::type;

// A factor as accumulator lanes.
template <typename L, typename E, unsigned N, typename X>
AIEBUILD_INLINE storage<L, N> factor_lanes(const X &x)
{
    if constexpr (Vector<X>) {
        static_assert(size_of<X> == N, "product: operands differ in size");
        return lanes<L>(as_vector(x));
    }
    else
        return splat<L, N>(static_cast<L>(as_elem<E>(x)));
}

} // namespace detail

template <AccumElemBaseType Tag = accauto, typename A, typename B>
    requires detail::Operands<A, B>
AIEBUILD_INLINE auto mul(const A &a, const B &b)
{
    using TA = detail::factor_t<A, B>;
    using TB = detail::factor_t<B, A>;
    static_assert(detail::is_valid_mul_v<TA, TB>, "mul: AIE2 has no product of these element types");
    using tag = detail::accum_tag_or_default_t<Tag, TA, TB>;
    using L = detail::accum_lane_t<tag>;
    constexpr unsigned N = detail::vector_operand<A, B>::size();
    detail::count_vector(N);
    detail::slot_product<sizeof(TA), sizeof(TB), detail::is_floating_point_v<TA>>(N);
    return accum<tag, N>(detail::mul_lanes(detail::factor_lanes<L, TA, N>(a), detail::factor_lanes<L, TB, N>(b)));
}

template <Accum Acc, typename A, typename B>
    requires detail::Operands<A, B>
AIEBUILD_INLINE Acc mac(const Acc &acc, const A &a, const B &b)
{
    using TA = detail::factor_t<A, B>;
    using TB = detail::factor_t<B, A>;
    static_assert(detail::is_valid_mul_v<TA, TB>, "mac: AIE2 has no product of these element types");
    using L = typename Acc::lane_type;
    static_assert(std::is_same_v<L, float> == detail::is_floating_point_v<TA>, "mac: integers into floats or the reverse");
    constexpr unsigned N = Acc::size();
    detail::count_vector(N);
    detail::slot_product<sizeof(TA), sizeof(TB), detail::is_floating_point_v<TA>>(N);
    return detail::mac_lanes(acc.to_native(), detail::factor_lanes<L, TA, N>(a), detail::factor_lanes<L, TB, N>(b));
}

template <Accum Acc, typename A, typename B>
    requires detail::Operands<A, B>
AIEBUILD_INLINE Acc msc(const Acc &acc, const A &a, const B &b)
{
    using TA = detail::factor_t<A, B>;
    using TB = detail::factor_t<B, A>;
    static_assert(detail::is_valid_mul_v<TA, TB>, "msc: AIE2 has no product of these element types");
    using L = typename Acc::lane_type;
    static_assert(std::is_same_v<L, float> == detail::is_floating_point_v<TA>, "msc: integers into floats or the reverse");
    constexpr unsigned N = Acc::size();
    detail::count_vector(N);
    detail::slot_product<sizeof(TA), sizeof(TB), detail::is_floating_point_v<TA>>(N);
    return detail::msc_lanes(acc.to_native(), detail::factor_lanes<L, TA, N>(a), detail::factor_lanes<L, TB, N>(b));
}

template <AccumElemBaseType Tag = accauto, typename A, typename B>
    requires detail::Operands<A, B>
AIEBUILD_INLINE auto negmul(const A &a, const B &b)
{
    return neg(mul<Tag>(a, b));
}
template <AccumElemBaseType Tag = accauto, Vector V>
AIEBUILD_INLINE auto mul_square(const V &v)
{
    return mul<Tag>(v, v);
}
template <Accum Acc, Vector V>
AIEBUILD_INLINE Acc mac_square(const Acc &acc, const V &v)
{
    return mac(acc, v, v);
}
template <Accum Acc, Vector V>
AIEBUILD_INLINE Acc msc_square(const Acc &acc, const V &v)
{
    return msc(acc, v, v);
}

// Sum over i of coeff[start + i] * data_i.
template <unsigned Lanes, Accum Acc, Vector C, Vector D, Vector... Ds>
    requires(Acc::size() == Lanes)
AIEBUILD_INLINE Acc accumulate(const Acc &acc, const C &coeff, unsigned start, const D &data, const Ds &...next)
{
    Acc r = mac(acc, broadcast<detail::elem_of<C>, Lanes>(detail::as_vector(coeff).get(start)), data);
    unsigned i = start;
    ((r = mac(r, broadcast<detail::elem_of<C>, Lanes>(detail::as_vector(coeff).get(++i)), next)), ...);
    return r;
}
template <unsigned Lanes, AccumElemBaseType Tag = accauto, Vector C, Vector D, Vector... Ds>
AIEBUILD_INLINE auto accumulate(const C &coeff, unsigned start, const D &data, const Ds &...next)
{
    auto r = mul<Tag>(broadcast<detail::elem_of<C>, Lanes>(detail::as_vector(coeff).get(start)), data);
    unsigned i = start;
    ((r = mac(r, broadcast<detail::elem_of<C>, Lanes>(detail::as_vector(coeff).get(++i)), next)), ...);
    return r;
}

// ---- compares and select

#define AIEBUILD_COMPARE(name, op)                                                                                          \
    template <typename A, typename B>                                                                                       \
        requires detail::Operands<A, B>                                                                                     \
    AIEBUILD_INLINE auto name(const A &a, const B &b)                                                                       \
    {                                                                                                                       \
        using V = detail::vector_operand<A, B>;                                                                             \
        const V x = detail::operand<typename V::value_type, V::size()>(a);                                                  \
        const V y = detail::operand<typename V::value_type, V::size()>(b);                                                  \
        return detail::compare([](auto p, auto q) AIEBUILD_LAMBDA { return p op q; }, x, y);                                \
    }
AIEBUILD_COMPARE(lt, <)
AIEBUILD_COMPARE(le, <=)
AIEBUILD_COMPARE(gt, >)
AIEBUILD_COMPARE(ge, >=)
AIEBUILD_COMPARE(eq, ==)
AIEBUILD_COMPARE(neq, !=)
#undef AIEBUILD_COMPARE

template <typename A, typename B>
    requires detail::Operands<A, B>
AIEBUILD_INLINE bool equal(const A &a, const B &b) { return eq(a, b).full(); }
template <typename A, typename B>
    requires detail::Operands<A, B>
AIEBUILD_INLINE bool not_equal(const A &a, const B &b) { return !equal(a, b); }

// b where the mask is set, else a.
template <typename A, typename B, unsigned N>
    requires detail::Operands<A, B>
AIEBUILD_INLINE auto select(const A &a, const B &b, const mask<N> &m) -> detail::vector_operand<A, B>
{
    using V = detail::vector_operand<A, B>;
    static_assert(V::size() == N, "select: mask and vector differ in size");
    detail::count_vector(N);
    detail::slot_lanes<sizeof(typename V::value_type), false>(N);
    const V x = detail::operand<typename V::value_type, N>(a);
    const V y = detail::operand<typename V::value_type, N>(b);
    using S = typename detail::int_of_size<sizeof(typename V::value_type)>::type;
    const auto k = detail::from_mask<S>(m);
    return detail::map_parts<typename V::raw_type>([](auto p, auto q, auto t) AIEBUILD_LAMBDA { return t != 0 ? q : p; },
                                                   x.to_native(), y.to_native(), k);
}
template <Elem A, Elem B, unsigned N>
AIEBUILD_INLINE auto select(const A &a, const B &b, const mask<N> &m)
{
    using T = typename detail::scalar_type<A>::type;
    static_assert(std::is_same_v<T, typename detail::scalar_type<B>::type>, "select: values differ in type");
    return select(broadcast<T, N>(a), broadcast<T, N>(b), m);
}

template <Vector A, Vector B>
AIEBUILD_INLINE auto max_cmp(const A &a, const B &b)
{
    return std::make_tuple(aie::max(a, b), lt(a, b));
}
template <Vector A, Vector B>
AIEBUILD_INLINE auto min_cmp(const A &a, const B &b)
{
    return std::make_tuple(aie::min(a, b), ge(a, b));
}
// max(a - b, 0)
template <typename A, typename B>
    requires detail::Operands<A, B>
AIEBUILD_INLINE auto maxdiff(const A &a, const B &b)
{
    using V = detail::vector_operand<A, B>;
    using T = typename V::value_type;
    const V x = detail::operand<T, V::size()>(a);
    const V y = detail::operand<T, V::size()>(b);
    return select(zeros<T, V::size()>(), sub(x, y), lt(y, x));
}

// ---- bits and shifts

#define AIEBUILD_BITOP(name, op)                                                                                            \
    template <typename A, typename B>                                                                                       \
        requires detail::Operands<A, B>                                                                                     \
    AIEBUILD_INLINE auto name(const A &a, const B &b) -> detail::vector_operand<A, B>                                       \
    {                                                                                                                       \
        using V = detail::vector_operand<A, B>;                                                                             \
        static_assert(V::is_integral(), #name ": integers only");                                                           \
        detail::count_vector(V::size());                                                                                    \
        detail::slot_lanes<sizeof(typename V::value_type), false>(V::size());                                                   \
        const V x = detail::operand<typename V::value_type, V::size()>(a);                                                  \
        const V y = detail::operand<typename V::value_type, V::size()>(b);                                                  \
        return detail::map_parts<typename V::raw_type>([](auto p, auto q) AIEBUILD_LAMBDA { return p op q; },               \
                                                       x.to_native(), y.to_native());                                      \
    }
AIEBUILD_BITOP(bit_and, &)
AIEBUILD_BITOP(bit_or, |)
AIEBUILD_BITOP(bit_xor, ^)
#undef AIEBUILD_BITOP

template <Vector V>
AIEBUILD_INLINE auto bit_not(const V &v) -> detail::vector_of<V>
{
    static_assert(detail::vector_of<V>::is_integral(), "bit_not: integers only");
    detail::count_vector(detail::size_of<V>);
    detail::slot_lanes<sizeof(detail::elem_of<V>), false>(detail::size_of<V>);
    return detail::map_parts<detail::elem_of<V>>([](auto p) AIEBUILD_LAMBDA { return ~p; }, detail::as_vector(v).to_native());
}

namespace detail {
template <typename T>
using shift_lane_t = std::conditional_t<(sizeof(T) == 4), int64, int32>;
}

template <Vector V>
AIEBUILD_INLINE auto upshift(const V &v, unsigned shift) -> detail::vector_of<V>
{
    using T = detail::elem_of<V>;
    static_assert(detail::vector_of<V>::is_integral(), "upshift: integers only");
    detail::count_vector(detail::size_of<V>);
    detail::slot_widen(detail::slots_for(detail::size_of<V> * sizeof(T), 64));
    detail::slot_narrowed(detail::size_of<V> * sizeof(T));
    return detail::srs<T>(detail::ups<detail::shift_lane_t<T>>(detail::as_vector(v).to_native(), static_cast<int>(shift)), 0,
                          detail::core_state.rounding, detail::core_state.saturation);
}
template <Vector V>
AIEBUILD_INLINE auto downshift(const V &v, unsigned shift) -> detail::vector_of<V>
{
    using T = detail::elem_of<V>;
    static_assert(detail::vector_of<V>::is_integral(), "downshift: integers only");
    detail::count_vector(detail::size_of<V>);
    detail::slot_widen(detail::slots_for(detail::size_of<V> * sizeof(T), 64));
    detail::slot_narrowed(detail::size_of<V> * sizeof(T));
    const auto x = detail::as_vector(v).to_native();
    if constexpr (std::is_signed_v<T> && sizeof(T) > 1)
        return detail::srs<T>(x, static_cast<int>(shift), detail::core_state.rounding, detail::core_state.saturation);
    else
        return detail::srs<T>(detail::convert<detail::shift_lane_t<T>>(x), static_cast<int>(shift), detail::core_state.rounding,
                              detail::core_state.saturation);
}
template <Vector V>
AIEBUILD_INLINE auto logical_downshift(const V &v, unsigned shift) -> detail::vector_of<V>
{
    using T = detail::elem_of<V>;
    static_assert(detail::vector_of<V>::is_integral(), "logical_downshift: integers only");
    constexpr unsigned N = detail::size_of<V>;
    detail::count_vector(N);
    detail::slot_widen(detail::slots_for(N * sizeof(T), 64));
    detail::slot_narrowed(N * sizeof(T));
    if (shift >= sizeof(T) * 8)
        return zeros<T, N>();
    using VU = typename detail::storage<detail::unsigned_t<T>, N>::part_t;
    return detail::map_parts<T>([&](auto p) AIEBUILD_LAMBDA { return reinterpret_cast<VU>(p) >> static_cast<int>(shift); },
                                detail::as_vector(v).to_native());
}
template <Vector V>
AIEBUILD_INLINE auto logical_upshift(const V &v, unsigned shift) -> detail::vector_of<V>
{
    using T = detail::elem_of<V>;
    static_assert(detail::vector_of<V>::is_integral(), "logical_upshift: integers only");
    constexpr unsigned N = detail::size_of<V>;
    detail::count_vector(N);
    detail::slot_widen(detail::slots_for(N * sizeof(T), 64));
    detail::slot_narrowed(N * sizeof(T));
    if (shift >= sizeof(T) * 8)
        return zeros<T, N>();
    using VU = typename detail::storage<detail::unsigned_t<T>, N>::part_t;
    return detail::map_parts<T>([&](auto p) AIEBUILD_LAMBDA { return reinterpret_cast<VU>(p) << static_cast<int>(shift); },
                                detail::as_vector(v).to_native());
}

template <typename U, Vector V>
AIEBUILD_INLINE auto pack(const V &v) { return detail::as_vector(v).template pack<U>(); }
template <Vector V>
AIEBUILD_INLINE auto pack(const V &v) { return detail::as_vector(v).pack(); }
template <typename U, Vector V>
AIEBUILD_INLINE auto unpack(const V &v) { return detail::as_vector(v).template unpack<U>(); }
template <Vector V>
AIEBUILD_INLINE auto unpack(const V &v) { return detail::as_vector(v).unpack(); }

// ---- reductions

template <Vector V>
AIEBUILD_INLINE auto reduce_max(const V &v) -> detail::elem_of<V>
{
    detail::count_scalar();
    return detail::reduce_extreme<true>(detail::as_vector(v));
}
template <Vector V>
AIEBUILD_INLINE auto reduce_min(const V &v) -> detail::elem_of<V>
{
    detail::count_scalar();
    return detail::reduce_extreme<false>(detail::as_vector(v));
}

template <Vector V>
AIEBUILD_INLINE auto reduce_add(const V &vr) -> detail::elem_of<V>
{
    using T = detail::elem_of<V>;
    constexpr unsigned N = detail::size_of<V>;
    const auto &v = detail::as_vector(vr);
    detail::count_vector(N);
    detail::slot_fold<sizeof(T), detail::is_floating_point_v<T>>(N, true);
    detail::count_scalar();
    auto sum = [](auto x, auto y) AIEBUILD_LAMBDA { return x + y; };
    if constexpr (std::is_same_v<T, float>) {
        auto x = detail::extract_storage<(N < 16 ? N : 16)>(v.to_native(), 0);
        if constexpr (N == 32)
            x = detail::add_lanes(x, detail::extract_const<16, 1>(v.to_native()));
        else if constexpr (N > 32) {
            auto y = detail::extract_const<16, N / 32>(v.to_native());
            detail::unroll<N / 32 - 1>([&](auto i) AIEBUILD_LAMBDA {
                x = detail::add_lanes(x, detail::extract_const<16, i + 1>(v.to_native()));
                y = detail::add_lanes(y, detail::extract_const<16, N / 32 + i + 1>(v.to_native()));
            });
            x = detail::add_lanes(x, y);
        }
        return detail::fold<1>(sum, x).get(0);
    }
    else if constexpr (std::is_same_v<T, bfloat16>) {
        // Sums of 8 neighbours (products with one on the matrix unit, pair order of mmul), vectors of 32 in sequence; then
        // of the four rows r0 + r2, r1 + r3 and their sum.
        float rows[4] = {0, 0, 0, 0};
        float all[N];
        detail::store_storage(all, detail::bf16_to_float(v.to_native()));
        for (unsigned b = 0; b < N; b += 32)
            for (unsigned r = 0; r < 4 && b + 8 * r < N; ++r)
                for (unsigned k = 0; k < 8; ++k)
                    rows[r] += all[b + 8 * r + (k ^ 1)];
        if constexpr (N > 16)
            rows[0] += rows[2], rows[1] += rows[3];
        if constexpr (N > 8)
            rows[0] += rows[1];
        return to_vector<bfloat16>(accum<accfloat, 8>(detail::splat<float, 8>(rows[0]))).get(0);
    }
    else {
        using VU = detail::unsigned_t<T>;
        auto x = detail::bitcast<VU>(v.to_native());
        if constexpr (sizeof(T) == 4)
            return static_cast<T>(detail::fold<1>(sum, x).get(0));
        else {
            constexpr unsigned last = sizeof(T) == 1 ? 16 : 8;
            using W = detail::shift_lane_t<T>;
            auto few = detail::extract_storage<(N < last ? N : last)>(detail::bitcast<T>(detail::fold<last>(sum, x)), 0);
            auto wide = detail::convert<int64>(few);
            static_cast<void>(sizeof(W));
            auto total = detail::fold<1>(sum, wide).get(0);
            return detail::srs<T>(detail::splat<int64, 16>(total), 0, detail::core_state.rounding, detail::core_state.saturation).get(0);
        }
    }
}

template <Vector V>
AIEBUILD_INLINE auto reduce_mul(const V &vr) -> detail::elem_of<V>
{
    using T = detail::elem_of<V>;
    const auto &v = detail::as_vector(vr);
    static_assert(!std::is_same_v<T, bfloat16>, "reduce_mul: not for bfloat16 on the host");
    detail::count_vector(detail::size_of<V>);
    detail::slot_fold<sizeof(T), detail::is_floating_point_v<T>>(detail::size_of<V>, true);
    if constexpr (std::is_same_v<T, float>)
        return detail::fold<1>([](auto x, auto y) AIEBUILD_LAMBDA { return x * y; }, v.to_native()).get(0);
    else
        return static_cast<T>(detail::fold<1>([](auto x, auto y) AIEBUILD_LAMBDA { return x * y; },
                                              detail::bitcast<detail::unsigned_t<T>>(v.to_native()))
                                  .get(0));
}

// Element i of the result is the sum of argument i; the rest is zero.
template <Vector V, Vector... Vs>
AIEBUILD_INLINE auto reduce_add_v(const V &v, const Vs &...vs)
{
    auto r = zeros<detail::elem_of<V>, detail::size_of<V>>();
    unsigned i = 0;
    r.set(reduce_add(v), i++);
    (r.set(reduce_add(vs), i++), ...);
    return r;
}

} // namespace aie
