// mmul on AVX512: 8-bit products with VNNI, 16-bit ones with vpmaddwd, bfloat16 with AVX512_BF16.
//
// int8 4x8x8. A register holds two rows of C by eight columns, which is C's row-major order. vpdpbusd multiplies unsigned by
// signed bytes, so B is the unsigned operand with its sign bit turned (B + 128) and 128 times each row sum of A is taken off
// at the end. The row sums depend on A only: the compiler keeps one for all products that share their A. The reordered B
// and the broadcast A are likewise shared between products of one block.

#pragma once

#include "mmul.hpp"

#if defined(AIEBUILD_AVX512)

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
    struct right_t {
        __m512i half[2];
    };
    static AIEBUILD_INLINE right_t right(const storage<int8, 64> &bv)
    {
        using U = simd_t<uint8, 64>;
        const auto b = reinterpret_cast<__m512i>(reinterpret_cast<U>(bv.p[0]) + uint8{128}); // with what made b, where that is a sum
        return {{i8_columns<0>(b), i8_columns<1>(b)}};
    }
    AIEBUILD_INLINE void mac(const storage<int8, 32> &av, const right_t &b)
    {
        const auto a = reinterpret_cast<__m256i>(av.p[0]);
        c[0] = _mm512_dpbusd_epi32(c[0], b.half[0], i8_rows<0, 0>(a));
        c[1] = _mm512_dpbusd_epi32(c[1], b.half[0], i8_rows<1, 0>(a));
        c[0] = _mm512_dpbusd_epi32(c[0], b.half[1], i8_rows<0, 1>(a));
        c[1] = _mm512_dpbusd_epi32(c[1], b.half[1], i8_rows<1, 1>(a));
        sums = _mm256_dpbusd_epi32(sums, _mm256_set1_epi8(-128), a);
    }
    AIEBUILD_INLINE void mac(const storage<int8, 32> &av, const storage<int8, 64> &bv) { mac(av, right(bv)); }
};

// int8 2x8x8: a register for each row of A holds the partial sums (half, n) of each four rows of B, so that B is reordered
// once.
template <>
struct mmul_kernel<2, 8, 8, int8, int8, int32> {
    using acc_t = storage<int32, 16>;

    __m512i c[2];
    __m128i sums;

    AIEBUILD_INLINE void clear()
    {
        c[0] = c[1] = _mm512_setzero_si512();
        sums = _mm_setzero_si128();
    }
    AIEBUILD_INLINE void set(const acc_t &v)
    {
        const auto rows = reinterpret_cast<__m512i>(v.p[0]);
        c[0] = _mm512_zextsi256_si512(_mm512_castsi512_si256(rows));
        c[1] = _mm512_zextsi256_si512(_mm512_extracti64x4_epi64(rows, 1));
        sums = _mm_setzero_si128();
    }
    AIEBUILD_INLINE acc_t get() const
    {
        const __m512i low = _mm512_inserti64x4(c[0], _mm512_castsi512_si256(c[1]), 1);
        const __m512i both = _mm512_add_epi32(low, _mm512_shuffle_i64x2(c[0], c[1], 0xee));
        const __m512i row = _mm512_castsi128_si512(_mm_add_epi32(sums, _mm_shuffle_epi32(sums, 0xb1)));
        acc_t r;
        r.p[0] = reinterpret_cast<acc_t::part_t>(_mm512_sub_epi32(both, _mm512_permutexvar_epi32(index_dwords([](int i) { return i / 8 * 2; }), row)));
        return r;
    }
    AIEBUILD_INLINE void mac(const storage<int8, 16> &av, const storage<int8, 64> &bv)
    {
        const auto a = reinterpret_cast<__m128i>(av.p[0]);
        using U = simd_t<uint8, 64>;
        const auto b = reinterpret_cast<__m512i>(reinterpret_cast<U>(bv.p[0]) + uint8{128});
        const auto columns = _mm512_permutexvar_epi8(index_bytes([](int i) { return (4 * (i / 32) + i % 4) * 8 + (i / 4) % 8; }), b);
        unroll<2>([&](auto m) AIEBUILD_LAMBDA {
            const auto row = _mm512_permutexvar_epi32(index_dwords([](int i) { return 2 * static_cast<int>(decltype(m)::value) + i / 8; }), _mm512_castsi128_si512(a));
            c[m] = _mm512_dpbusd_epi32(c[m], columns, row);
        });
        sums = _mm_dpbusd_epi32(sums, _mm_set1_epi8(-128), a);
    }
};

