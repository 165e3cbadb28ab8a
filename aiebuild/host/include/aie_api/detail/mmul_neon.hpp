// mmul on AArch64: int8 with the dot product extension, int16 x int8 by widening multiply-add, bfloat16 and float in fp32.

#pragma once

#include "mmul.hpp"

#if defined(AIEBUILD_NEON)

namespace aie::detail {

#if defined(__ARM_FEATURE_DOTPROD)

// A register holds four columns of a row; bytes of four k of a column are brought together by one table look-up.
template <unsigned M>
struct mmul_dot {
    using acc_t = storage<int32, M * 8>;

    int32x4_t c[M][2];

    AIEBUILD_INLINE void clear()
    {
        unroll<2 * M>([&](auto i) AIEBUILD_LAMBDA { c[i / 2][i % 2] = vdupq_n_s32(0); });
    }
    AIEBUILD_INLINE void set(const acc_t &v)
    {
        unroll<2 * M>([&](auto i) AIEBUILD_LAMBDA { c[i / 2][i % 2] = reinterpret_cast<int32x4_t>(v.p[i]); });
    }
    AIEBUILD_INLINE acc_t get() const
    {
        acc_t r;
        unroll<2 * M>([&](auto i) AIEBUILD_LAMBDA { r.p[i] = reinterpret_cast<typename acc_t::part_t>(c[i / 2][i % 2]); });
        return r;
    }
    AIEBUILD_INLINE void mac(const storage<int8, M * 8> &a, const storage<int8, 64> &b)
    {
        unroll<2>([&](auto h) AIEBUILD_LAMBDA {
            constexpr int half = decltype(h)::value;
            const int8x16x2_t rows = {reinterpret_cast<int8x16_t>(b.p[2 * half]), reinterpret_cast<int8x16_t>(b.p[2 * half + 1])};
            unroll<2>([&](auto j) AIEBUILD_LAMBDA {
                constexpr int first = decltype(j)::value * 4;
                const auto index = [&]<int... I>(std::integer_sequence<int, I...>) AIEBUILD_LAMBDA {
                    return reinterpret_cast<uint8x16_t>(
                        simd_t<uint8, 16>{static_cast<uint8>(I % 4 / 2 * 16 + I % 2 * 8 + first + I / 4)...});
                }(std::make_integer_sequence<int, 16>{});
                const int8x16_t columns = vqtbl2q_s8(rows, index);
                unroll<M>([&](auto m) AIEBUILD_LAMBDA {
                    c[m][j] = vdotq_laneq_s32(c[m][j], columns, reinterpret_cast<int8x16_t>(a.p[m / 2]), (m % 2) * 2 + half);
                });
            });
        });
    }
};
template <> struct mmul_kernel<2, 8, 8, int8, int8, int32> : mmul_dot<2> {};
template <> struct mmul_kernel<4, 8, 8, int8, int8, int32> : mmul_dot<4> {};
template <> struct mmul_kernel<8, 8, 8, int8, int8, int32> : mmul_two_blocks<8, 8, 8, int8, int8, int32> {};

#endif

template <>
struct mmul_kernel<4, 4, 8, int16, int8, int32> {
    using acc_t = storage<int32, 32>;

    int32x4_t c[4][2];

    AIEBUILD_INLINE void clear()
    {
        unroll<8>([&](auto i) AIEBUILD_LAMBDA { c[i / 2][i % 2] = vdupq_n_s32(0); });
    }
    AIEBUILD_INLINE void set(const acc_t &v)
    {
        unroll<8>([&](auto i) AIEBUILD_LAMBDA { c[i / 2][i % 2] = reinterpret_cast<int32x4_t>(v.p[i]); });
    }
    AIEBUILD_INLINE acc_t get() const
    {
        acc_t r;
        unroll<8>([&](auto i) AIEBUILD_LAMBDA { r.p[i] = reinterpret_cast<acc_t::part_t>(c[i / 2][i % 2]); });
        return r;
    }
    AIEBUILD_INLINE void mac(const storage<int16, 16> &a, const storage<int8, 32> &b)
    {
        unroll<4>([&](auto kk) AIEBUILD_LAMBDA {
            constexpr int k = decltype(kk)::value;
            const auto bytes = reinterpret_cast<int8x16_t>(b.p[k / 2]);
            const int16x8_t row = vmovl_s8(k % 2 ? vget_high_s8(bytes) : vget_low_s8(bytes));
            unroll<4>([&](auto m) AIEBUILD_LAMBDA {
                const auto x = reinterpret_cast<int16x8_t>(a.p[m / 2]);
                constexpr int lane = (decltype(m)::value % 2) * 4 + k;
                c[m][0] = vmlal_laneq_s16(c[m][0], vget_low_s16(row), x, lane);
                c[m][1] = vmlal_high_laneq_s16(c[m][1], row, x, lane);
            });
        });
    }
};

template <typename T>
struct mmul_fma {
    using acc_t = storage<float, 16>;
    using wide_t = storage<float, 32>;

    float32x4_t c[4];

    AIEBUILD_INLINE void clear()
    {
        unroll<4>([&](auto m) AIEBUILD_LAMBDA { c[m] = vdupq_n_f32(0); });
    }
    AIEBUILD_INLINE void set(const acc_t &v)
    {
        unroll<4>([&](auto m) AIEBUILD_LAMBDA { c[m] = reinterpret_cast<float32x4_t>(v.p[m]); });
    }
    AIEBUILD_INLINE acc_t get() const
    {
        acc_t r;
        unroll<4>([&](auto m) AIEBUILD_LAMBDA { r.p[m] = reinterpret_cast<acc_t::part_t>(c[m]); });
        return r;
    }
    AIEBUILD_INLINE void mac(const storage<raw_t<T>, 32> &av, const storage<raw_t<T>, 32> &bv)
    {
        wide_t a, b;
        if constexpr (std::is_same_v<T, float>)
            a = av, b = bv;
        else
            a = bf16_to_float(av), b = bf16_to_float(bv);
        unroll<8>([&](auto i) AIEBUILD_LAMBDA {
            constexpr int k = decltype(i)::value ^ 1;
            unroll<4>([&](auto m) AIEBUILD_LAMBDA {
                c[m] = vfmaq_laneq_f32(c[m], reinterpret_cast<float32x4_t>(b.p[k]), reinterpret_cast<float32x4_t>(a.p[2 * m + k / 4]), k % 4);
            });
        });
    }
};
template <> struct mmul_kernel<4, 8, 4, bfloat16, bfloat16, float> : mmul_fma<bfloat16> {};
template <> struct mmul_kernel<4, 8, 4, float, float, float> : mmul_fma<float> {};
template <> struct mmul_kernel<8, 8, 4, bfloat16, bfloat16, float> : mmul_two_blocks<8, 8, 4, bfloat16, bfloat16, float> {};

} // namespace aie::detail

#endif
