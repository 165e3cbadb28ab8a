// Layouts and parameters shared by the encoder overlay's kernels (AIE2, AIE API only).
//
// Every object that moves through the array is 8,448 bytes. A tile of 64 rows lies in it as four strips of
// 16 rows, each 2,048 bytes of operand blocks followed by 64 bytes of per-row data:
//   bf16 tile, 64 rows x 64 channels : strip = [4 row blocks][8 channel blocks][4 x 8] bf16, 64 bytes unused
//   int8 tile, 64 rows x 128 channels: strip = [4 row blocks][16 channel blocks][4 x 8] int8, 16 float row scales
// A weight tile is 8,192 bytes of blocks, 64 bf16 column scales and 64 bf16 biases:
//   int8: [8 column blocks][16 k blocks][8 x 8], bf16: [16 column blocks][8 k blocks][8 x 4].
// `params` holds the header of the operation's command object; the enumerators below are its words.
#pragma once

#include "array.h"
#include <stdint.h>

namespace encoder {

constexpr int strip_bytes = 2112;
constexpr int strip_data = 2048;
constexpr int object_bytes = 8448;
constexpr int weight_data = 8192;

enum Kind { gemm_int8 = 0, gemm_bf16 = 1, gemm_bf16_rows = 2, attention = 3, layer_norm = 4, normalise = 5 };
enum Epilogue { gelu_flag = 1, residual_flag = 2, mask_rows_flag = 4, keys_flag = 8, values_flag = 16 };
enum Param {
    p_kind = 0,
    p_tiles = 1,
    p_stats_steps = 2,   // A only, before the outputs
    p_product_steps = 3, // A and B pairs
    p_outputs = 4,       // C objects per tile
    p_side_steps = 5,    // A only, with C held
    p_stream_steps = 6,  // B only, with C held
    p_epilogue = 7,
    p_row_rounds = 8, // row rounds of the tile loop (inner), for the row and column index of a tile
    p_row_low = 9,
    p_row_high = 10,
    p_transposed_until = 11, // column tiles below: C = Q transposed; then row blocks, then V transposed
    p_natural_until = 12,
    p_channels = 13,
    p_keys = 14,
    p_floor = 15,     // normalise: lower clamp of log-mel, Q11
    p_elements = 16,  // normalise: elements that are valid, the rest becomes 0
};

} // namespace encoder
