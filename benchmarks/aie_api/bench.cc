// Kernels as an author would write them, on data that stays in the first-level cache: one core's figures.
// Usage: bench [name...]; prints "name microseconds rate".

#include <aie_api/aie.hpp>

#include <cstdlib>
#include <cstring>

#include "measure.hpp"

#ifndef UNROLL
#define UNROLL
#endif

namespace {

// C (4x8 blocks, int32, row-major blocks) += A (4x8 blocks) * B (8x8 blocks); K = 8 * KB.
template <unsigned MB, unsigned NB, unsigned KB, unsigned BM, unsigned BN>
__attribute__((noinline)) void gemm_i8(const int8 *__restrict a, const int8 *__restrict b, int32 *__restrict c)
{
    using MM = aie::mmul<4, 8, 8, int8, int8>;
    for (unsigned i = 0; i < MB; i += BM)
        for (unsigned j = 0; j < NB; j += BN) {
            MM acc[BM][BN];
            for (unsigned y = 0; y < BM; ++y)
                for (unsigned x = 0; x < BN; ++x)
                    acc[y][x] = MM(aie::load_v<MM::size_C>(c + ((i + y) * NB + j + x) * MM::size_C));
            for (unsigned k = 0; k < KB; ++k) {
                aie::vector<int8, 32> va[BM];
                aie::vector<int8, 64> vb[BN];
                for (unsigned y = 0; y < BM; ++y)
                    va[y] = aie::load_v<32>(a + ((i + y) * KB + k) * 32);
                for (unsigned x = 0; x < BN; ++x)
                    vb[x] = aie::load_v<64>(b + ((j + x) * KB + k) * 64);
                for (unsigned y = 0; y < BM; ++y)
                    for (unsigned x = 0; x < BN; ++x)
                        acc[y][x].mac(va[y], vb[x]);
            }
            for (unsigned y = 0; y < BM; ++y)
                for (unsigned x = 0; x < BN; ++x)
                    aie::store_v(c + ((i + y) * NB + j + x) * MM::size_C, acc[y][x].template to_vector<int32>());
        }
}

// The same written out by hand, 2x2 blocks, as most published kernels are.
__attribute__((noinline)) void gemm_i8_plain(const int8 *__restrict a, const int8 *__restrict b, int32 *__restrict c)
{
    using MM = aie::mmul<4, 8, 8, int8, int8>;
    constexpr unsigned KB = 16, NB = 8, MB = 16;
    for (unsigned i = 0; i < MB; i += 2)
        for (unsigned j = 0; j < NB; j += 2) {
            const int8 *pa0 = a + i * KB * 32, *pa1 = pa0 + KB * 32;
            const int8 *pb0 = b + j * KB * 64, *pb1 = pb0 + KB * 64;
            int32 *pc0 = c + (i * NB + j) * 32, *pc1 = pc0 + NB * 32;
            MM c00(aie::load_v<32>(pc0)), c01(aie::load_v<32>(pc0 + 32));
            MM c10(aie::load_v<32>(pc1)), c11(aie::load_v<32>(pc1 + 32));
            for (unsigned k = 0; k < KB; ++k, pa0 += 32, pa1 += 32, pb0 += 64, pb1 += 64) {
                const auto a0 = aie::load_v<32>(pa0), a1 = aie::load_v<32>(pa1);
                const auto b0 = aie::load_v<64>(pb0), b1 = aie::load_v<64>(pb1);
                c00.mac(a0, b0);
                c01.mac(a0, b1);
                c10.mac(a1, b0);
                c11.mac(a1, b1);
            }
            aie::store_v(pc0, c00.to_vector<int32>());
            aie::store_v(pc0 + 32, c01.to_vector<int32>());
            aie::store_v(pc1, c10.to_vector<int32>());
            aie::store_v(pc1 + 32, c11.to_vector<int32>());
        }
}

template <unsigned K, unsigned N, typename TA, typename TB, typename TC, typename Tag, unsigned MB, unsigned NB, unsigned KB, unsigned BM, unsigned BN>
__attribute__((noinline)) void gemm(const TA *__restrict a, const TB *__restrict b, TC *__restrict c)
{
    using MM = aie::mmul<4, K, N, TA, TB, Tag>;
    for (unsigned i = 0; i < MB; i += BM)
        for (unsigned j = 0; j < NB; j += BN) {
            MM acc[BM][BN];
            if constexpr (sizeof(TC) == sizeof(typename MM::accum_type::lane_type))
                for (unsigned y = 0; y < BM; ++y)
                    for (unsigned x = 0; x < BN; ++x)
                        acc[y][x] = MM(aie::load_v<MM::size_C>(c + ((i + y) * NB + j + x) * MM::size_C));
            for (unsigned k = 0; k < KB; ++k) {
                aie::vector<TA, MM::size_A> va[BM];
                aie::vector<TB, MM::size_B> vb[BN];
                for (unsigned y = 0; y < BM; ++y)
                    va[y] = aie::load_v<MM::size_A>(a + ((i + y) * KB + k) * MM::size_A);
                for (unsigned x = 0; x < BN; ++x)
                    vb[x] = aie::load_v<MM::size_B>(b + ((j + x) * KB + k) * MM::size_B);
                for (unsigned y = 0; y < BM; ++y)
                    for (unsigned x = 0; x < BN; ++x)
                        acc[y][x].mac(va[y], vb[x]);
            }
            for (unsigned y = 0; y < BM; ++y)
                for (unsigned x = 0; x < BN; ++x)
                    aie::store_v(c + ((i + y) * NB + j + x) * MM::size_C, acc[y][x].template to_vector<TC>(15 * (sizeof(TC) == 4 && sizeof(typename MM::accum_type::lane_type) == 8)));
        }
}

// One row of activations against a matrix of 64 x 512 weights.
__attribute__((noinline)) void gemv_i8(const int8 *__restrict a, const int8 *__restrict b, int32 *__restrict c)
{
    using MM = aie::mmul<4, 8, 8, int8, int8>;
    constexpr unsigned NB = 8, KB = 64;
    for (unsigned j = 0; j < NB; j += 4) {
        MM acc[4];
        for (unsigned k = 0; k < KB; ++k) {
            const auto va = aie::load_v<32>(a + k * 32);
            for (unsigned x = 0; x < 4; ++x)
                acc[x].mac(va, aie::load_v<64>(b + ((j + x) * KB + k) * 64));
        }
        for (unsigned x = 0; x < 4; ++x)
            aie::store_v(c + (j + x) * 32, acc[x].to_vector<int32>());
    }
}

template <unsigned L>
__attribute__((noinline)) void bf16_to_float(const bfloat16 *__restrict a, float *__restrict c)
{
    for (unsigned i = 0; i < 4096; i += L)
        aie::store_v(c + i, aie::accum<accfloat, L>(aie::load_v<L>(a + i)).template to_vector<float>());
}
template <unsigned L>
__attribute__((noinline)) void float_to_bf16(const float *__restrict a, bfloat16 *__restrict c)
{
    aie::set_rounding(aie::rounding_mode::conv_even);
    for (unsigned i = 0; i < 4096; i += L)
        aie::store_v(c + i, aie::accum<accfloat, L>(aie::load_v<L>(a + i)).template to_vector<bfloat16>());
    aie::set_rounding(aie::rounding_mode::floor);
}
template <unsigned L>
__attribute__((noinline)) void softmax_step(const float *__restrict a, float *__restrict c)
{
    aie::vector<float, L> m = aie::broadcast<float, L>(-1e30f);
    for (unsigned i = 0; i < 4096; i += L) {
        const auto x = aie::load_v<L>(a + i);
        m = aie::max(m, x);
        aie::store_v(c + i, aie::mul(aie::sub(x, m), 0.125f).template to_vector<float>());
    }
}
__attribute__((noinline)) void max_bf16(const bfloat16 *__restrict a, bfloat16 *__restrict c)
{
    auto m = aie::broadcast<bfloat16, 32>(0.0f);
    for (unsigned i = 0; i < 4096; i += 32) {
        m = aie::max(m, aie::load_v<32>(a + i));
        aie::store_v(c + i, m);
    }
}
__attribute__((noinline)) void to_fixed_bf16(const bfloat16 *__restrict a, int16 *__restrict c)
{
    for (unsigned i = 0; i < 4096; i += 32)
        aie::store_v(c + i, aie::to_fixed<int16>(aie::load_v<32>(a + i), 4));
}
__attribute__((noinline)) void requantise(const int16 *__restrict a, int8 *__restrict c)
{
    aie::set_rounding(aie::rounding_mode::conv_even);
    aie::set_saturation(aie::saturation_mode::saturate);
    for (unsigned i = 0; i < 4096; i += 32)
        aie::store_v(c + i, aie::mul(aie::load_v<32>(a + i), int16(12345)).to_vector<int16>(15).pack());
    aie::set_saturation(aie::saturation_mode::none);
    aie::set_rounding(aie::rounding_mode::floor);
}
__attribute__((noinline)) void requantise_acc(const int32 *__restrict a, int8 *__restrict c)
{
    aie::set_rounding(aie::rounding_mode::conv_even);
    aie::set_saturation(aie::saturation_mode::saturate);
    for (unsigned i = 0; i < 4096; i += 32) {
        aie::accum<acc32, 32> acc(aie::load_v<32>(a + i));
        aie::store_v(c + i, acc.to_vector<int8>(7));
    }
    aie::set_saturation(aie::saturation_mode::none);
    aie::set_rounding(aie::rounding_mode::floor);
}
__attribute__((noinline)) void zip_bf16(const bfloat16 *__restrict a, bfloat16 *__restrict c)
{
    for (unsigned i = 0; i < 4096; i += 64) {
        auto [x, y] = aie::interleave_zip(aie::load_v<32>(a + i), aie::load_v<32>(a + i + 32), 4);
        aie::store_v(c + i, x);
        aie::store_v(c + i + 32, y);
    }
}
__attribute__((noinline)) void transpose_bf16(const bfloat16 *__restrict a, bfloat16 *__restrict c)
{
    for (unsigned i = 0; i < 4096; i += 32)
        aie::store_v(c + i, aie::transpose(aie::load_v<32>(a + i), 4, 8));
}
__attribute__((noinline)) void transpose_i8(const int8 *__restrict a, int8 *__restrict c)
{
    for (unsigned i = 0; i < 4096; i += 64)
        aie::store_v(c + i, aie::transpose(aie::load_v<64>(a + i), 8, 8));
}
__attribute__((noinline)) void sums(const float *__restrict a, float *__restrict c)
{
    for (unsigned i = 0; i < 4096; i += 16)
        c[i / 16] = aie::reduce_add(aie::load_v<16>(a + i)) + aie::reduce_max(aie::load_v<16>(a + i));
}

alignas(64) char buf_a[1 << 16], buf_b[1 << 16], buf_c[1 << 16];

template <typename T>
T *at(char *p)
{
    return reinterpret_cast<T *>(p);
}

} // namespace

