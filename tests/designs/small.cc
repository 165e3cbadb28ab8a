#include <aie_api/aie.hpp>
#include <stdint.h>

// Takes an operation's header: 8 words of parameters; clears the accumulators.
extern "C" void begin(const int32_t *header, int32_t *acc, int32_t *params) {
  for (int i = 0; i < 8; ++i)
    params[i] = header[i];
  for (int i = 0; i < 64; i += 16)
    aie::store_v(acc + i, aie::zeros<int32, 16>());
}

// acc[i] += a[i] * b[i] for 64 integers.
extern "C" void product(const int32_t *a, const int32_t *b, int32_t *acc) {
  for (int i = 0; i < 64; ++i)
    acc[i] += a[i] * b[i];
}

// out[i] = acc[i] + 16 * row + column; clears the accumulators.
extern "C" void finish(int32_t *acc, int32_t *out, int32_t row, int32_t column) {
  for (int i = 0; i < 64; i += 16) {
    aie::store_v(out + i, aie::add(aie::load_v<16>(acc + i), 16 * row + column));
    aie::store_v(acc + i, aie::zeros<int32, 16>());
  }
}
