// out[i] = FACTOR * in[i], modulo 256. Reference: tests/build/test_overlays.py.
#include "scale.h"

#include <aie_api/aie.hpp>

extern "C" void scale(uint8_t *in, uint8_t *out, int32_t bytes) {
  for (int32_t i = 0; i < bytes; i++)
    out[i] = (uint8_t)(FACTOR * in[i]);
}
