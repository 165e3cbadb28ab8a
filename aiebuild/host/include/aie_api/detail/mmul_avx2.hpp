// mmul on AVX2 with FMA: integers of 8 and 16 bits by vpmaddwd, bfloat16 and float by fused multiply-add in fp32.

#pragma once

#include "mmul.hpp"

#if defined(AIEBUILD_AVX2) && !defined(AIEBUILD_AVX512)

namespace aie::detail {

// 16 elements of a vector, beginning at From, as int16.
template <unsigned From, typename T, unsigned N>
AIEBUILD_INLINE __m256i words(const storage<T, N> &v)
{
    using S = storage<T, N>;
    constexpr unsigned part = From / S::part_elems, at = From % S::part_elems;
    if constexpr (sizeof(T) == 2)
        return reinterpret_cast<__m256i>(v.p[part]);
    else {
        const auto bytes = reinterpret_cast<__m128i>(slice<T, S::part_elems, at, 16>(v.p[part]));
        return std::is_signed_v<T> ? _mm256_cvtepi8_epi16(bytes) : _mm256_cvtepu8_epi16(bytes);
    }
}

// Rows 2p and 2p + 1 of a K x 8 block as pairs of int16, one pair a column.
template <unsigned Pair, typename T, unsigned N>
AIEBUILD_INLINE __m256i column_pairs(const storage<T, N> &b)
{
    if constexpr (sizeof(T) == 2) {
        const auto x = words<16 * Pair>(b);
        const auto low = _mm256_castsi256_si128(x), high = _mm256_extracti128_si256(x, 1);
        return _mm256_setr_m128i(_mm_unpacklo_epi16(low, high), _mm_unpackhi_epi16(low, high));
    }
    else {
        using S = storage<T, N>;
        constexpr unsigned from = 16 * Pair;
        const auto x = reinterpret_cast<__m128i>(slice<T, S::part_elems, from % S::part_elems, 16>(b.p[from / S::part_elems]));
        const auto mixed = _mm_unpacklo_epi8(x, _mm_srli_si128(x, 8));
        return std::is_signed_v<T> ? _mm256_cvtepi8_epi16(mixed) : _mm256_cvtepu8_epi16(mixed);
    }
}

// Pair p of row m of an M x K block in each lane.
template <unsigned K, unsigned Row, unsigned Pair, typename T, unsigned N>
AIEBUILD_INLINE __m256i row_pair(const storage<T, N> &a)
{
    constexpr unsigned dword = Row * (K / 2) + Pair;
    return _mm256_permutevar8x32_epi32(words<dword / 8 * 16>(a), _mm256_set1_epi32(dword % 8));
}

// Eight columns, 32-bit accumulators that wrap: one register a row.
template <unsigned M, unsigned K, typename A, typename B>
struct mmul_maddwd {
    using acc_t = storage<int32, M * 8>;

    __m256i c[M];

    AIEBUILD_INLINE void clear()
    {
        unroll<M>([&](auto m) AIEBUILD_LAMBDA { c[m] = _mm256_setzero_si256(); });
    }
    AIEBUILD_INLINE void set(const acc_t &v)
    {
        unroll<M>([&](auto m) AIEBUILD_LAMBDA { c[m] = reinterpret_cast<__m256i>(v.p[m]); });
    }
    AIEBUILD_INLINE acc_t get() const
    {
        acc_t r;
        unroll<M>([&](auto m) AIEBUILD_LAMBDA { r.p[m] = reinterpret_cast<typename acc_t::part_t>(c[m]); });
        return r;
    }
    AIEBUILD_INLINE void mac(const storage<A, M * K> &a, const storage<B, K * 8> &b)
    {
        unroll<K / 2>([&](auto p) AIEBUILD_LAMBDA {
            const auto columns = column_pairs<p>(b);
            unroll<M>([&](auto m) AIEBUILD_LAMBDA {
                c[m] = _mm256_add_epi32(c[m], _mm256_madd_epi16(row_pair<K, m, decltype(p)::value>(a), columns));
            });
        });
    }
};

#define AIEBUILD_MADDWD(M, K, A, B)                                                                                         \
    template <>                                                                                                             \
    struct mmul_kernel<M, K, 8, A, B, int32> : mmul_maddwd<M, K, A, B> {};
AIEBUILD_MADDWD(4, 8, int8, int8)
AIEBUILD_MADDWD(4, 8, uint8, int8)
AIEBUILD_MADDWD(4, 8, int8, uint8)
AIEBUILD_MADDWD(4, 8, uint8, uint8)
AIEBUILD_MADDWD(8, 8, int8, int8)
AIEBUILD_MADDWD(2, 8, int8, int8)
AIEBUILD_MADDWD(1, 16, int8, int8)
AIEBUILD_MADDWD(4, 4, int16, int8)
AIEBUILD_MADDWD(8, 4, int16, int8)
#undef AIEBUILD_MADDWD

// 64-bit sums of pair sums; see wide_sums of mmul_avx512.hpp. Register r holds row r of 8 columns or rows 2r, 2r + 1 of 4.
template <unsigned N>
struct mmul_wide {
    static constexpr unsigned regs = N / 2;
    using acc_t = storage<int64, 4 * N>;

