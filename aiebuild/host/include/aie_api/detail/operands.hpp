// Operands of arithmetic: vectors, scalars and parts of both as lanes; masks' bits; folding of lanes.

#pragma once

#include "construct.hpp"

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

} // namespace aie
