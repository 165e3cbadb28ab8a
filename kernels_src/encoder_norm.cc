// Layer norm to int8 with a scale per row, and the log-mel normalisation. A row of cores sees the same row tiles, one for
// every four columns at a time; core `column` works on its strip of 16 rows of its own tile.
// Layer norm in two passes over the row. The first gathers sums and, tile by tile, the largest |gamma (x - m)|, where m is
// the mean of the row so far; as the mean moves by little once most of a row is seen, the largest of those plus
// |mean - m| max |gamma| is a tight bound of |gamma (x - mean)|. The second writes q = (x - mean) gamma inverse, with
// inverse just below 127 / bound. beta is folded into the next weights' bias.
// Where a strip fits core memory (512 channels) it is kept for the second pass, and rows come once; else they come twice.
// Reference: aiebuild/designs/reference.py (layer_norm, normalise).
#include "encoder.h"
#include "inverse_root.h"
#include "rows.h"

using namespace encoder;

namespace {

// Where a row's numbers lie: of each row block 32 lanes of sums and of squares; of each tile of 64 channels 16 largest
// values, the 16 means they refer to (the last tile's are the means) and 16 times the largest |gamma|; and of the 16 rows
// what they are multiplied by.
struct Row {
    const bfloat16 *gamma;
    float *sums;
    float *tiles;
    float *nothing; // for what is not wanted of `centred`: 512 words
    float *means;
    float *scales;
    bfloat16 *inverses;
};
constexpr int tile_words = 48;
constexpr int most_kept = 8; // tiles: a strip of them is all of `acc`

// Rows that come twice: all in `acc`, from gamma on.
inline Row in_acc(int32_t *acc, int steps) {
    float *f = (float *)acc;
    float *tiles = f + 1824;
    return {(const bfloat16 *)acc, f + 1024, tiles, f + 1312, tiles + (steps - 1) * tile_words + 16, f + 1296,
            (bfloat16 *)(f + 1280)};
}

// Rows that come once: in `acc` are strips; C serves for the sums until it is written.
inline Row beside(int32_t *stats, int8_t *C) {
    float *f = (float *)C, *constants = (float *)stats + 256;
    return {(const bfloat16 *)stats, f, f + 256, f + 256 + most_kept * tile_words, constants, constants + 16,
            (bfloat16 *)(constants + 32)};
}

constexpr int groups = array::columns / 4; // of columns, each with a row tile of its own

// Of a strip of 16 rows of 64 channels: q = (x - mean) gamma inverse, its row blocks 512 bytes apart, and the largest
// |(x - mean) gamma| of each row.
ONE_COPY void centred(const bfloat16 *x, const bfloat16 *gamma, const float *means, const bfloat16 *inverses, int8_t *q,
                      float *largest) {
    for (int rb = 0; rb < 4; ++rb) {
        const aie::vector<float, 32> mean = repeat_columns(means + rb * 4);
        const aie::vector<bfloat16, 32> inverse = repeat_columns(inverses + rb * 4);
        aie::vector<int16, 32> top = aie::zeros<int16, 32>();
        NOT_UNROLLED
        for (int kb = 0; kb < 8; ++kb) {
            const aie::accum<accfloat, 32> v(aie::load_v<32>(x + kb * 32));
            const aie::vector<bfloat16, 8> g = aie::load_v<8>(gamma + kb * 8);
            const aie::vector<bfloat16, 32> d = aie::sub(v, mean).to_vector<bfloat16>();
            const aie::vector<bfloat16, 32> y = aie::mul(d, aie::concat(g, g, g, g)).to_vector<bfloat16>();
            top = aie::max(top, aie::abs(y).cast_to<int16>());
            aie::store_v(q + kb * 32, aie::to_fixed<int8>(aie::mul(y, inverse).to_vector<float>(), 0));
        }
        aie::store_v(largest + rb * 4, to_floats(largest_of_rows(top)).extract<4>(0));
        x += 256, q += 512;
    }
}

// `over`: one over the number of channels.
void row_constants(const Row &row, int steps, const aie::vector<float, 16> &over) {
    const float *tile = row.tiles;
    const aie::vector<float, 16> mean = aie::load_v<16>(tile + (steps - 1) * tile_words + 16);
    aie::vector<int32, 16> bound = aie::broadcast<float, 16>(1.0e-20f).cast_to<int32>(); // of positive floats, as their bits
    for (int t = 0; t < steps; ++t) {
        const aie::vector<int32, 16> difference = aie::sub(mean, aie::load_v<16>(tile + 16)).cast_to<int32>();
        const aie::vector<float, 16> moved =
            product(aie::bit_and(difference, aie::broadcast<int32, 16>(0x7fffffff)).cast_to<float>(), aie::load_v<16>(tile + 32));
        bound = aie::max(bound, aie::add(aie::load_v<16>(tile), moved).cast_to<int32>());
        tile += tile_words;
    }
    // a little below 127 / bound, so that bf16 rounding does not pass 127
    const aie::vector<float, 16> most = product(aie::broadcast<float, 16>(126.5f), reciprocal(bound.cast_to<float>()));
    const aie::vector<bfloat16, 16> rounded = aie::accum<accfloat, 16>(most).to_vector<bfloat16>();
    const aie::vector<float, 16> inverse = aie::accum<accfloat, 16>(rounded).to_vector<float>();
    aie::store_v(row.inverses, rounded);
    for (int rb = 0; rb < 4; ++rb)
        aie::store_v(row.scales + rb * 4, sum_of_rows(aie::load_v<32>(row.sums + rb * 64 + 32)).extract<4>(0));
    const aie::vector<float, 16> variance = aie::sub(product(aie::load_v<16>(row.scales), over), product(mean, mean));
    aie::store_v(row.scales,
                 product(reciprocal(inverse), inverse_root(aie::add(variance, aie::broadcast<float, 16>(1.0e-5f)))));
    aie::store_v(row.means, mean);
}

// Tile i of the row's `steps`: the strip x.
void statistics(const Row &row, const bfloat16 *x, int i, int steps) {
    const bfloat16 *gamma = row.gamma + i * 64;
    float *tile = row.tiles + i * tile_words;
    if (i == 0) {
        for (int j = 0; j < 256; j += 16)
            aie::store_v(row.sums + j, aie::zeros<float, 16>());
        aie::store_v(row.inverses, aie::zeros<bfloat16, 16>()); // not known yet
    }
    const aie::vector<float, 16> over = reciprocal(to_floats(64 * (i + 1)));
    for (int rb = 0; rb < 4; ++rb) {
        float *p = row.sums + rb * 64;
        aie::accum<accfloat, 32> sum(aie::load_v<32>(p)), squares(aie::load_v<32>(p + 32));
        NOT_UNROLLED
        for (int kb = 0; kb < 8; ++kb) {
            const aie::vector<bfloat16, 32> v = aie::load_v<32>(x + (rb * 8 + kb) * 32);
            sum = aie::add(sum, v);
            squares = aie::mac(squares, v, v);
        }
        const aie::vector<float, 32> sums = sum.to_vector<float>();
        aie::store_v(p, sums);
        aie::store_v(p + 32, squares.to_vector<float>());
        aie::store_v(tile + 16 + rb * 4, product(sum_of_rows(sums), over).extract<4>(0));
    }
    const aie::vector<bfloat16, 32> magnitudes =
        aie::max(aie::abs(aie::load_v<32>(gamma)), aie::abs(aie::load_v<32>(gamma + 32)));
    aie::store_v(tile + 32, to_floats(largest_of_rows(largest_of_rows(magnitudes.cast_to<int16>()))));
    centred(x, gamma, tile + 16, row.inverses, (int8_t *)row.nothing, tile);
    if (i == steps - 1)
        row_constants(row, steps, over);
}

// Tile i of C: 16 rows x 128 channels of an int8 tile are a strip.
void write(const Row &row, const bfloat16 *x, const bfloat16 *gamma, int8_t *C, int i, float *largest) {
    int8_t *piece = C + (i >> 1) * strip_bytes;
    centred(x, gamma, row.means, row.inverses, piece + (i & 1) * 256, largest);
    if ((i & 1) == 0)
        aie::store_v((float *)(piece + strip_data), aie::load_v<16>(row.scales));
}

inline void set_modes() {
    aie::set_rounding(aie::rounding_mode::conv_even);
    aie::set_saturation(aie::saturation_mode::saturate);
}

// A core's own strip of A.
inline const bfloat16 *strip_of(const int8_t *A, int column) {
    return (const bfloat16 *)(A + (column & 3) * strip_bytes);
}

} // namespace