// int8 1x16x8: a register holds the partial sums (half, n) of each eight rows of B.
template <>
struct mmul_kernel<1, 16, 8, int8, int8, int32> {
    using acc_t = storage<int32, 8>;

    __m512i c;
    __m128i sums;

    AIEBUILD_INLINE void clear()
    {
        c = _mm512_setzero_si512();
        sums = _mm_setzero_si128();
    }
    AIEBUILD_INLINE void set(const acc_t &v)
    {
        c = _mm512_zextsi256_si512(reinterpret_cast<__m256i>(v.p[0]));
        sums = _mm_setzero_si128();
    }
    AIEBUILD_INLINE acc_t get() const
    {
        __m128i t = _mm_add_epi32(sums, _mm_shuffle_epi32(sums, 0xb1));
        t = _mm_add_epi32(t, _mm_shuffle_epi32(t, 0x4e));
        const __m256i both = _mm256_add_epi32(_mm512_castsi512_si256(c), _mm512_extracti64x4_epi64(c, 1));
        acc_t r;
        r.p[0] = reinterpret_cast<acc_t::part_t>(_mm256_sub_epi32(both, _mm256_broadcastd_epi32(t)));
        return r;
    }
    AIEBUILD_INLINE void mac(const storage<int8, 16> &av, const storage<int8, 128> &bv)
    {
        const auto a = reinterpret_cast<__m128i>(av.p[0]);
        unroll<2>([&](auto j) AIEBUILD_LAMBDA {
            const auto b = _mm512_xor_si512(reinterpret_cast<__m512i>(bv.p[j]), _mm512_set1_epi8(-128));
            const auto columns = _mm512_permutexvar_epi8(index_bytes([](int i) { return (4 * (i / 32) + i % 4) * 8 + (i / 4) % 8; }), b);
            const auto row = _mm512_permutexvar_epi32(index_dwords([](int i) { return 2 * static_cast<int>(decltype(j)::value) + i / 8; }), _mm512_castsi128_si512(a));
            c = _mm512_dpbusd_epi32(c, columns, row);
        });
        sums = _mm_dpbusd_epi32(sums, _mm_set1_epi8(-128), a);
    }
};

// Pair p (k = 2p, 2p + 1) of columns of a K x N block of 16-bit elements, repeated for the rows in a register.
template <int N, int Pair>
AIEBUILD_INLINE __m512i i16_columns(__m512i b)
{
    const auto index = [&]<int... I>(std::integer_sequence<int, I...>) AIEBUILD_LAMBDA {
        return reinterpret_cast<__m512i>(simd_t<int16, 32>{static_cast<int16>((2 * Pair + I % 2) * N + (I / 2) % N)...});
    }(std::make_integer_sequence<int, 32>{});
    return _mm512_permutexvar_epi16(index, b);
}
// Pair p of rows First .. of A (4 x 4 elements of 16 bits), each to N lanes.
template <int N, int First, int Pair>
AIEBUILD_INLINE __m512i i16_rows(__m256i a)
{
    return _mm512_permutexvar_epi32(index_dwords([](int i) { return (First + i / N) * 2 + Pair; }), _mm512_castsi256_si512(a));
}

// int16 x int8 4x4x8, 32-bit accumulators that wrap.
template <>
struct mmul_kernel<4, 4, 8, int16, int8, int32> {
    using acc_t = storage<int32, 32>;

    __m512i c[2];

    AIEBUILD_INLINE void clear() { c[0] = c[1] = _mm512_setzero_si512(); }
    AIEBUILD_INLINE void set(const acc_t &v)
    {
        c[0] = reinterpret_cast<__m512i>(v.p[0]);
        c[1] = reinterpret_cast<__m512i>(v.p[1]);
    }
    AIEBUILD_INLINE acc_t get() const
    {
        acc_t r;
        r.p[0] = reinterpret_cast<acc_t::part_t>(c[0]);
        r.p[1] = reinterpret_cast<acc_t::part_t>(c[1]);
        return r;
    }
    AIEBUILD_INLINE void mac(const storage<int16, 16> &av, const storage<int8, 32> &bv)
    {
        const auto a = reinterpret_cast<__m256i>(av.p[0]);
        const auto b = _mm512_cvtepi8_epi16(reinterpret_cast<__m256i>(bv.p[0]));
        const auto b0 = i16_columns<8, 0>(b);
        const auto b1 = i16_columns<8, 1>(b);
        c[0] = _mm512_dpwssd_epi32(c[0], i16_rows<8, 0, 0>(a), b0);
        c[1] = _mm512_dpwssd_epi32(c[1], i16_rows<8, 2, 0>(a), b0);
        c[0] = _mm512_dpwssd_epi32(c[0], i16_rows<8, 0, 1>(a), b1);
        c[1] = _mm512_dpwssd_epi32(c[1], i16_rows<8, 2, 1>(a), b1);
    }
};

