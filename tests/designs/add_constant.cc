#include <aie_api/aie.hpp>
#include <stdint.h>

// out[i] = in[i] + constant for 64 integers.
extern "C" void add_constant(const int32_t *in, int32_t *out, int32_t constant) {
  for (int i = 0; i < 64; i += 16)
    aie::store_v(out + i, aie::add(aie::load_v<16>(in + i), constant));
}