int main(int argc, char **argv)
{
    for (unsigned i = 0; i < sizeof buf_a; ++i)
        buf_a[i] = static_cast<char>(std::rand()), buf_b[i] = static_cast<char>(std::rand());
    auto floats = [](char *p) {
        for (unsigned i = 0; i < 8192; ++i)
            at<float>(p)[i] = static_cast<float>(std::rand() % 2000 - 1000) / 256;
    };
    auto halves = [](char *p) {
        for (unsigned i = 0; i < 16384; ++i)
            at<bfloat16>(p)[i] = static_cast<float>(std::rand() % 2000 - 1000) / 256;
    };
    constexpr double g = 64.0 * 64 * 128;
    const auto i8 = [&](auto f) { return [f] { f(at<int8>(buf_a), at<int8>(buf_b), at<int32>(buf_c)); }; };
    measure(argc, argv, "i8_4x8x8_plain_2x2", g, "GMAC/s", i8(gemm_i8_plain));
    measure(argc, argv, "i8_4x8x8_2x2", g, "GMAC/s", i8(gemm_i8<16, 8, 16, 2, 2>));
    measure(argc, argv, "i8_4x8x8_2x4", g, "GMAC/s", i8(gemm_i8<16, 8, 16, 2, 4>));
    measure(argc, argv, "i8_4x8x8_4x2", g, "GMAC/s", i8(gemm_i8<16, 8, 16, 4, 2>));
    measure(argc, argv, "i8_4x8x8_4x4", g, "GMAC/s", i8(gemm_i8<16, 8, 16, 4, 4>));
    measure(argc, argv, "i8_4x8x8_4x4_k64", g / 2, "GMAC/s", i8(gemm_i8<16, 8, 8, 4, 4>));
    measure(argc, argv, "i8_gemv_4x8x8", 64.0 * 512, "GB/s weights", i8(gemv_i8));
    measure(argc, argv, "i16_4x4x4_acc64_2x2", 64.0 * 64 * 64, "GMAC/s", [] { gemm<4, 4, int16, int16, int32, acc64, 16, 16, 16, 2, 2>(at<int16>(buf_a), at<int16>(buf_b), at<int32>(buf_c)); });
    measure(argc, argv, "i16_4x4x8_acc64_2x2", 64.0 * 64 * 64, "GMAC/s", [] { gemm<4, 8, int16, int16, int32, acc64, 16, 8, 16, 2, 2>(at<int16>(buf_a), at<int16>(buf_b), at<int32>(buf_c)); });
    measure(argc, argv, "i16_i8_4x4x8_2x2", 64.0 * 64 * 64, "GMAC/s", [] { gemm<4, 8, int16, int8, int32, acc32, 16, 8, 16, 2, 2>(at<int16>(buf_a), at<int8>(buf_b), at<int32>(buf_c)); });
    halves(buf_a);
    halves(buf_b);
    std::memset(buf_c, 0, sizeof buf_c);
    const auto bf = [&](auto f) { return [f] { f(at<bfloat16>(buf_a), at<bfloat16>(buf_b), at<float>(buf_c)); }; };
    measure(argc, argv, "bf16_4x8x4_2x2", g / 2, "GMAC/s", bf(gemm<8, 4, bfloat16, bfloat16, float, accauto, 16, 16, 8, 2, 2>));
    measure(argc, argv, "bf16_4x8x4_2x4", g / 2, "GMAC/s", bf(gemm<8, 4, bfloat16, bfloat16, float, accauto, 16, 16, 8, 2, 4>));
    measure(argc, argv, "bf16_4x8x4_4x4", g / 2, "GMAC/s", bf(gemm<8, 4, bfloat16, bfloat16, float, accauto, 16, 16, 8, 4, 4>));
    measure(argc, argv, "bf16_to_float_32", 4096, "Gelem/s", [] { bf16_to_float<32>(at<bfloat16>(buf_a), at<float>(buf_c)); });
    floats(buf_b);
    measure(argc, argv, "float_to_bf16_even_16", 4096, "Gelem/s", [] { float_to_bf16<16>(at<float>(buf_b), at<bfloat16>(buf_c)); });
    measure(argc, argv, "float_to_bf16_even_32", 4096, "Gelem/s", [] { float_to_bf16<32>(at<float>(buf_b), at<bfloat16>(buf_c)); });
    measure(argc, argv, "float_max_sub_mul_16", 4096, "Gelem/s", [] { softmax_step<16>(at<float>(buf_b), at<float>(buf_c)); });
    measure(argc, argv, "float_max_sub_mul_32", 4096, "Gelem/s", [] { softmax_step<32>(at<float>(buf_b), at<float>(buf_c)); });
    measure(argc, argv, "bf16_max_32", 4096, "Gelem/s", [] { max_bf16(at<bfloat16>(buf_a), at<bfloat16>(buf_c)); });
    measure(argc, argv, "bf16_to_fixed_i16_32", 4096, "Gelem/s", [] { to_fixed_bf16(at<bfloat16>(buf_a), at<int16>(buf_c)); });
    measure(argc, argv, "i16_mul_shift_pack_32", 4096, "Gelem/s", [] { requantise(at<int16>(buf_a), at<int8>(buf_c)); });
    measure(argc, argv, "acc32_to_i8_even_32", 4096, "Gelem/s", [] { requantise_acc(at<int32>(buf_a), at<int8>(buf_c)); });
    measure(argc, argv, "zip_bf16_by4", 4096, "Gelem/s", [] { zip_bf16(at<bfloat16>(buf_a), at<bfloat16>(buf_c)); });
    measure(argc, argv, "transpose_bf16_4x8", 4096, "Gelem/s", [] { transpose_bf16(at<bfloat16>(buf_a), at<bfloat16>(buf_c)); });
    measure(argc, argv, "transpose_i8_8x8", 4096, "Gelem/s", [] { transpose_i8(at<int8>(buf_a), at<int8>(buf_c)); });
    measure(argc, argv, "reduce_add_max_float_16", 4096, "Gelem/s", [] { sums(at<float>(buf_b), at<float>(buf_c)); });
}