    __m256i even_odd[regs], odd[regs];
    int64 pairs;

    AIEBUILD_INLINE void clear()
    {
        unroll<regs>([&](auto r) AIEBUILD_LAMBDA { even_odd[r] = odd[r] = _mm256_setzero_si256(); });
        pairs = 0;
    }
    // Registers keep the order q0 q1 q2 q3 of (lane 2q, lane 2q + 1); acc parts 2r, 2r + 1 are lanes 0..3, 4..7.
    AIEBUILD_INLINE void set(const acc_t &v)
    {
        unroll<regs>([&](auto r) AIEBUILD_LAMBDA {
            const auto low = reinterpret_cast<__m256i>(v.p[2 * r]), high = reinterpret_cast<__m256i>(v.p[2 * r + 1]);
            const auto even = _mm256_permute4x64_epi64(_mm256_unpacklo_epi64(low, high), 0xd8);
            odd[r] = _mm256_permute4x64_epi64(_mm256_unpackhi_epi64(low, high), 0xd8);
            even_odd[r] = _mm256_add_epi64(even, _mm256_slli_epi64(odd[r], 32));
        });
        pairs = 0;
    }
    AIEBUILD_INLINE acc_t get() const
    {
        acc_t v;
        const auto bias = _mm256_set1_epi64x(pairs * 0x7fffffff);
        unroll<regs>([&](auto r) AIEBUILD_LAMBDA {
            auto e = _mm256_sub_epi64(_mm256_sub_epi64(even_odd[r], _mm256_slli_epi64(odd[r], 32)), bias);
            auto o = _mm256_sub_epi64(odd[r], bias);
            e = _mm256_permute4x64_epi64(e, 0xd8);
            o = _mm256_permute4x64_epi64(o, 0xd8);
            v.p[2 * r] = reinterpret_cast<typename acc_t::part_t>(_mm256_unpacklo_epi64(e, o));
            v.p[2 * r + 1] = reinterpret_cast<typename acc_t::part_t>(_mm256_unpackhi_epi64(e, o));
        });
        return v;
    }
    AIEBUILD_INLINE void mac(const storage<int16, 16> &a, const storage<int16, 4 * N> &b)
    {
        unroll<2>([&](auto p) AIEBUILD_LAMBDA {
            constexpr unsigned pair = decltype(p)::value;
            __m256i columns;
            if constexpr (N == 8)
                columns = column_pairs<pair>(b);
            else {
                const auto x = reinterpret_cast<__m128i>(slice<int16, 16, 8 * pair, 8>(b.p[0]));
                columns = _mm256_broadcastsi128_si256(_mm_unpacklo_epi16(x, _mm_srli_si128(x, 8)));
            }
            unroll<regs>([&](auto r) AIEBUILD_LAMBDA {
                constexpr int d0 = N == 8 ? 2 * r + pair : 4 * r + pair, d1 = N == 8 ? d0 : d0 + 2;
                const auto rows = _mm256_permutevar8x32_epi32(words<0>(a), _mm256_setr_epi32(d0, d0, d0, d0, d1, d1, d1, d1));
                const auto z = _mm256_add_epi32(_mm256_madd_epi16(rows, columns), _mm256_set1_epi32(0x7fffffff));
                even_odd[r] = _mm256_add_epi64(even_odd[r], z);
                odd[r] = _mm256_add_epi64(odd[r], _mm256_srli_epi64(z, 32));
            });
        });
        pairs += 2;
    }
};
template <> struct mmul_kernel<4, 4, 4, int16, int16, int64> : mmul_wide<4> {};
template <> struct mmul_kernel<4, 4, 8, int16, int16, int64> : mmul_wide<8> {};

// fp32 4x8x4: a register holds two rows of C.
template <typename T>
struct mmul_fma {
    using acc_t = storage<float, 16>;

