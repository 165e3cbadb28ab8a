// Layouts and parameters shared by the decoder overlay's kernels (AIE2, AIE API only).
//
// Up to four rows (tokens) a dispatch. A objects of 5,248 bytes hold one float row (or a part of it) or a command, B
// objects of 16,896 bytes hold four slices of 4,224, one for each row of cores:
//   weights       : 128 x 32 int8 as [16 k blocks][4 column blocks][8 x 8], then 32 float column scales
//   cross K and V : keys 16 x 64 bf16 [4 key blocks][8 channel blocks][4 x 8], 64 bytes unused, then the values of the
//                   same 16 keys transposed, [16 channel blocks][2 key blocks][4 x 8], 64 bytes unused
// or, for self-attention, 66 float rows of 64 channels (64 keys or values, two rows unused).
// Activations are multiplied as 16-bit numbers in two int8 rows: x = scale (256 high + low).
#pragma once

#include <aie_api/aie.hpp>
#include <stdint.h>

namespace decoder {

constexpr int slice_bytes = 4224;
constexpr int values_offset = 2112;
constexpr int scales_offset = 4096;
constexpr int tile_columns = 32; // of a core in a column tile of 128, which is one of four in a tile of 512
constexpr int scratch_offset = 4096; // in X: scores of 16 keys
constexpr int query_blocks = 5120;   // in X: queries of each head group as [8 channel blocks][8 x 4]
constexpr int object_floats = 384; // of a C object
constexpr int part_bytes = 1312;    // of a row of cores, as parts are read back
constexpr int partial_floats = 68; // of a row and head: 64 sums, maximum, sum of probabilities, 2 unused

enum Kind { linear_norm = 0, linear = 1, linear_merge = 2, self_attention = 3, cross_attention = 4 };
enum Epilogue { gelu_flag = 1 };
enum Param {
    p_kind = 0,
    p_first_loads = 1, // A objects before the chunks
    p_chunks = 2,      // of output columns, or head groups
    p_parts = 3,       // of k in a chunk
    p_loads = 4,       // A objects of a part
    p_steps = 5,       // B objects of a part
    p_side = 6,        // A objects after a chunk's products
    p_outputs = 7,     // C objects of a chunk
    p_rows = 8,
    p_k_tiles = 9,       // k tiles of 128 in a part
    p_load_floats = 10,  // floats in a load
    p_load_pieces = 11,  // loads of a row in a part
    p_epilogue = 12,
    p_output_tiles = 13, // column tiles in a C object
    p_keys = 14,         // cross-attention: valid keys; self-attention: position of the first row
    p_side_floats = 15,  // columns a side object covers
    p_side_rows = 16,    // side objects that cover the same columns: bias, then residual rows
    p_groups = 17,       // head groups
    p_channels = 18,
};

} // namespace decoder
