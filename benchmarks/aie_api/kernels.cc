// The overlays' hot kernels on one core's data in cache. Usage: kernels [name...]; prints "name microseconds rate".
// Build with the kernel sources: see bench.py.

#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "measure.hpp"

extern "C" {
void encoder_gemm_step(int8_t *A, int8_t *B, int32_t *acc, int32_t *scratch, int32_t *stats, int32_t *params, int32_t k);
void encoder_gemm_finish(int8_t *C, int8_t *residual, int32_t *acc, int32_t *stats, int32_t *params, int32_t tile,
                         int32_t row, int32_t column);
void encoder_attention_query(int8_t *A, int8_t *C, int32_t *acc, int32_t *stats, int32_t i, int32_t column);
void encoder_attention_step(int8_t *B, int8_t *C, int32_t *acc, int32_t *scratch, int32_t *stats, int32_t *params,
                            int32_t i);
void encoder_norm_statistics(int8_t *A, int32_t *acc, int32_t *params, int32_t i, int32_t column);
void encoder_norm_apply(int8_t *A, int8_t *C, int32_t *acc, int32_t i, int32_t output, int32_t column);
void decoder_linear_step(int8_t *B, int8_t *X, float *y, float *scales, int32_t *params, int32_t part, int32_t i,
                         int32_t row);
void decoder_linear_finish(int8_t *C, float *y, int32_t *params, int32_t output);
void decoder_attention_step(int8_t *B, int8_t *X, float *y, float *stats, int32_t *params, int32_t group, int32_t i,
                            int32_t row);
void mel_power(const int8_t *coefficients, const int16_t *folded, uint16_t *power, int32_t chunk);
}

namespace {

alignas(64) char a[1 << 16], b[1 << 16], c[1 << 16], acc[1 << 16], stats[1 << 16], scratch[1 << 16], big[1 << 18];
alignas(64) int32_t params[64];

void small_bf16(char *p, unsigned bytes, unsigned seed)
{
    auto *h = reinterpret_cast<uint16_t *>(p);
    std::srand(seed);
    for (unsigned i = 0; i < bytes / 2; ++i)
        h[i] = static_cast<uint16_t>((std::rand() & 0x807f) | (120 + std::rand() % 6) << 7);
}

int8_t *bytes(char *p) { return reinterpret_cast<int8_t *>(p); }
int32_t *ints(char *p) { return reinterpret_cast<int32_t *>(p); }

} // namespace

