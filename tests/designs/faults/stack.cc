#include <stdint.h>

extern "C" void work(int32_t *in, int32_t *out) {
    volatile int32_t table[1024];
    for (int i = 0; i < 1024; ++i)
        table[i] = in[i % 64];
    for (int i = 0; i < 64; ++i)
        out[i] = table[960 + i];
}
