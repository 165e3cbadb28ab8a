// The phases of an operation in which a core holds an output object; what happens in them depends on the kind.
#include "encoder.h"

using namespace encoder;

extern "C" {

void encoder_gemm_finish(int8_t *C, int8_t *residual, int32_t *acc, int32_t *stats, int32_t *params, int32_t tile,
                         int32_t row, int32_t column);
void encoder_attention_query(int8_t *A, int8_t *C, int32_t *acc, int32_t *stats, int32_t i, int32_t column);
void encoder_attention_finish(int8_t *C, int32_t *acc, int32_t *stats);
void encoder_norm_keep(int8_t *A, int8_t *C, int32_t *acc, int32_t *stats, int32_t *params, int32_t tile, int32_t i,
                       int32_t column);
void encoder_norm_write(int8_t *C, int32_t *acc, int32_t *stats, int32_t *params);
void encoder_norm_apply(int8_t *A, int8_t *C, int32_t *acc, int32_t *params, int32_t i, int32_t output, int32_t column);
void encoder_normalise(int8_t *A, int8_t *C, int32_t *params, int32_t first);

// Step i of the A objects that come while C is held: residual and query tiles of the columns, or rows to normalise.
void encoder_side_step(int8_t *A, int8_t *C, int32_t *acc, int32_t *stats, int32_t *params, int32_t tile,
                       int32_t output, int32_t i, int32_t row, int32_t column) {
    switch (params[p_kind]) {
    case attention:
        encoder_attention_query(A, C, acc, stats, i, column);
        break;
    case layer_norm:
        if (params[p_stats_steps] == 0)
            encoder_norm_keep(A, C, acc, stats, params, tile, i, column);
        else
            encoder_norm_apply(A, C, acc, params, i, output, column);
        break;
    case normalise:
        if (i == column)
            encoder_normalise(A, C, params, ((tile * array::rows + row) * array::columns + i) * (object_bytes / 2));
        break;
    default:
        if (i == column)
            encoder_gemm_finish(C, A, acc, stats, params, tile, row, column);
    }
}

void encoder_finish(int8_t *C, int32_t *acc, int32_t *stats, int32_t *params, int32_t tile, int32_t row,
                    int32_t column) {
    const int kind = params[p_kind];
    if (kind == attention)
        encoder_attention_finish(C, acc, stats);
    else if (kind == layer_norm && params[p_stats_steps] == 0)
        encoder_norm_write(C, acc, stats, params);
    else if (kind <= gemm_bf16_rows && (params[p_epilogue] & residual_flag) == 0)
        encoder_gemm_finish(C, C, acc, stats, params, tile, row, column);
}

} // extern "C"
