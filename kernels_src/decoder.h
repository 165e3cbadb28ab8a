// Layouts and parameters shared by the decoder overlay's kernels (AIE2, AIE API only).
//
// A dispatch has rows (tokens), each core works on up to eight of them. Either the four rows of cores share the rows and
// split a tile's columns (one slice each), or they split the rows and each computes all columns (four slices). A column
// tile has 128 columns for each column of cores.
// A objects of 2,816 bytes hold a float row or a piece of it, attention parts or a command; B objects of 16,896 bytes hold
// four slices of 4,224:
//   weights       : 128 x 32 int8 as [16 k blocks][4 column blocks][8 x 8], then 32 bf16 column scales and 32 bf16 that
//                   are the bias (in the slice of a column's first 128 weights) or what that leaves of it (in the second)
//   or            : 256 x 32 of four bits as [32 k blocks][4 column blocks][8 x 8], the first of two in the low half of a
//                   byte, then four bits for [8 groups of 32 k][32 columns]: three are the group's multiplier less 8, the
//                   fourth ones of a column's groups, from the first on, make the eight bits of its scale (`four_bit_scales`)
//   cross K and V : keys of 64 positions in four bits, [2 halves][8 channel blocks][4 key blocks][8 channels x 8 keys], and
//                   their scales, a byte each (`key_scale.h`); then their values, [2 halves][4 key blocks][8 channel
//                   blocks][8 keys x 8 channels], and scales. Position 16 c + j of the 64 is key 4 j + c, and has what its
//                   key says and what the keys of positions 16 c to 16 c + j - 1 do
// or, for self-attention, 128 rows of 132 bytes, 32 a row of cores: 64 channels of keys and 64 of values in int8 and a
// bf16 scale of each; of a head at 128 entries of the log, or of two at 64.
// Activations are multiplied as 16-bit numbers in two int8 rows: x = scale (256 high + low). An operand block of 4 x 8
// has rows high 0, low 0, high 1, low 1 of two rows.
#pragma once

#include "array.h"
#include "product.h"
#include <stdint.h>

namespace decoder {

constexpr int slice_bytes = 4224;
constexpr int scales_offset = 4096;
constexpr int bias_offset = 4160;
constexpr int packed_scales = 2048; // of cross-attention's keys
constexpr int packed_values = 2112;
constexpr int tile_columns = 32;       // of a slice of a column tile of 128, which is one of four in a tile of 512
constexpr int object_units = 4;        // of 32 floats in a C object; twice as many of bf16
constexpr int object_floats = 128;
constexpr int slot_floats = 88;        // of an A object of eight attention parts: 64 sums, maximum, sum of probabilities
constexpr int query_heads = 22;        // in an A object
constexpr int most_rows = 8;           // of a core

// X of attention: queries [head][row pair][8 channel blocks][4 x 8].
constexpr int query_bytes = 256;
constexpr int log_bytes = 132;        // of a head's keys, values and scales in an entry of the log
constexpr int log_scales = 128;
// y of attention, in floats: sums [row][64], mask bits (self) or the last keys' scores [row][4 times 4] (cross), scores of two
// rows, probabilities as operand blocks, sums of probabilities [row][8], 32 keys and values as operand blocks, 2,048 bytes each.
constexpr int masks_place = 512;
constexpr int scores_place = 864;
constexpr int probabilities_place = 928;
constexpr int totals = 960;
constexpr int staged_place = 1024;
// y while rows are loaded, in floats: a row that came in pieces, gamma (bf16), 128 floats of a row.
constexpr int gamma_place = 1280;
constexpr int piece_place = 1920;
// Words of `stats`: row scales [k tile or head][8], and in attention the rest.
constexpr int maxima = 48;
constexpr int key_scales = 64; // 32 bf16 of keys, 32 of values
constexpr int ones = 128;      // 32 bf16

// Sampling: of each row the best of two ranges of tokens, and their log-sum-exps.
constexpr int best = 8;
constexpr int best_words = 36; // [2 lists][8 ordered keys, 8 tokens], then [2 lists][maximum, sum]
constexpr int totals_place = 32;
constexpr int table_words = 8;     // range of the first list, of the second, four banned tokens
constexpr int suppressed_place = 256; // word of a chunk's A object where the suppressed tokens' bits begin; before: tables
constexpr int report_rows = 3;     // in a C object
constexpr float lowest = -1.0e30f;   // of a token that does not count
constexpr int32_t lowest_key = -1900671691; // the integer that stands for it
constexpr int raw_row = 1 << 30;   // in the table's first word: suppressed tokens count

enum Kind { linear_norm = 0, linear = 1, linear_merge = 2, self_attention = 3, cross_attention = 4, report = 5 };
constexpr int four_bit_blocks = 4;      // k blocks of a group
constexpr int multiplier_bytes = 16;     // of a group
constexpr int least_scale = 103 << 7;    // bf16 bits of 2^-24

enum Epilogue { gelu_flag = 1, bf16_flag = 2, sample_flag = 4, four_bit_flag = 8 };
enum Param {
    p_kind = 0,
    p_first_loads = 1, // A objects before the chunks
    p_chunks = 2,      // of output columns, or head groups
    p_parts = 3,       // of k in a chunk
    p_loads = 4,       // A objects of a part
    p_steps = 5,       // B objects of a part
    p_side = 6,        // A objects after a chunk's products
    p_outputs = 7,     // C objects of a chunk
    p_rows = 8,        // of a core; attention: of the window
    p_k_tiles = 9,     // k tiles of 128 in a part
    p_load_floats = 10, // floats in a load
    p_load_pieces = 11, // loads of a row in a part
    p_epilogue = 12,
    p_slices = 13,      // 1: of columns, the core's own; 4
    p_keys = 14,        // cross-attention: valid keys
    p_side_floats = 15, // columns a side object covers
    p_side_pieces = 16, // side objects that cover a chunk's columns once
    p_side_common = 17, // times that they are covered for all rows (bias), before residual rows
    p_groups = 18,      // heads of a column of cores
    p_channels = 19,
    p_mask_bytes = 20,  // self-attention: mask bits of a row
    // Rows of the dispatch that anybody wants (bit 31 also stands for all beyond it), its windows, and which of an
    // operation's attentions this is: in self-attention's commands. Others have 0 here: what was said last holds.
    p_live = 21,
    p_windows = 22,
    p_group = 23,
    p_tiles = 24,       // column tiles of a chunk
    p_objects = 25,     // B objects of a column tile in a part
    p_here = 26,        // not sent: the live ones among the operation's own rows; both of a block of two, if one is
    p_heads = 27,       // heads whose parts come together: 1 in parts of four rows of cores, or 2 in parts of two
    p_stored = 28,      // column tiles of the log's keys and values, the first ones; 0: there are none
    p_chunk = 29,       // not sent: the chunk of products at work
};

// Whether somebody wants row `row` of the operation, or the one it shares a block with. What is computed of others is
// defined, but of no use.
inline bool is_live(const int32_t *params, int row) { return (params[p_here] >> row & 1) != 0; }

// Floats as two bf16 numbers, which hold 16 bits of them.
struct Halves {
    aie::vector<bfloat16, 16> high, low;

