// aie::mmul behind plain C functions, for tests/host/test_aie_api_mmul.py.
// mmul_shapes.inc is written by the test: lines MMUL(M, K, N, TypeA, TypeB, Tag, Lane).

#include <aie_api/aie.hpp>

#define EXPORT extern "C" __attribute__((visibility("default")))

// ---- mmul: C = C + sum over steps of A[s] * B[s]; first = 1 starts with mul

#define MMUL(M, K, N, TA, TB, TAG, LANE)                                                                                    \
    EXPORT void mmul_##M##_##K##_##N##_##TA##_##TB##_##TAG(const TA *a, const TB *b, LANE *c, int steps, int first)          \
    {                                                                                                                       \
        using MM = aie::mmul<M, K, N, TA, TB, TAG>;                                                                         \
        using acc_t = typename MM::accum_type;                                                                              \
        MM m(acc_t(aie::detail::load_storage<LANE, M * N>(c)));                                                              \
        for (int s = 0; s < steps; ++s) {                                                                                   \
            const auto va = aie::load_v<M * K>(a + s * M * K);                                                              \
            const auto vb = aie::load_v<K * N>(b + s * K * N);                                                              \
            if (first && s == 0)                                                                                            \
                m.mul(va, vb);                                                                                              \
            else                                                                                                            \
                m.mac(va, vb);                                                                                              \
        }                                                                                                                   \
        aie::detail::store_storage(c, m.to_accum().to_native());                                                            \
    }
#include "mmul_shapes.inc"
