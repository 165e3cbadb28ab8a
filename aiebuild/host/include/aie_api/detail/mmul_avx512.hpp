// mmul on AVX512: 8-bit products with VNNI, 16-bit ones with vpmaddwd, bfloat16 with AVX512_BF16.
//
// int8 4x8x8. A register holds two rows of C by eight columns, which is C's row-major order. vpdpbusd multiplies unsigned by
// signed bytes, so B is the unsigned operand with its sign bit turned (B + 128) and 128 times each row sum of A is taken off
// at the end. The row sums depend on A only: the compiler keeps one for all products that share their A. The reordered B
// and the broadcast A are likewise shared between products of one block.

#pragma once

#include "mmul.hpp"

#if defined(AIEBUILD_VNNI) && defined(AIEBUILD_VBMI)

namespace aie::detail {

template <typename F>
AIEBUILD_INLINE __m512i index_bytes(F f)
{
    return [&]<int... I>(std::integer_sequence<int, I...>) AIEBUILD_LAMBDA {
        return reinterpret_cast<__m512i>(simd_t<int8, 64>{static_cast<int8>(f(I))...});
    }(std::make_integer_sequence<int, 64>{});
}
template <typename F>
AIEBUILD_INLINE __m512i index_dwords(F f)
{
    return [&]<int... I>(std::integer_sequence<int, I...>) AIEBUILD_LAMBDA {
        return reinterpret_cast<__m512i>(simd_t<int32, 16>{f(I)...});
    }(std::make_integer_sequence<int, 16>{});
}

// Row pair `rows` of A (dwords m * 2 + half), each dword to eight lanes.
template <int Rows, int Half>
AIEBUILD_INLINE __m512i i8_rows(__m256i a)
{
    return _mm512_permutexvar_epi32(index_dwords([](int i) { return (2 * Rows + i / 8) * 2 + Half; }), _mm512_castsi256_si512(a));
}
// Bytes k = 4 * Half .. +3 of column n in lane (row, n).
template <int Half>
AIEBUILD_INLINE __m512i i8_columns(__m512i b)
{
    return _mm512_permutexvar_epi8(index_bytes([](int i) { return (4 * Half + i % 4) * 8 + (i / 4) % 8; }), b);
}

template <>
struct mmul_kernel<4, 8, 8, int8, int8, int32> {
    using acc_t = storage<int32, 32>;

    __m512i c[2];
    __m256i sums; // of dword (row, half): 128 * sum of A

    AIEBUILD_INLINE void clear()
    {
        c[0] = c[1] = _mm512_setzero_si512();
        sums = _mm256_setzero_si256();
    }
    AIEBUILD_INLINE void set(const acc_t &v)
    {
        c[0] = reinterpret_cast<__m512i>(v.p[0]);
        c[1] = reinterpret_cast<__m512i>(v.p[1]);
        sums = _mm256_setzero_si256();
    }
    AIEBUILD_INLINE acc_t get() const
    {
        const __m256i row = _mm256_add_epi32(sums, _mm256_shuffle_epi32(sums, 0xb1));
        const __m512i wide = _mm512_castsi256_si512(row);
        acc_t r;
        r.p[0] = reinterpret_cast<acc_t::part_t>(_mm512_sub_epi32(c[0], _mm512_permutexvar_epi32(index_dwords([](int i) { return i / 8 * 2; }), wide)));
        r.p[1] = reinterpret_cast<acc_t::part_t>(_mm512_sub_epi32(c[1], _mm512_permutexvar_epi32(index_dwords([](int i) { return 4 + i / 8 * 2; }), wide)));
        return r;
    }
    AIEBUILD_INLINE void mac(const storage<int8, 32> &av, const storage<int8, 64> &bv)
    {
        const auto a = reinterpret_cast<__m256i>(av.p[0]);
        const auto b = _mm512_xor_si512(reinterpret_cast<__m512i>(bv.p[0]), _mm512_set1_epi8(-128));
        const __m512i b0 = i8_columns<0>(b);
        const __m512i b1 = i8_columns<1>(b);
        c[0] = _mm512_dpbusd_epi32(c[0], b0, i8_rows<0, 0>(a));
        c[1] = _mm512_dpbusd_epi32(c[1], b0, i8_rows<1, 0>(a));
        c[0] = _mm512_dpbusd_epi32(c[0], b1, i8_rows<0, 1>(a));
        c[1] = _mm512_dpbusd_epi32(c[1], b1, i8_rows<1, 1>(a));
        sums = _mm256_dpbusd_epi32(sums, _mm256_set1_epi8(-128), a);
    }
};

} // namespace aie::detail

#endif

#if defined(AIEBUILD_BF16)

namespace aie::detail {

// bfloat16 4x8x4: one register is C. Pair p of A is a dword shuffle within each row, pair p of B two rows side by side.
template <>
struct mmul_kernel<4, 8, 4, bfloat16, bfloat16, float> {
    using acc_t = storage<float, 16>;

    __m512 c;

    AIEBUILD_INLINE void clear() { c = _mm512_setzero_ps(); }
    AIEBUILD_INLINE void set(const acc_t &v) { c = reinterpret_cast<__m512>(v.p[0]); }
    AIEBUILD_INLINE acc_t get() const
    {
        acc_t r;
        r.p[0] = reinterpret_cast<acc_t::part_t>(c);
        return r;
    }
    template <int Pair>
    static AIEBUILD_INLINE __m512i columns(__m512i b)
    {
        const auto index = [&]<int... I>(std::integer_sequence<int, I...>) AIEBUILD_LAMBDA {
            return reinterpret_cast<__m512i>(simd_t<int16, 32>{static_cast<int16>((2 * Pair + I % 2) * 4 + (I / 2) % 4)...});
        }(std::make_integer_sequence<int, 32>{});
        return _mm512_permutexvar_epi16(index, b);
    }
    template <int Pair>
    AIEBUILD_INLINE void step(__m512i a, __m512i b)
    {
        const auto x = _mm512_shuffle_epi32(a, static_cast<_MM_PERM_ENUM>(Pair * 0x55));
        c = _mm512_dpbf16_ps(c, reinterpret_cast<__m512bh>(x), reinterpret_cast<__m512bh>(columns<Pair>(b)));
    }
    AIEBUILD_INLINE void mac(const storage<uint16, 32> &av, const storage<uint16, 32> &bv)
    {
        const auto a = reinterpret_cast<__m512i>(av.p[0]);
        const auto b = reinterpret_cast<__m512i>(bv.p[0]);
        step<0>(a, b);
        step<1>(a, b);
        step<2>(a, b);
        step<3>(a, b);
    }
};

} // namespace aie::detail

#endif