    __m256 c[2];

    AIEBUILD_INLINE void clear() { c[0] = c[1] = _mm256_setzero_ps(); }
    AIEBUILD_INLINE void set(const acc_t &v)
    {
        c[0] = reinterpret_cast<__m256>(v.p[0]);
        c[1] = reinterpret_cast<__m256>(v.p[1]);
    }
    AIEBUILD_INLINE acc_t get() const
    {
        acc_t r;
        r.p[0] = reinterpret_cast<acc_t::part_t>(c[0]);
        r.p[1] = reinterpret_cast<acc_t::part_t>(c[1]);
        return r;
    }
    // A[m][k] in the lanes of row m, for two rows; bfloat16 goes to the upper halves of lanes by one byte shuffle.
    template <unsigned Rows, unsigned K>
    static AIEBUILD_INLINE __m256 spread_a(const storage<raw_t<T>, 32> &a)
    {
        if constexpr (std::is_same_v<T, float>) {
            const auto x = _mm256_permute2f128_ps(reinterpret_cast<__m256>(a.p[2 * Rows]), reinterpret_cast<__m256>(a.p[2 * Rows + 1]), K < 4 ? 0x20 : 0x31);
            return _mm256_permute_ps(x, (K % 4) * 0x55);
        }
        else {
            constexpr int word = (2 * K) | (2 * K + 1) << 8;
            return reinterpret_cast<__m256>(_mm256_shuffle_epi8(reinterpret_cast<__m256i>(a.p[Rows]), _mm256_set1_epi32(word << 16 | 0x8080)));
        }
    }
    // Row k of B twice.
    template <unsigned K>
    static AIEBUILD_INLINE __m256 spread_b(const storage<raw_t<T>, 32> &b)
    {
        if constexpr (std::is_same_v<T, float>) {
            const auto x = reinterpret_cast<__m256>(b.p[K / 2]);
            return _mm256_permute2f128_ps(x, x, K % 2 ? 0x11 : 0x00);
        }
        else {
            const auto x = _mm256_permute4x64_epi64(reinterpret_cast<__m256i>(b.p[K / 4]), (K % 4) * 0x55);
            return reinterpret_cast<__m256>(_mm256_unpacklo_epi16(_mm256_setzero_si256(), x));
        }
    }
    AIEBUILD_INLINE void mac(const storage<raw_t<T>, 32> &a, const storage<raw_t<T>, 32> &b)
    {
        unroll<8>([&](auto i) AIEBUILD_LAMBDA {
            constexpr unsigned k = i ^ 1;
            const auto column = spread_b<k>(b);
            c[0] = _mm256_fmadd_ps(spread_a<0, k>(a), column, c[0]);
            c[1] = _mm256_fmadd_ps(spread_a<1, k>(a), column, c[1]);
        });
    }
};
template <> struct mmul_kernel<4, 8, 4, bfloat16, bfloat16, float> : mmul_fma<bfloat16> {};
template <> struct mmul_kernel<4, 8, 4, float, float, float> : mmul_fma<float> {};
template <> struct mmul_kernel<8, 8, 4, bfloat16, bfloat16, float> : mmul_two_blocks<8, 8, 4, bfloat16, bfloat16, float> {};

} // namespace aie::detail

#endif