extern "C" {

// First pass of rows that come twice, tile i of 64 channels: all of the first group's row, then all of the next one's.
void encoder_norm_statistics(int8_t *A, int32_t *acc, int32_t *params, int32_t i, int32_t column) {
    set_modes();
    const int steps = params[p_stats_steps] / groups;
    i -= (column >> 2) * steps;
    if (groups == 1 || (i >= 0 && i < steps))
        statistics(in_acc(acc, steps), strip_of(A, column), i, steps);
}

// Tile i of rows that come once, of those of a row tile and group.
void encoder_norm_keep(int8_t *A, int8_t *C, int32_t *acc, int32_t *stats, int32_t *params, int32_t tile, int32_t i,
                       int32_t column) {
    set_modes();
    const int steps = params[p_side_steps] / groups;
    if (tile == 0 && i == 0) // gamma makes room
        for (int j = 0; j < params[p_channels] >> 1; j += 16)
            aie::store_v(stats + j, aie::load_v<16>(acc + j));
    i -= (column >> 2) * steps;
    if (groups > 1 && (i < 0 || i >= steps))
        return;
    const bfloat16 *x = strip_of(A, column);
    bfloat16 *kept = (bfloat16 *)acc + i * 1024;
    for (int j = 0; j < 1024; j += 32)
        aie::store_v(kept + j, aie::load_v<32>(x + j));
    statistics(beside(stats, C), x, i, steps);
}

// Their second pass.
void encoder_norm_write(int8_t *C, int32_t *acc, int32_t *stats, int32_t *params) {
    set_modes();
    const int steps = params[p_side_steps] / groups;
    const Row row = beside(stats, C);
    for (int i = 0; i < steps; ++i)
        write(row, (const bfloat16 *)acc + i * 1024, row.gamma + i * 64, C, i, row.scales + 24);
    for (int8_t *rest = C + (steps >> 1) * strip_bytes; rest < C + object_bytes; rest += 32)
        aie::store_v(rest, aie::zeros<int8, 32>()); // what is unused is sent too
}

// Second pass of rows that come twice, tile i of the eight of each group that fill C.
void encoder_norm_apply(int8_t *A, int8_t *C, int32_t *acc, int32_t *params, int32_t i, int32_t output, int32_t column) {
    set_modes();
    if (groups > 1 && (i >> 3) != (column >> 2))
        return;
    i &= 7;
    const Row row = in_acc(acc, params[p_stats_steps] / groups);
    write(row, strip_of(A, column), row.gamma + (output * 8 + i) * 64, C, i, row.nothing);
}

// Log-mel in Q11 to (max(x, floor) + 4) / 4 in bf16, 4,224 values; element 0 of this object is `first` of the window.
void encoder_normalise(int8_t *A, int8_t *C, int32_t *params, int32_t first) {
    aie::set_rounding(aie::rounding_mode::conv_even);
    const int16_t *x = (const int16_t *)A;
    bfloat16 *y = (bfloat16 *)C;
    const aie::vector<int16, 16> floor = aie::broadcast<int16, 16>((int16)params[p_floor]);
    for (int j = 0; j < object_bytes / 2; j += 16) {
        aie::vector<bfloat16, 16> out = aie::zeros<bfloat16, 16>();
        if (first + j < params[p_elements]) {
            const aie::vector<int16, 16> v = aie::max(aie::load_v<16>(x + j), floor);
            aie::accum<accfloat, 16> sum(aie::to_float(v, 13));
            out = aie::add(sum, aie::broadcast<bfloat16, 16>(1.0f)).to_vector<bfloat16>();
        }
        aie::store_v(y + j, out);
    }
}

} // extern "C"