// 64-bit sums of 32-bit pair sums. A pair sum x of two int16 products is in [-2^31 + 65536, 2^31], so z = x + 2^31 - 1 fits an
// unsigned lane. Odd lanes are summed after a shift; whole quadwords are summed for the even ones, whose sums are what remains
// after taking the odd sums away. The bias is taken off by the number of pairs summed.
struct wide_sums {
    __m512i even_odd, odd;

    AIEBUILD_INLINE void clear() { even_odd = odd = _mm512_setzero_si512(); }
    AIEBUILD_INLINE void add(__m512i a, __m512i b)
    {
        const auto z = _mm512_dpwssd_epi32(_mm512_set1_epi32(0x7fffffff), a, b);
        even_odd = _mm512_add_epi64(even_odd, z);
        odd = _mm512_add_epi64(odd, _mm512_srli_epi64(z, 32));
    }
    // lanes 0 .. 7 and 8 .. 15
    AIEBUILD_INLINE void set(__m512i low, __m512i high)
    {
        even_odd = _mm512_permutex2var_epi64(low, _mm512_set_epi64(14, 12, 10, 8, 6, 4, 2, 0), high);
        odd = _mm512_permutex2var_epi64(low, _mm512_set_epi64(15, 13, 11, 9, 7, 5, 3, 1), high);
        even_odd = _mm512_add_epi64(even_odd, _mm512_slli_epi64(odd, 32));
    }
    template <int Half>
    AIEBUILD_INLINE __m512i get(int64 pairs) const
    {
        const auto bias = _mm512_set1_epi64(pairs * 0x7fffffff);
        const auto even = _mm512_sub_epi64(_mm512_sub_epi64(even_odd, _mm512_slli_epi64(odd, 32)), bias);
        const auto index = Half ? _mm512_set_epi64(15, 7, 14, 6, 13, 5, 12, 4) : _mm512_set_epi64(11, 3, 10, 2, 9, 1, 8, 0);
        return _mm512_permutex2var_epi64(even, index, _mm512_sub_epi64(odd, bias));
    }
};

template <>
struct mmul_kernel<4, 4, 4, int16, int16, int64> {
    using acc_t = storage<int64, 16>;

    wide_sums c;
    int64 pairs;

    AIEBUILD_INLINE void clear()
    {
        c.clear();
        pairs = 0;
    }
    AIEBUILD_INLINE void set(const acc_t &v)
    {
        c.set(reinterpret_cast<__m512i>(v.p[0]), reinterpret_cast<__m512i>(v.p[1]));
        pairs = 0;
    }
    AIEBUILD_INLINE acc_t get() const
    {
        acc_t r;
        r.p[0] = reinterpret_cast<acc_t::part_t>(c.get<0>(pairs));
        r.p[1] = reinterpret_cast<acc_t::part_t>(c.get<1>(pairs));
        return r;
    }
    AIEBUILD_INLINE void mac(const storage<int16, 16> &av, const storage<int16, 16> &bv)
    {
        const auto a = reinterpret_cast<__m256i>(av.p[0]);
        const auto b = _mm512_castsi256_si512(reinterpret_cast<__m256i>(bv.p[0]));
        c.add(i16_rows<4, 0, 0>(a), i16_columns<4, 0>(b));
        c.add(i16_rows<4, 0, 1>(a), i16_columns<4, 1>(b));
        pairs += 2;
    }
};

template <>
struct mmul_kernel<4, 4, 8, int16, int16, int64> {
    using acc_t = storage<int64, 32>;

    wide_sums c[2];
    int64 pairs;