int main(int argc, char **argv)
{
    small_bf16(a, sizeof a, 1);
    small_bf16(b, sizeof b, 2);
    const double elements = 64 * 64;
    params[0] = 0; // int8
    measure(argc, argv, "gemm_step_int8", 64.0 * 64 * 128, "GMAC/s", [](int r) { encoder_gemm_step(bytes(a), bytes(b), ints(acc), ints(scratch), ints(stats), params, 1 + (r & 1)); });
    params[8] = 1;
    for (int flags : {0, 1, 2, 3}) {
        params[7] = flags;
        char name[64];
        std::snprintf(name, sizeof name, "gemm_finish_int8_flags%d", flags);
        measure(argc, argv, name, elements, "Gelem/s", [](int) { encoder_gemm_finish(bytes(c), bytes(a), ints(acc), ints(stats), params, 0, 0, 0); });
    }
    params[11] = 100;
    measure(argc, argv, "gemm_finish_transposed", elements, "Gelem/s", [](int) { encoder_gemm_finish(bytes(c), bytes(a), ints(acc), ints(stats), params, 0, 0, 0); });
    params[11] = 0;
    params[12] = 100;
    measure(argc, argv, "gemm_finish_natural", elements, "Gelem/s", [](int) { encoder_gemm_finish(bytes(c), bytes(a), ints(acc), ints(stats), params, 0, 0, 0); });
    params[0] = 1;
    measure(argc, argv, "gemm_step_bf16", 64.0 * 64 * 64, "GMAC/s", [](int r) { encoder_gemm_step(bytes(a), bytes(b), ints(acc), ints(scratch), ints(stats), params, (r & 15)); });
    params[0] = 2;
    measure(argc, argv, "gemm_step_bf16_rows", 64.0 * 64 * 64, "GMAC/s", [](int r) { encoder_gemm_step(bytes(a), bytes(b), ints(acc), ints(scratch), ints(stats), params, (r & 15)); });
    params[0] = 3;
    params[14] = 1500;
    encoder_attention_query(bytes(a), bytes(c), ints(acc), ints(stats), 0, 0);
    measure(argc, argv, "attention_step", 2.0 * 64 * 64 * 32, "GMAC/s", [](int) { encoder_attention_step(bytes(b), bytes(c), ints(acc), ints(scratch), ints(stats), params, 3); });
    params[2] = 9;
    params[13] = 512;
    measure(argc, argv, "norm_statistics", 16.0 * 64, "Gelem/s", [](int r) { encoder_norm_statistics(bytes(a), ints(acc), params, r & 7, 0); });
    measure(argc, argv, "norm_apply", 16.0 * 64, "Gelem/s", [](int r) { encoder_norm_apply(bytes(a), bytes(c), ints(acc), r & 7, 0, 0); });
    // decoder: kind, rows, k tiles, keys
    std::memset(params, 0, sizeof params);
    params[1 + 7] = 1;
    params[9] = 4;
    params[5] = 16;
    params[13] = 1;
    measure(argc, argv, "decoder_linear_1_row", 4224, "GB/s of weights", [](int r) { decoder_linear_step(bytes(big) + (r & 7) * 16896, bytes(a), reinterpret_cast<float *>(acc), reinterpret_cast<float *>(stats), params, 0, r & 15, 0); });
    params[8] = 4;
    measure(argc, argv, "decoder_linear_4_rows", 4224, "GB/s of weights", [](int r) { decoder_linear_step(bytes(big) + (r & 7) * 16896, bytes(a), reinterpret_cast<float *>(acc), reinterpret_cast<float *>(stats), params, 0, r & 15, 0); });
    params[8] = 2;
    params[13] = 4;
    measure(argc, argv, "decoder_linear_2_rows_all_columns", 2.0 * 2 * 16384, "GMAC/s (int8, two a weight)", [](int r) { decoder_linear_step(bytes(big) + (r & 7) * 16896, bytes(a), reinterpret_cast<float *>(acc), reinterpret_cast<float *>(stats), params, 0, r & 15, 0); });
    params[13] = 1;
    static int8_t *const far = static_cast<int8_t *>(std::aligned_alloc(64, 1 << 28));
    std::memset(far, 1, 1 << 28);
    params[8] = 1;
    measure(argc, argv, "decoder_linear_1_row_memory", 16896.0 * 4096, "GB/s of weights", [](int) {
        for (int t = 0; t < 4096; ++t)
            for (int row = 0; row < 4; ++row)
                decoder_linear_step(far + t * 16896, bytes(a), reinterpret_cast<float *>(acc), reinterpret_cast<float *>(stats), params, 0, t & 15, row);
    });
    measure(argc, argv, "decoder_linear_1_row_prefetch", 16896.0 * 4096, "GB/s of weights, two tiles ahead", [](int) {
        for (int t = 0; t < 4096; ++t)
            for (int row = 0; row < 4; ++row) {
                const int8_t *next = far + (t + 2) * 16896 + row * 4224;
                for (int line = 0; line < 4224; line += 64)
                    __builtin_prefetch(next + line, 0, 3);
                decoder_linear_step(far + t * 16896, bytes(a), reinterpret_cast<float *>(acc), reinterpret_cast<float *>(stats), params, 0, t & 15, row);
            }
    });
    measure(argc, argv, "streaming_read", double(1 << 26), "GB/s", [](int) {
        int64_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
        const int64_t *p = reinterpret_cast<const int64_t *>(far);
        for (int i = 0; i < (1 << 23); i += 4)
            s0 += p[i], s1 += p[i + 1], s2 += p[i + 2], s3 += p[i + 3];
        acc[0] = static_cast<char>(s0 + s1 + s2 + s3);
    });
    params[7 + 5] = 1; // GELU
    measure(argc, argv, "decoder_linear_finish_gelu", 128, "Gelem/s", [](int) { decoder_linear_finish(bytes(c), reinterpret_cast<float *>(acc), params, 0); });
    params[0] = 4;
    params[14] = 1500;
    small_bf16(big, sizeof big, 3);
    measure(argc, argv, "decoder_cross_attention", 4224, "GB/s of keys and values", [](int r) { decoder_attention_step(bytes(big) + (r & 7) * 16896, bytes(a), reinterpret_cast<float *>(acc), reinterpret_cast<float *>(stats), params, 0, 1 + (r & 7), 0); });
    std::memset(big, 1, sizeof big);
    measure(argc, argv, "mel_power", 2.0 * 2 * 200 * 8 * 32, "GMAC/s (int16 x int8)", [](int) { mel_power(bytes(b), reinterpret_cast<int16_t *>(big), reinterpret_cast<uint16_t *>(c), 0); });
}