    explicit Halves(const aie::vector<float, 16> &x) : high(aie::accum<accfloat, 16>(x).to_vector<bfloat16>()) {
        const aie::vector<float, 16> rest = aie::sub(x, aie::accum<accfloat, 16>(high).to_vector<float>());
        low = aie::accum<accfloat, 16>(rest).to_vector<bfloat16>();
    }
};

// a b + c to within 2^-16 of a b: three products of bf16 numbers, where `product` takes nine.
inline aie::vector<float, 16> brief(const Halves &a, const Halves &b, const aie::accum<accfloat, 16> &c) {
    return aie::mac(aie::mac(aie::mac(c, a.low, b.high), a.high, b.low), a.high, b.high).to_vector<float>();
}

ONE_COPY aie::vector<float, 16> brief_product(aie::vector<float, 16> a, aie::vector<float, 16> b) {
    return brief(Halves(a), Halves(b), aie::accum<accfloat, 16>(aie::zeros<float, 16>()));
}

// Where 16 bits are split in bytes ties must go up.
constexpr aie::rounding_mode split_rounding = aie::rounding_mode::positive_inf;

// 2^z for -126 <= z <= 127, rounding to even being set, to within 1e-5 of itself, 1 at 0: a polynomial of 2^f,
// |f| <= 1/2, of the fourth degree, off by 2.8e-6 at most; the whole part goes to the exponent.
ONE_COPY aie::vector<float, 16> exp2_of(aie::vector<float, 16> z) {
    static constexpr float coefficients[3] = {0.240240986f, 0.693124193f, 1.0f};
    const aie::vector<int16, 16> whole = aie::to_fixed<int16>(z, 0);
    const Halves f(aie::sub(z, aie::to_float(whole)));
    aie::accum<accfloat, 16> first(aie::broadcast<float, 16>(5.59064247e-2f)); // eight bits are enough of what comes to it
    aie::vector<float, 16> p =
        aie::mac(first, f.high, aie::broadcast<bfloat16, 16>((bfloat16)9.58285304e-3f)).to_vector<float>();
    for (int i = 0; i < 3; ++i)
        p = brief(Halves(p), f, aie::accum<accfloat, 16>(aie::broadcast<float, 16>(coefficients[i])));
    aie::accum<acc32, 16> exponent;
    exponent.from_vector(whole, 23);
    return aie::add(p.cast_to<int32>(), exponent.to_vector<int32>()).cast_to<float>();
}

// The same of a number, 0 below -126.
inline aie::vector<float, 16> exp2_down(aie::vector<float, 16> z) {
    return exp2_of(aie::max(z, aie::broadcast<float, 16>(-126.0f)));
}

// y[row][32] (+)= columns x rows x (256 high + low) of x [k blocks][4 x 8] and w [k blocks][4 column blocks][8 x 8],
// whose k blocks are `k_stride` bytes apart, for `count` rows of the block, `stride` floats apart. `multipliers`: w has
// four bits, and of each four k blocks these.
void products_of_rows(const int8_t *x, int k_blocks, const int8_t *w, int k_stride, const bfloat16 *columns,
                      const float *rows, float *y, int stride, int count, bool first, const int8_t *multipliers);

#ifdef ROOM_FOR_COPIES

// Products of a row that is alone in its block, without those of the block's empty half.
inline void products_of_row(const int8_t *x, int k_blocks, const int8_t *w, int k_stride, const bfloat16 *columns, float row,
                            float *y, bool first) {
    using MM = aie::mmul<2, 8, 8, int8, int8>;
    MM c0, c1, c2, c3;
    for (int kb = 0; kb < k_blocks; ++kb) {
        const aie::vector<int8, 16> a = aie::load_v<16>(x);
        c0.mac(a, aie::load_v<64>(w));
        c1.mac(a, aie::load_v<64>(w + 64));
        c2.mac(a, aie::load_v<64>(w + 128));
        c3.mac(a, aie::load_v<64>(w + 192));
        x += 32;
        w += k_stride;
    }
    const aie::vector<int32, 16> s0 = c0.to_vector<int32>(), s1 = c1.to_vector<int32>(), s2 = c2.to_vector<int32>(),
                                 s3 = c3.to_vector<int32>();
    const aie::vector<int32, 32> high =
        aie::concat(s0.extract<8>(0), s1.extract<8>(0), s2.extract<8>(0), s3.extract<8>(0));
    const aie::vector<int32, 32> low =
        aie::concat(s0.extract<8>(1), s1.extract<8>(1), s2.extract<8>(1), s3.extract<8>(1));
    aie::accum<accfloat, 32> sums(aie::to_float(low));
    sums = aie::mac(sums, aie::to_float(high), aie::broadcast<float, 32>(256.0f));
    const aie::vector<float, 32> scales = aie::accum<accfloat, 32>(aie::load_v<32>(columns)).to_vector<float>();
    const aie::vector<float, 32> scale = aie::mul(scales, row).to_vector<float>();
    aie::accum<accfloat, 32> sum(first ? aie::zeros<float, 32>() : aie::load_v<32>(y));
    aie::store_v(y, aie::mac(sum, sums.to_vector<float>(), scale).to_vector<float>());
}

#endif

inline void products(const int8_t *x, int k_blocks, const int8_t *w, int k_stride, const bfloat16 *columns,
                     const float *rows, float *y, int stride, int count, bool first,
                     const int8_t *multipliers = nullptr) {
#ifdef ROOM_FOR_COPIES
    if (count == 1 && multipliers == nullptr)
        return products_of_row(x, k_blocks, w, k_stride, columns, rows[0], y, first);
#endif
    products_of_rows(x, k_blocks, w, k_stride, columns, rows, y, stride, count, first, multipliers);
}

// 32 values between -32512 and 32512 into row `out` of four operand blocks as 16 bits; `alone`: the other row becomes 0.
inline void to_operands(const aie::vector<float, 32> &x, int8_t *out, bool alone) {
    const aie::vector<int16, 32> q = aie::to_fixed<int16>(x, 0);
    const aie::vector<int16, 32> high = aie::downshift(q, 8); // rounds: low lies in [-128, 127]
    const aie::vector<int16, 32> low = aie::sub(q, aie::upshift(high, 8));
    const auto [front, back] = aie::interleave_zip(high.pack<int8>(), low.pack<int8>(), 8);
    for (int b = 0; b < 2; ++b) {
        aie::store_v(out + b * 32, front.extract<16>(b));
        aie::store_v(out + 64 + b * 32, back.extract<16>(b));
    }
    if (alone)
        for (int b = 0; b < 4; ++b)
            aie::store_v(out + b * 32 + 16, aie::zeros<int8, 16>());
}

// n values (a multiple of 32) into row `out` of operand blocks as 16 bits; returns the scale. `alone`: the block's other row becomes 0.
float quantise(const float *x, int n, int8_t *out, bool alone);

} // namespace decoder
