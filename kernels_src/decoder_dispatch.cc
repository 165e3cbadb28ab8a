// What a step and an output are depends on the operation's kind.
#include "decoder.h"

using namespace decoder;

extern "C" {

void decoder_linear_step(int8_t *B, int8_t *X, float *y, float *scales, int32_t *params, int32_t part, int32_t i,
                         int32_t row);
void decoder_linear_finish(int8_t *C, float *y, int32_t *params, int32_t output);
void decoder_attention_step(int8_t *B, int8_t *X, float *y, float *stats, int32_t *params, int32_t group, int32_t i,
                            int32_t row);
void decoder_attention_finish(int8_t *C, float *y, float *stats, int32_t *params);

void decoder_step(int8_t *B, int8_t *X, int32_t *y, int32_t *stats, int32_t *params, int32_t chunk, int32_t part,
                  int32_t i, int32_t row) {
    if (params[p_kind] >= self_attention)
        decoder_attention_step(B, X, (float *)y, (float *)stats, params, chunk, i, row);
    else
        decoder_linear_step(B, X, (float *)y, (float *)stats, params, part, i, row);
}

void decoder_finish(int8_t *C, int32_t *y, int32_t *stats, int32_t *params, int32_t output) {
    if (params[p_kind] >= self_attention)
        decoder_attention_finish(C, (float *)y, (float *)stats, params);
    else
        decoder_linear_finish(C, (float *)y, params, output);
}

} // extern "C"