    AIEBUILD_INLINE void clear()
    {
        c[0].clear();
        c[1].clear();
        pairs = 0;
    }
    AIEBUILD_INLINE void set(const acc_t &v)
    {
        c[0].set(reinterpret_cast<__m512i>(v.p[0]), reinterpret_cast<__m512i>(v.p[1]));
        c[1].set(reinterpret_cast<__m512i>(v.p[2]), reinterpret_cast<__m512i>(v.p[3]));
        pairs = 0;
    }
    AIEBUILD_INLINE acc_t get() const
    {
        acc_t r;
        r.p[0] = reinterpret_cast<acc_t::part_t>(c[0].get<0>(pairs));
        r.p[1] = reinterpret_cast<acc_t::part_t>(c[0].get<1>(pairs));
        r.p[2] = reinterpret_cast<acc_t::part_t>(c[1].get<0>(pairs));
        r.p[3] = reinterpret_cast<acc_t::part_t>(c[1].get<1>(pairs));
        return r;
    }
    AIEBUILD_INLINE void mac(const storage<int16, 16> &av, const storage<int16, 32> &bv)
    {
        const auto a = reinterpret_cast<__m256i>(av.p[0]);
        const auto b = reinterpret_cast<__m512i>(bv.p[0]);
        const auto b0 = i16_columns<8, 0>(b);
        const auto b1 = i16_columns<8, 1>(b);
        c[0].add(i16_rows<8, 0, 0>(a), b0);
        c[1].add(i16_rows<8, 2, 0>(a), b0);
        c[0].add(i16_rows<8, 0, 1>(a), b1);
        c[1].add(i16_rows<8, 2, 1>(a), b1);
        pairs += 2;
    }
};

// Eight rows as two blocks of four.
template <> struct mmul_kernel<8, 8, 8, int8, int8, int32> : mmul_two_blocks<8, 8, 8, int8, int8, int32> {};
template <> struct mmul_kernel<8, 4, 8, int16, int8, int32> : mmul_two_blocks<8, 4, 8, int16, int8, int32> {};

// fp32 4x8x4 by fused multiply-add: lane (m, n), A and B spread by shuffles of quarters.
template <typename T>
struct mmul_fma {
    using acc_t = storage<float, 16>;
    using wide_t = storage<float, 32>;

    __m512 c;

    AIEBUILD_INLINE void clear() { c = _mm512_setzero_ps(); }
    AIEBUILD_INLINE void set(const acc_t &v) { c = reinterpret_cast<__m512>(v.p[0]); }
    AIEBUILD_INLINE acc_t get() const
    {
        acc_t r;
        r.p[0] = reinterpret_cast<acc_t::part_t>(c);
        return r;
    }
    static AIEBUILD_INLINE wide_t widen(const storage<raw_t<T>, 32> &v)
    {
        if constexpr (std::is_same_v<T, float>)
            return v;
        else
            return bf16_to_float(v);
    }
    AIEBUILD_INLINE void mac(const storage<raw_t<T>, 32> &av, const storage<raw_t<T>, 32> &bv)
    {
        const wide_t a = widen(av), b = widen(bv);
        auto reg = [](const wide_t &v, unsigned i) AIEBUILD_LAMBDA { return reinterpret_cast<__m512>(v.p[i]); };
        const auto low = _mm512_shuffle_f32x4(reg(a, 0), reg(a, 1), 0x88);
        const auto high = _mm512_shuffle_f32x4(reg(a, 0), reg(a, 1), 0xdd);
        unroll<8>([&](auto i) AIEBUILD_LAMBDA {
            constexpr unsigned k = i ^ 1;
            constexpr int lane = (k % 4) * 0x55;
            const auto column = _mm512_shuffle_f32x4(reg(b, k / 4), reg(b, k / 4), lane);
            c = _mm512_fmadd_ps(_mm512_permute_ps(k < 4 ? low : high, lane), column, c);
        });
    }
};
template <> struct mmul_kernel<4, 8, 4, float, float, float> : mmul_fma<float> {};

#if defined(AIEBUILD_BF16)

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

#else

template <> struct mmul_kernel<4, 8, 4, bfloat16, bfloat16, float> : mmul_fma<bfloat16> {};

#endif

template <> struct mmul_kernel<8, 8, 4, bfloat16, bfloat16, float> : mmul_two_blocks<8, 8, 4, bfloat16, bfloat16, float> {};

} // namespace aie::detail

#endif
