// Reordering of elements. Element orders are those of the real headers' documentation.
//
// shuffle_down and shuffle_up leave the freed elements undefined on the array; here they rotate.

#pragma once

#include "construct.hpp"

namespace aie {

namespace detail {

template <unsigned N, unsigned Chunk>
struct zip_map { // of v, w concatenated
    static constexpr unsigned at(unsigned i)
    {
        const unsigned block = i / Chunk;
        return (block / 2) * Chunk + i % Chunk + (block % 2 ? N : 0);
    }
};
template <unsigned N, unsigned Chunk>
struct unzip_map {
    static constexpr unsigned at(unsigned i)
    {
        const unsigned odd = i / N, j = i % N;
        return (2 * (j / Chunk) + odd) * Chunk + j % Chunk;
    }
};
template <unsigned N, unsigned Rows>
struct transpose_map {
    static constexpr unsigned cols = N / Rows;
    static constexpr unsigned at(unsigned i) { return (i % Rows) * cols + i / Rows; }
};
template <unsigned Chunk, unsigned Odd>
struct filter_map {
    static constexpr unsigned at(unsigned i) { return (2 * (i / Chunk) + Odd) * Chunk + i % Chunk; }
};
template <unsigned N>
struct reverse_map {
    static constexpr unsigned at(unsigned i) { return N - 1 - i; }
};

// out[i] = two[(i + n) % 2N] for i < N, of a and b concatenated.
template <typename T, unsigned N>
AIEBUILD_INLINE storage<T, N> window(const storage<T, N> &a, const storage<T, N> &b, unsigned n)
{
#if defined(AIEBUILD_AVX512)
    if constexpr (storage<T, N>::bytes == 64 && sizeof(T) >= 2) {
        using S = storage<T, N>;
        using I = std::conditional_t<sizeof(T) == 2, int16, int32>;
        const auto idx = [&]<unsigned... K>(std::integer_sequence<unsigned, K...>) AIEBUILD_LAMBDA {
            return simd_t<I, N>{static_cast<I>(K)...} + static_cast<I>(n);
        }(std::make_integer_sequence<unsigned, N>{});
        const auto x = reinterpret_cast<__m512i>(a.p[0]);
        const auto y = reinterpret_cast<__m512i>(b.p[0]);
        const auto i = reinterpret_cast<__m512i>(idx);
        S r;
        if constexpr (sizeof(T) == 2)
            r.p[0] = reinterpret_cast<typename S::part_t>(_mm512_permutex2var_epi16(x, i, y));
        else
            r.p[0] = reinterpret_cast<typename S::part_t>(_mm512_permutex2var_epi32(x, i, y));
        return r;
    }
#endif
#if defined(AIEBUILD_AVX512)
    if constexpr (storage<T, N>::bytes == 64 && sizeof(T) == 1) {
        using S = storage<T, N>;
        const auto idx = [&]<unsigned... K>(std::integer_sequence<unsigned, K...>) AIEBUILD_LAMBDA {
            return simd_t<uint8, N>{static_cast<uint8>(K)...} + static_cast<uint8>(n);
        }(std::make_integer_sequence<unsigned, N>{});
        S r;
        r.p[0] = reinterpret_cast<typename S::part_t>(_mm512_permutex2var_epi8(
            reinterpret_cast<__m512i>(a.p[0]), reinterpret_cast<__m512i>(idx), reinterpret_cast<__m512i>(b.p[0])));
        return r;
    }
#endif
    T all[3 * N];
    store_storage(all, a);
    store_storage(all + N, b);
    store_storage(all + 2 * N, a);
    return load_storage<T, N>(all + n % (2 * N));
}

template <unsigned N, typename T, typename F>
AIEBUILD_INLINE void dispatch_pow2(unsigned value, F &&f, T &fallback)
{
    static_cast<void>(fallback);
    unroll<log2u(N) + 1>([&](auto k) AIEBUILD_LAMBDA {
        if (value == (1u << k))
            f(std::integral_constant<unsigned, (1u << k)>{});
    });
}

} // namespace detail

template <Vector V, Vector W>
AIEBUILD_INLINE auto interleave_zip(const V &vr, const W &wr, unsigned chunk)
    -> std::pair<detail::vector_of<V>, detail::vector_of<V>>
{
    constexpr unsigned N = detail::size_of<V>;
    using R = detail::vector_of<V>;
    static_assert(std::is_same_v<R, detail::vector_of<W>>, "interleave_zip: vectors differ in type");
    detail::count_vector(2 * N);
    detail::slot_shuffle(2 * N * sizeof(detail::elem_of<V>));
    const auto two = detail::concat_storage(detail::as_vector(vr).to_native(), detail::as_vector(wr).to_native());
    std::pair<R, R> r{detail::as_vector(vr), detail::as_vector(wr)};
    detail::dispatch_pow2<N>(
        chunk,
        [&](auto c) AIEBUILD_LAMBDA {
            const auto z = detail::permute<detail::zip_map<N, c>, 2 * N>(two);
            r = {R(detail::extract_const<N, 0>(z)), R(detail::extract_const<N, 1>(z))};
        },
        r);
    return r;
}

template <Vector V, Vector W>
AIEBUILD_INLINE auto interleave_unzip(const V &vr, const W &wr, unsigned chunk)
    -> std::pair<detail::vector_of<V>, detail::vector_of<V>>
{
    constexpr unsigned N = detail::size_of<V>;
    using R = detail::vector_of<V>;
    static_assert(std::is_same_v<R, detail::vector_of<W>>, "interleave_unzip: vectors differ in type");
    detail::count_vector(2 * N);
    detail::slot_shuffle(2 * N * sizeof(detail::elem_of<V>));
    const auto two = detail::concat_storage(detail::as_vector(vr).to_native(), detail::as_vector(wr).to_native());
    std::pair<R, R> r{detail::as_vector(vr), detail::as_vector(wr)};
    detail::dispatch_pow2<N>(
        chunk,
        [&](auto c) AIEBUILD_LAMBDA {
            const auto z = detail::permute<detail::unzip_map<N, c>, 2 * N>(two);
            r = {R(detail::extract_const<N, 0>(z)), R(detail::extract_const<N, 1>(z))};
        },
        r);
    return r;
}

template <Vector V>
AIEBUILD_INLINE auto filter_even(const V &vr, unsigned chunk = 1)
{
    constexpr unsigned N = detail::size_of<V>;
    using R = vector<detail::elem_of<V>, N / 2>;
    detail::count_vector(N);
    detail::slot_shuffle(N * sizeof(detail::elem_of<V>));
    R r(detail::extract_const<N / 2, 0>(detail::as_vector(vr).to_native()));
    detail::dispatch_pow2<N / 2>(
        chunk,
        [&](auto c) AIEBUILD_LAMBDA { r = R(detail::permute<detail::filter_map<c, 0>, N / 2>(detail::as_vector(vr).to_native())); }, r);
    return r;
}
template <Vector V>
AIEBUILD_INLINE auto filter_odd(const V &vr, unsigned chunk = 1)
{
    constexpr unsigned N = detail::size_of<V>;
    using R = vector<detail::elem_of<V>, N / 2>;
    detail::count_vector(N);
    detail::slot_shuffle(N * sizeof(detail::elem_of<V>));
    R r(detail::extract_const<N / 2, 1>(detail::as_vector(vr).to_native()));
    detail::dispatch_pow2<N / 2>(
        chunk,
        [&](auto c) AIEBUILD_LAMBDA { r = R(detail::permute<detail::filter_map<c, 1>, N / 2>(detail::as_vector(vr).to_native())); }, r);
    return r;
}

// The vector as a row-major matrix of rows x cols; the result is its transpose, row-major.
template <Vector V>
AIEBUILD_INLINE auto transpose(const V &vr, unsigned rows, unsigned cols) -> detail::vector_of<V>
{
    constexpr unsigned N = detail::size_of<V>;
    static_cast<void>(cols);
    detail::count_vector(N);
    detail::slot_shuffle(N * sizeof(detail::elem_of<V>));
    detail::vector_of<V> r = detail::as_vector(vr);
    detail::dispatch_pow2<N>(
        rows,
        [&](auto c) AIEBUILD_LAMBDA {
            r = detail::vector_of<V>(detail::permute<detail::transpose_map<N, c>, N>(detail::as_vector(vr).to_native()));
        },
        r);
    return r;
}

namespace detail {
// The name that kernels which reach into the real headers use.
template <typename T, unsigned N>
struct transpose {
    static AIEBUILD_INLINE vector<T, N> run(const vector<T, N> &v, unsigned rows, unsigned cols) { return aie::transpose(v, rows, cols); }
};
} // namespace detail

template <Vector V>
AIEBUILD_INLINE auto reverse(const V &v) -> detail::vector_of<V>
{
    constexpr unsigned N = detail::size_of<V>;
    detail::count_vector(N);
    detail::slot_shuffle(N * sizeof(detail::elem_of<V>));
    return detail::permute<detail::reverse_map<N>, N>(detail::as_vector(v).to_native());
}

// out[i] = v[i + n]
template <Vector V>
AIEBUILD_INLINE auto shuffle_down_rotate(const V &v, unsigned n) -> detail::vector_of<V>
{
    constexpr unsigned N = detail::size_of<V>;
    detail::count_vector(N);
    detail::slot_shuffle(N * sizeof(detail::elem_of<V>));
    const auto &x = detail::as_vector(v).to_native();
    return detail::window(x, x, n % N);
}
template <Vector V>
AIEBUILD_INLINE auto shuffle_down(const V &v, unsigned n) -> detail::vector_of<V>
{
    return shuffle_down_rotate(v, n);
}
// ... then the first elements of fill
template <Vector V, Vector W>
AIEBUILD_INLINE auto shuffle_down_fill(const V &v, const W &fill, unsigned n) -> detail::vector_of<V>
{
    detail::count_vector(detail::size_of<V>);
    detail::slot_shuffle(detail::size_of<V> * sizeof(detail::elem_of<V>));
    return detail::window(detail::as_vector(v).to_native(), detail::as_vector(fill).to_native(), n);
}
// ... then copies of the last element
template <Vector V>
AIEBUILD_INLINE auto shuffle_down_replicate(const V &v, unsigned n) -> detail::vector_of<V>
{
    constexpr unsigned N = detail::size_of<V>;
    return shuffle_down_fill(v, broadcast<detail::elem_of<V>, N>(detail::as_vector(v).get(N - 1)), n);
}
// out[i] = v[i - n]
template <Vector V>
AIEBUILD_INLINE auto shuffle_up_rotate(const V &v, unsigned n) -> detail::vector_of<V>
{
    constexpr unsigned N = detail::size_of<V>;
    return shuffle_down_rotate(v, N - n % N);
}
template <Vector V>
AIEBUILD_INLINE auto shuffle_up(const V &v, unsigned n) -> detail::vector_of<V>
{
    return shuffle_up_rotate(v, n);
}
// ... and before them the last elements of fill
template <Vector V, Vector W>
AIEBUILD_INLINE auto shuffle_up_fill(const V &v, const W &fill, unsigned n) -> detail::vector_of<V>
{
    constexpr unsigned N = detail::size_of<V>;
    detail::count_vector(N);
    detail::slot_shuffle(N * sizeof(detail::elem_of<V>));
    return detail::window(detail::as_vector(fill).to_native(), detail::as_vector(v).to_native(), N - n);
}
template <Vector V>
AIEBUILD_INLINE auto shuffle_up_replicate(const V &v, unsigned n) -> detail::vector_of<V>
{
    constexpr unsigned N = detail::size_of<V>;
    return shuffle_up_fill(v, broadcast<detail::elem_of<V>, N>(detail::as_vector(v).get(0)), n);
}

} // namespace aie

// Intrinsic of AIE2 that published kernels use: bytes n .. of a and b concatenated (n a multiple of the element's size).
template <typename T, unsigned N>
AIEBUILD_INLINE aie::vector<T, N> shift_bytes(const aie::vector<T, N> &a, const aie::vector<T, N> &b, unsigned n)
{
    aie::detail::count_vector(N);
    aie::detail::slot_shuffle(N * sizeof(T));
    return aie::detail::window(a.to_native(), b.to_native(), n / sizeof(T));
}
