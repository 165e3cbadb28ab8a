#include <stdint.h>

extern "C" void work(int32_t *in, int32_t *out) {
    for (int i = 0; i < 64; ++i)
        out[i] += 3 * in[i];
}
