// Kernels of `cascade`: 32 words an object, 16 or 32 of them at a time through the cascade.
#include <stdint.h>

extern "C" {

void first(int32_t *a)
{
    for (int half = 0; half < 2; ++half) {
        v16int32 v = undef_v16int32();
        for (int i = 0; i < 16; ++i) v = upd_elem(v, i, a[16 * half + i]);
        put_mcd(v);
    }
}

void middle(int32_t *b)
{
    v32int32 v = get_scd_v32int32();
    for (int i = 0; i < 32; ++i) v = upd_elem(v, i, ext_elem(v, i) + b[i]);
    put_mcd(v);
}

void last(int32_t *a, int32_t *b, int32_t *out)
{
    for (int half = 0; half < 2; ++half) {
        const v16int32 v = get_scd_v16int32();
        for (int i = 16 * half; i < 16 * half + 16; ++i) out[i] = ext_elem(v, i) + a[i] * b[i];
    }
}

} // extern "C"
