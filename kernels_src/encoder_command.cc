// Start of an operation: keep the command's header, and a layer norm's gamma, in core memory.
// Reference: aiebuild/designs/encoder_commands.py (Command).
#include "encoder.h"

extern "C" void encoder_command(int8_t *A, int32_t *acc, int32_t *params) {
    using namespace encoder;
    const int32_t *words = (const int32_t *)A;
    for (int i = 0; i < 64; i += 16)
        aie::store_v(params + i, aie::load_v<16>(words + i));
    if (params[p_kind] == layer_norm) {
        const int n = params[p_channels] >> 1; // two bf16 a word
        for (int i = 0; i < n; i += 16)
            aie::store_v(acc + i, aie::load_v<16>(words + 64 + i));
    }
}
