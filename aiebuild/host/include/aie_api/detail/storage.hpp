// Registers: a vector of T is kept as parts of at most one host register each.
//
// storage<T, N>::p[] are compiler vectors; element i is p[i / E][i % E]. All helpers are forced inline and unrolled by
// index packs, so that values stay in registers.

#pragma once

#include <cstring>
#include <utility>

#include "types.hpp"

namespace aie::detail {

template <typename T, unsigned N>
struct simd {
    typedef T type __attribute__((vector_size(sizeof(T) * N)));
};
template <typename T, unsigned N>
using simd_t = typename simd<T, N>::type;

template <typename V>
struct simd_traits;

template <typename T, unsigned N>
struct storage {
    static_assert(is_pow2(N), "number of elements must be a power of two");
    static constexpr unsigned bytes = N * sizeof(T);
    static constexpr unsigned part_bytes = bytes < native_bytes ? bytes : native_bytes;
    static constexpr unsigned parts = bytes / part_bytes;
    static constexpr unsigned part_elems = part_bytes / sizeof(T);
    using part_t = simd_t<T, part_elems>;

    part_t p[parts];

    AIEBUILD_INLINE T get(unsigned i) const { return p[i / part_elems][i % part_elems]; }
    AIEBUILD_INLINE void set(unsigned i, T v) { p[i / part_elems][i % part_elems] = v; }
};

template <unsigned N, typename F>
AIEBUILD_INLINE constexpr void unroll(F &&f)
{
    [&]<unsigned... I>(std::integer_sequence<unsigned, I...>) AIEBUILD_LAMBDA {
        (f(std::integral_constant<unsigned, I>{}), ...);
    }(std::make_integer_sequence<unsigned, N>{});
}

template <typename T, unsigned N>
AIEBUILD_INLINE storage<T, N> splat(T v)
{
    storage<T, N> r;
    unroll<storage<T, N>::parts>([&](auto i) AIEBUILD_LAMBDA { r.p[i] = v - typename storage<T, N>::part_t{}; });
    return r;
}

template <typename T, unsigned N>
AIEBUILD_INLINE storage<T, N> zero_storage()
{
    storage<T, N> r;
    unroll<storage<T, N>::parts>([&](auto i) AIEBUILD_LAMBDA { r.p[i] = typename storage<T, N>::part_t{}; });
    return r;
}

// Memory access, any alignment: the host does not fault where the array would, the check belongs to --sanitize.
template <typename T, unsigned N>
AIEBUILD_INLINE storage<T, N> load_storage(const void *ptr)
{
    storage<T, N> r;
    unroll<storage<T, N>::parts>([&](auto i) AIEBUILD_LAMBDA {
        __builtin_memcpy(&r.p[i], static_cast<const char *>(ptr) + i * r.part_bytes, r.part_bytes);
    });
    return r;
}

template <typename T, unsigned N>
AIEBUILD_INLINE void store_storage(void *ptr, const storage<T, N> &v)
{
    unroll<storage<T, N>::parts>([&](auto i) AIEBUILD_LAMBDA {
        __builtin_memcpy(static_cast<char *>(ptr) + i * v.part_bytes, &v.p[i], v.part_bytes);
    });
}

// Same bits as other elements.
template <typename U, typename T, unsigned N>
AIEBUILD_INLINE auto bitcast(const storage<T, N> &v)
{
    using D = storage<U, N * sizeof(T) / sizeof(U)>;
    D r;
    unroll<D::parts>([&](auto i) AIEBUILD_LAMBDA { r.p[i] = reinterpret_cast<typename D::part_t>(v.p[i]); });
    return r;
}

// f applied to corresponding parts.
template <typename U, typename F, typename T, unsigned N, typename... S>
AIEBUILD_INLINE storage<U, N> map_parts(F &&f, const storage<T, N> &a, const S &...s)
{
    static_assert(sizeof(U) == sizeof(T));
    storage<U, N> r;
    unroll<storage<U, N>::parts>([&](auto i) AIEBUILD_LAMBDA {
        r.p[i] = reinterpret_cast<typename storage<U, N>::part_t>(f(a.p[i], s.p[i]...));
    });
    return r;
}

// Concatenation of two compiler vectors, and a slice of one.
template <typename T, unsigned N>
AIEBUILD_INLINE simd_t<T, 2 * N> join(simd_t<T, N> a, simd_t<T, N> b)
{
    return [&]<int... I>(std::integer_sequence<int, I...>) AIEBUILD_LAMBDA {
        return __builtin_shufflevector(a, b, I...);
    }(std::make_integer_sequence<int, 2 * N>{});
}

template <typename T, unsigned N, unsigned From, unsigned Count>
AIEBUILD_INLINE simd_t<T, Count> slice(simd_t<T, N> a)
{
    if constexpr (Count == N)
        return a;
    else
        return [&]<int... I>(std::integer_sequence<int, I...>) AIEBUILD_LAMBDA {
            return __builtin_shufflevector(a, a, static_cast<int>(From) + I...);
        }(std::make_integer_sequence<int, Count>{});
}

// Elements [Index * Out, (Index + 1) * Out) of v.
template <unsigned Out, unsigned Index, typename T, unsigned N>
AIEBUILD_INLINE storage<T, Out> extract_const(const storage<T, N> &v)
{
    using S = storage<T, N>;
    using D = storage<T, Out>;
    D r;
    if constexpr (D::part_elems == S::part_elems)
        unroll<D::parts>([&](auto i) AIEBUILD_LAMBDA { r.p[i] = v.p[Index * D::parts + i]; });
    else {
        constexpr unsigned first = Index * Out;
        r.p[0] = slice<T, S::part_elems, first % S::part_elems, Out>(v.p[first / S::part_elems]);
    }
    return r;
}

template <unsigned Out, typename T, unsigned N>
AIEBUILD_INLINE storage<T, Out> extract_storage(const storage<T, N> &v, unsigned index)
{
    if constexpr (Out == N)
        return v;
    else {
        if (__builtin_constant_p(index)) {
            storage<T, Out> r = extract_const<Out, 0>(v);
            unroll<N / Out>([&](auto i) AIEBUILD_LAMBDA {
                if (index == i)
                    r = extract_const<Out, i>(v);
            });
            return r;
        }
        return load_storage<T, Out>(reinterpret_cast<const T *>(&v) + (index % (N / Out)) * Out);
    }
}

template <unsigned Index, typename T, unsigned N, unsigned In>
AIEBUILD_INLINE void insert_const(storage<T, N> &v, const storage<T, In> &w)
{
    using S = storage<T, In>;
    using D = storage<T, N>;
    if constexpr (D::part_elems == S::part_elems)
        unroll<S::parts>([&](auto i) AIEBUILD_LAMBDA { v.p[Index * S::parts + i] = w.p[i]; });
    else {
        constexpr unsigned first = Index * In;
        constexpr int at = first % D::part_elems;
        constexpr int elems = D::part_elems;
        auto &part = v.p[first / D::part_elems];
        // w widened to a part, then blended in
        const auto wide = [&]<int... I>(std::integer_sequence<int, I...>) AIEBUILD_LAMBDA {
            return __builtin_shufflevector(w.p[0], w.p[0], (I % static_cast<int>(In))...);
        }(std::make_integer_sequence<int, elems>{});
        part = [&]<int... I>(std::integer_sequence<int, I...>) AIEBUILD_LAMBDA {
            return __builtin_shufflevector(part, wide, ((I >= at && I < at + static_cast<int>(In)) ? elems + I : I)...);
        }(std::make_integer_sequence<int, elems>{});
    }
}

template <typename T, unsigned N, unsigned In>
AIEBUILD_INLINE void insert_storage(storage<T, N> &v, unsigned index, const storage<T, In> &w)
{
    if constexpr (In == N)
        v = w;
    else if (__builtin_constant_p(index)) {
        unroll<N / In>([&](auto i) AIEBUILD_LAMBDA {
            if (index == i)
                insert_const<i>(v, w);
        });
    }
    else
        store_storage(reinterpret_cast<T *>(&v) + (index % (N / In)) * In, w);
}

template <typename T, unsigned N>
AIEBUILD_INLINE storage<T, 2 * N> concat_storage(const storage<T, N> &a, const storage<T, N> &b)
{
    using D = storage<T, 2 * N>;
    D r;
    if constexpr (D::part_elems == storage<T, N>::part_elems)
        unroll<storage<T, N>::parts>([&](auto i) AIEBUILD_LAMBDA {
            r.p[i] = a.p[i];
            r.p[storage<T, N>::parts + i] = b.p[i];
        });
    else
        r.p[0] = join<T, N>(a.p[0], b.p[0]);
    return r;
}

// One compiler vector as elements of another width.
template <typename U, typename T, unsigned E>
AIEBUILD_INLINE simd_t<U, E> convert_simd(simd_t<T, E> v)
{
#if defined(AIEBUILD_AVX512)
    if constexpr (sizeof(U) * E == 64 && std::is_integral_v<T> && std::is_integral_v<U>) {
        constexpr bool sign = std::is_signed_v<T>;
        __m512i r;
        if constexpr (sizeof(T) * E == 32) {
            const auto x = reinterpret_cast<__m256i>(v);
            if constexpr (sizeof(T) == 1)
                r = sign ? _mm512_cvtepi8_epi16(x) : _mm512_cvtepu8_epi16(x);
            else if constexpr (sizeof(T) == 2)
                r = sign ? _mm512_cvtepi16_epi32(x) : _mm512_cvtepu16_epi32(x);
            else
                r = sign ? _mm512_cvtepi32_epi64(x) : _mm512_cvtepu32_epi64(x);
            return reinterpret_cast<simd_t<U, E>>(r);
        }
        else if constexpr (sizeof(T) * E == 16) {
            const auto x = reinterpret_cast<__m128i>(v);
            if constexpr (sizeof(T) == 1)
                r = sign ? _mm512_cvtepi8_epi32(x) : _mm512_cvtepu8_epi32(x);
            else
                r = sign ? _mm512_cvtepi16_epi64(x) : _mm512_cvtepu16_epi64(x);
            return reinterpret_cast<simd_t<U, E>>(r);
        }
    }
#elif defined(__AVX2__)
    if constexpr (sizeof(U) * E == 32 && sizeof(T) * E == 16 && std::is_integral_v<T> && std::is_integral_v<U>) {
        constexpr bool sign = std::is_signed_v<T>;
        const auto x = reinterpret_cast<__m128i>(v);
        __m256i r;
        if constexpr (sizeof(T) == 1)
            r = sign ? _mm256_cvtepi8_epi16(x) : _mm256_cvtepu8_epi16(x);
        else if constexpr (sizeof(T) == 2)
            r = sign ? _mm256_cvtepi16_epi32(x) : _mm256_cvtepu16_epi32(x);
        else
            r = sign ? _mm256_cvtepi32_epi64(x) : _mm256_cvtepu32_epi64(x);
        return reinterpret_cast<simd_t<U, E>>(r);
    }
#endif
    return __builtin_convertvector(v, simd_t<U, E>);
}

// Two vectors to one of half the element width.
template <typename U, typename T, unsigned E>
AIEBUILD_INLINE simd_t<U, 2 * E> narrow_pair(simd_t<T, E> low, simd_t<T, E> high)
{
#if defined(AIEBUILD_AVX512)
    if constexpr (std::is_integral_v<T> && sizeof(T) == 2 * sizeof(U)) {
        using W = simd_t<U, 2 * E>;
        return [&]<int... I>(std::integer_sequence<int, I...>) AIEBUILD_LAMBDA {
            return __builtin_shufflevector(reinterpret_cast<W>(low), reinterpret_cast<W>(high), (2 * I)...);
        }(std::make_integer_sequence<int, 2 * E>{});
    }
#elif defined(__AVX2__)
    if constexpr (std::is_integral_v<T> && sizeof(T) * E == 32 && sizeof(T) == 2 * sizeof(U) && sizeof(U) <= 2) {
        const auto mask = sizeof(U) == 1 ? _mm256_set1_epi16(0xff) : _mm256_set1_epi32(0xffff);
        const auto a = _mm256_and_si256(reinterpret_cast<__m256i>(low), mask);
        const auto b = _mm256_and_si256(reinterpret_cast<__m256i>(high), mask);
        const auto x = sizeof(U) == 1 ? _mm256_packus_epi16(a, b) : _mm256_packus_epi32(a, b);
        return reinterpret_cast<simd_t<U, 2 * E>>(_mm256_permute4x64_epi64(x, 0xd8));
    }
#endif
    return join<U, E>(convert_simd<U, T, E>(low), convert_simd<U, T, E>(high));
}

// Element-wise conversion as by static_cast (integers wrap; float to int must be in range).
template <typename U, typename T, unsigned N>
AIEBUILD_INLINE storage<U, N> convert(const storage<T, N> &v)
{
    using S = storage<T, N>;
    using D = storage<U, N>;
    if constexpr (std::is_same_v<T, U>)
        return v;
    else {
        D r;
        constexpr unsigned E = S::part_elems;
        if constexpr (S::part_elems == D::part_elems)
            unroll<D::parts>([&](auto i) AIEBUILD_LAMBDA { r.p[i] = convert_simd<U, T, E>(v.p[i]); });
        else if constexpr (S::part_elems > D::part_elems) {
            constexpr unsigned ratio = S::part_elems / D::part_elems;
            unroll<D::parts>([&](auto i) AIEBUILD_LAMBDA {
                r.p[i] = convert_simd<U, T, D::part_elems>(slice<T, E, (i % ratio) * D::part_elems, D::part_elems>(v.p[i / ratio]));
            });
        }
        else {
            constexpr unsigned ratio = D::part_elems / S::part_elems;
            unroll<D::parts>([&](auto i) AIEBUILD_LAMBDA {
                const auto *p = v.p + i * ratio;
                if constexpr (ratio == 2)
                    r.p[i] = narrow_pair<U, T, E>(p[0], p[1]);
                else if constexpr (ratio == 4 && sizeof(T) == 4 && std::is_integral_v<T>)
                    r.p[i] = narrow_pair<U, int16, 2 * E>(narrow_pair<int16, T, E>(p[0], p[1]), narrow_pair<int16, T, E>(p[2], p[3]));
                else {
                    auto part = [&](unsigned k) AIEBUILD_LAMBDA { return convert_simd<U, T, E>(p[k]); };
                    if constexpr (ratio == 4)
                        r.p[i] = join<U, 2 * E>(join<U, E>(part(0), part(1)), join<U, E>(part(2), part(3)));
                    else
                        r.p[i] = join<U, 4 * E>(join<U, 2 * E>(join<U, E>(part(0), part(1)), join<U, E>(part(2), part(3))),
                                                join<U, 2 * E>(join<U, E>(part(4), part(5)), join<U, E>(part(6), part(7))));
                }
            });
        }
        return r;
    }
}

// result[i] = v[Map::at(i)], Map::at constexpr over 0 .. Out-1.
template <typename Map, unsigned Out, typename T, unsigned N>
AIEBUILD_INLINE storage<T, Out> permute(const storage<T, N> &v)
{
    using S = storage<T, N>;
    using D = storage<T, Out>;
    D r;
    if constexpr (S::parts <= 2 && S::part_elems == D::part_elems) {
        unroll<D::parts>([&](auto i) AIEBUILD_LAMBDA {
            r.p[i] = [&]<int... I>(std::integer_sequence<int, I...>) AIEBUILD_LAMBDA {
                return __builtin_shufflevector(v.p[0], v.p[S::parts - 1],
                                               static_cast<int>(Map::at(i.value * D::part_elems + I))...);
            }(std::make_integer_sequence<int, D::part_elems>{});
        });
    }
    else if constexpr (S::parts == 1 && D::parts == 1) {
        r.p[0] = [&]<int... I>(std::integer_sequence<int, I...>) AIEBUILD_LAMBDA {
            return __builtin_shufflevector(v.p[0], v.p[0], static_cast<int>(Map::at(I))...);
        }(std::make_integer_sequence<int, Out>{});
    }
    else {
        T in[N], out[Out];
        store_storage(in, v);
        for (unsigned i = 0; i < Out; ++i)
            out[i] = in[Map::at(i)];
        r = load_storage<T, Out>(out);
    }
    return r;
}

} // namespace aie::detail
