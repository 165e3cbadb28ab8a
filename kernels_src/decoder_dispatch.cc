// What a step, an addition and an output are depends on the operation's kind.
#include "decoder.h"
#include "soft_float.h"

using namespace decoder;

extern "C" {

void decoder_linear_step(int8_t *B, int8_t *X, float *y, float *scales, int32_t *params, int32_t part, int32_t i,
                         int32_t row);
void decoder_add(int8_t *A, float *y, int32_t *params, int32_t j, int32_t row, int32_t column);
void decoder_linear_finish(int8_t *C, float *y, int32_t *params, int32_t output);
void decoder_attention_step(int8_t *B, int8_t *X, float *y, float *stats, int32_t *params, int32_t group, int32_t i,
                            int32_t row);
void decoder_attention_finish(int8_t *C, float *y, float *stats, int32_t output);
void decoder_sample(const int32_t *A, const float *y, int32_t *top, const int32_t *params, int32_t chunk, int32_t row,
                    int32_t column);
void decoder_report(int8_t *C, const int32_t *top, const int32_t *params, int32_t output);

void decoder_step(int8_t *B, int8_t *X, int32_t *y, int32_t *stats, int32_t *params, int32_t chunk, int32_t part,
                  int32_t i, int32_t row) {
    if (params[p_kind] >= self_attention)
        decoder_attention_step(B, X, (float *)y, (float *)stats, params, chunk, i, row);
    else {
        params[p_chunk] = chunk;
        decoder_linear_step(B, X, (float *)y, (float *)stats, params, part, i, row);
    }
}

// Side object j of a chunk; where there is sampling the last one is what that needs.
void decoder_side(int8_t *A, int32_t *y, int32_t *top, int32_t *params, int32_t chunk, int32_t j, int32_t row,
                  int32_t column) {
    if ((params[p_epilogue] & sample_flag) && j == params[p_side] - 1)
        decoder_sample((const int32_t *)A, (const float *)y, top, params, chunk, row, column);
    else
        decoder_add(A, (float *)y, params, j, row, column);
}

void decoder_finish(int8_t *C, int32_t *y, int32_t *stats, int32_t *top, int32_t *params, int32_t output) {
    if (params[p_kind] == report)
        decoder_report(C, top, params, output);
    else if (params[p_kind] >= self_attention)
        decoder_attention_finish(C, (float *)y, (float *)stats, output);
    else
        decoder_linear_finish(C, (float *)y, params, output);
}

} // extern "C"
