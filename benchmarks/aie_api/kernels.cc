// The overlays' hot kernels on one core's data in cache. Usage: kernels [name...]; prints "name microseconds rate".
// Build with the kernel sources: see bench.py.

#include <cstdint>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

extern "C" {
void encoder_gemm_step(int8_t *A, int8_t *B, int32_t *acc, int32_t *stats, int32_t *params, int32_t k);
void encoder_gemm_finish(int8_t *C, int8_t *residual, int32_t *acc, int32_t *stats, int32_t *params, int32_t tile,
                         int32_t row, int32_t column);
void encoder_attention_query(int8_t *A, int8_t *C, int32_t *acc, int32_t *stats, int32_t i, int32_t column);
void encoder_attention_step(int8_t *B, int8_t *C, int32_t *acc, int32_t *scratch, int32_t *stats, int32_t *params,
                            int32_t i);
void encoder_norm_statistics(int8_t *A, int32_t *acc, int32_t *params, int32_t i, int32_t column);
void encoder_norm_apply(int8_t *A, int8_t *C, int32_t *acc, int32_t i, int32_t output, int32_t column);
void mel_power(const int8_t *coefficients, const int16_t *folded, uint16_t *power, int32_t chunk);
}

namespace {

alignas(64) char a[1 << 16], b[1 << 16], c[1 << 16], acc[1 << 16], stats[1 << 16], scratch[1 << 16], big[1 << 18];
alignas(64) int32_t params[64];

template <typename F>
void measure(int argc, char **argv, const char *name, double work, const char *unit, F f)
{
    bool wanted = argc < 2;
    for (int i = 1; i < argc; ++i)
        wanted = wanted || std::strstr(name, argv[i]);
    if (!wanted)
        return;
    double best = 1e30;
    unsigned runs = 1;
    for (int round = 0; round < 30; ++round) {
        const auto start = std::chrono::steady_clock::now();
        for (unsigned r = 0; r < runs; ++r)
            f(static_cast<int>(r));
        const double t = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        best = t / runs < best ? t / runs : best;
        if (t < 1e-3)
            runs *= 2;
    }
    std::printf("%-28s %8.3f us %8.1f %s\n", name, best * 1e6, work / best * 1e-9, unit);
}

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
    measure(argc, argv, "gemm_step_int8", 64.0 * 64 * 128, "GMAC/s", [](int r) { encoder_gemm_step(bytes(a), bytes(b), ints(acc), ints(stats), params, 1 + (r & 1)); });
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
    measure(argc, argv, "gemm_step_bf16", 64.0 * 64 * 64, "GMAC/s", [](int r) { encoder_gemm_step(bytes(a), bytes(b), ints(acc), ints(stats), params, (r & 15)); });
    params[0] = 2;
    measure(argc, argv, "gemm_step_bf16_rows", 64.0 * 64 * 64, "GMAC/s", [](int r) { encoder_gemm_step(bytes(a), bytes(b), ints(acc), ints(stats), params, (r & 15)); });
    params[0] = 3;
    params[14] = 1500;
    encoder_attention_query(bytes(a), bytes(c), ints(acc), ints(stats), 0, 0);
    measure(argc, argv, "attention_step", 2.0 * 64 * 64 * 32, "GMAC/s", [](int) { encoder_attention_step(bytes(b), bytes(c), ints(acc), ints(scratch), ints(stats), params, 3); });
    params[2] = 9;
    params[13] = 512;
    measure(argc, argv, "norm_statistics", 16.0 * 64, "Gelem/s", [](int r) { encoder_norm_statistics(bytes(a), ints(acc), params, r & 7, 0); });
    measure(argc, argv, "norm_apply", 16.0 * 64, "Gelem/s", [](int r) { encoder_norm_apply(bytes(a), bytes(c), ints(acc), r & 7, 0, 0); });
    std::memset(big, 1, sizeof big);
    measure(argc, argv, "mel_power", 2.0 * 2 * 200 * 8 * 32, "GMAC/s (int16 x int8)", [](int) { mel_power(bytes(b), reinterpret_cast<int16_t *>(big), reinterpret_cast<uint16_t *>(c), 0); });
}
