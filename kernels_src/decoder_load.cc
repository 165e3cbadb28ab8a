// Loading activations: layer norm or the merge of attention parts in float, then 16 bits in two int8 rows with a scale
// for every row and 128 channels (64 of a query).
// Reference: aiebuild/designs/reference.py (quantise_rows, layer_norm, merge_attention).
#include "decoder.h"
#include "inverse_root.h"
#include "made_once.h"

using namespace decoder;

namespace decoder {

namespace {

// aie::abs of float vectors is an integer's absolute value on AIE2: wrong for negative numbers.
inline aie::vector<float, 32> magnitude(const aie::vector<float, 32> &v) {
    return aie::bit_and(v.cast_to<int32>(), aie::broadcast<int32, 32>(0x7fffffff)).cast_to<float>();
}

} // namespace

__attribute__((noinline)) float quantise(const float *x, int n, int8_t *out, bool alone) {
    aie::vector<float, 32> largest = magnitude(aie::load_v<32>(x));
    for (int i = 32; i < n; i += 32)
        largest = aie::max(largest, magnitude(aie::load_v<32>(x + i)));
    const float top = aie::reduce_max(largest) + 1.0e-20f;
    const aie::vector<float, 16> factor = aie::broadcast<float, 16>(32512.0f * aie::inv(top));
    for (int i = 0; i < n; i += 32) {
        to_operands(aie::concat(product(aie::load_v<16>(x + i), factor), product(aie::load_v<16>(x + i + 16), factor)),
                    out, alone);
        out += 128;
    }
    return top * (1.0f / 32512.0f);
}

} // namespace decoder

namespace {

// Row `row` of X's k tile `tile`.
inline int8_t *row_place(int8_t *X, int row, int tile, int k_tiles) {
    return X + ((row >> 1) * k_tiles + tile) * 512 + (row & 1) * 16;
}

// Layer norm of n channels of row `row`, at the beginning of y, into X; beta is in the next product's bias, the row's
// factor in the scales.
void normalise(int8_t *X, float *y, float *scales, int row, int rows, int n) {
    const float *x = y;
    aie::vector<float, 16> sum = aie::zeros<float, 16>();
    for (int i = 0; i < n; i += 16)
        sum = aie::add(sum, aie::load_v<16>(x + i));
    const float over = aie::inv((float)n);
    const float mean = aie::reduce_add(sum) * over;
    aie::vector<float, 16> squares = aie::zeros<float, 16>();
    for (int i = 0; i < n; i += 16) {
        const aie::vector<float, 16> d = aie::sub(aie::load_v<16>(x + i), aie::broadcast<float, 16>(mean));
        squares = aie::add(squares, product(d, d));
    }
    const float factor = inverse_root(aie::reduce_add(squares) * over + 1.0e-5f);
    const bfloat16 *gamma = (const bfloat16 *)(y + gamma_place);
    float *piece = y + piece_place;
    const int tiles = n / 128;
    for (int t = 0; t < tiles; ++t) {
        for (int i = 0; i < 128; i += 16) {
            const int at = t * 128 + i;
            const aie::vector<float, 16> d = aie::sub(aie::load_v<16>(x + at), aie::broadcast<float, 16>(mean));
            const aie::vector<float, 16> g = aie::accum<accfloat, 16>(aie::load_v<16>(gamma + at)).to_vector<float>();
            aie::store_v(piece + i, product(d, g));
        }
        scales[t * most_rows + row] = quantise(piece, 128, row_place(X, row, t, tiles), rows == 1) * factor;
    }
}

// The operation's own rows among the live ones: every other window's row is `windows` away, a window alone is cut in
// groups of rows; products have all rows, or a row of cores its part of them.
int32_t rows_here(const int32_t *params, int row) {
    const int32_t live = params[p_live];
    const int rows = params[p_rows];
    int32_t here = 0;
    if (params[p_kind] == self_attention || params[p_kind] == cross_attention) {
        const int windows = params[p_windows];
        const int first = windows == 1 ? params[p_group] * rows : params[p_group];
        for (int i = 0; i < rows; ++i)
            here |= (live >> (first + i * windows) & 1) << i;
    } else {
        here = live >> (params[p_slices] == 1 ? 0 : row * rows);
    }
    return here | (here & 0x55) << 1 | (here & 0xaa) >> 1;
}

// One head of one row from the parts of `count` rows of cores, each over its own keys.
void merge(const float *parts, int count, float *out) {
    alignas(32) float weight[16], totals_of[16];
    aie::store_v(weight, aie::broadcast<float, 16>(-8192.0f));
    aie::store_v(totals_of, aie::zeros<float, 16>());
    for (int r = 0; r < count; ++r) {
        weight[r] = parts[r * slot_floats + 64];
        totals_of[r] = parts[r * slot_floats + 65];
    }
    const aie::vector<float, 16> tops = aie::load_v<16>(weight);
    aie::set_rounding(aie::rounding_mode::conv_even);
    const aie::vector<float, 16> w = exp2_down(aie::sub(tops, aie::broadcast<float, 16>(aie::reduce_max(tops))));
    aie::set_rounding(split_rounding);
    // 0 where nothing was seen: a row that nobody wants
    const float over = aie::inv(aie::reduce_add(product(w, aie::load_v<16>(totals_of))) + 1.0e-30f);
    aie::store_v(weight, product(w, aie::broadcast<float, 16>(over)));
    for (int i = 0; i < 64; i += 16) {
        aie::vector<float, 16> sum = aie::zeros<float, 16>();
        for (int r = 0; r < count; ++r)
            sum = aie::add(sum, product(aie::load_unaligned_v<16>(parts + r * slot_floats + i, 4),
                                        aie::broadcast<float, 16>(weight[r])));
        aie::store_v(out + i, sum);
    }
}

} // namespace

extern "C" {

// Start of an operation: the header into `params`, and what else comes with it: a layer norm's gamma (bf16) into `y`,
// which is free until products; self-attention's mask bits.
void decoder_command(int8_t *A, int32_t *y, int32_t *top, int32_t *params, int32_t row) {
    const int32_t *words = (const int32_t *)A;
    int32_t live = words[p_live];
    int32_t windows = words[p_windows];
    int32_t group = words[p_group];
    if (live == 0) {
        live = params[p_live];
        windows = params[p_windows];
        group = words[p_kind] == cross_attention && params[p_kind] == cross_attention ? params[p_group] + 1 : 0;
    }
    for (int i = 0; i < 64; i += 16)
        aie::store_v(params + i, aie::load_v<16>(words + i));
    params[p_live] = live;
    params[p_windows] = windows;
    params[p_group] = group;
    params[p_here] = rows_here(params, row);
    if (params[p_kind] == linear_norm)
        for (int i = 0; i < params[p_channels] / 2; i += 16)
            aie::store_v(y + gamma_place + i, aie::load_v<16>(words + 64 + i));
    if (params[p_kind] == self_attention)
        for (int i = 0; i < scores_place - masks_place; i += 16)
            aie::store_v(y + masks_place + i, aie::load_v<16>(words + 64 + i));
    if (params[p_kind] == linear_norm && (params[p_epilogue] & sample_flag)) {
        const int rows = params[p_rows];
        for (int i = 0; i < rows * best_words; i += 4)
            aie::store_v(top + i, aie::broadcast<int32, 4>(lowest_key));
        for (int r = 0; r < rows; ++r)
            for (int list = 0; list < 2; ++list) {
                float *total = (float *)(top + r * best_words + totals_place) + list * 2;
                total[0] = lowest;
                total[1] = 0.0f;
            }
    }
}

// Load j of a part: a row or a piece of it, eight attention parts, or a row of queries.
void decoder_load(int8_t *A, int8_t *X, int32_t *y, int32_t *stats, int32_t *params, int32_t j, int32_t column) {
    aie::set_rounding(split_rounding);
    aie::set_saturation(aie::saturation_mode::saturate);
    const int kind = params[p_kind];
    const int rows = params[p_rows];
    const int k_tiles = params[p_k_tiles];
    const float *x = (const float *)A;
    float *scales = (float *)stats;
    const bool shared = rows == 1 && params[p_slices] == 1; // all cores have the row
    if (kind == linear_merge) {
        // of the four rows of cores two rows' parts of a head (or of two heads), or, where there is one row, of two such;
        // two heads of a row make a tile of 128 channels
        float *pairs = (float *)y;
        const int heads = params[p_heads];
        const int shift = rows >> 2; // of one, two or four loads of the same heads
        const auto load = [=]() {
            for (int i = 0; i < 2; ++i) {
                const int unit = rows == 1 ? 2 * j + i : j >> shift;
                const int row = rows == 1 ? 0 : (j - (unit << shift)) * 2 + i;
                if (!is_live(params, row))
                    continue;
                float *pair = pairs + row * 128;
                for (int h = 0; h < heads; ++h) {
                    const int head = unit * heads + h;
                    if (head >= 2 * k_tiles) // of one row, behind an odd number of pairs
                        break;
                    merge(x + (i * 4 + h * 2) * slot_floats, 4 >> (heads >> 1), pair + (head & 1) * 64);
                    if (head & 1)
                        scales[(head >> 1) * most_rows + row] =
                            quantise(pair, 128, row_place(X, row, head >> 1, k_tiles), rows == 1);
                }
            }
        };
        const int first = j * heads; // of one row: the k tiles that the load makes
        const int tiles = k_tiles - first < heads ? k_tiles - first : heads;
        made_once(shared && is_live(params, 0), j, heads == 1 ? of_parts : of_parts_of_two, {x, 8 * slot_floats * 4}, tiles,
                  X + first * 512, scales + first * most_rows, load);
    } else if (kind == linear || kind == linear_norm) {
        const int pieces = params[p_load_pieces];
        const int floats = params[p_load_floats];
        const int row = j / pieces;
        const int piece = j - row * pieces;
        if (!is_live(params, row))
            return;
        if (kind == linear_norm) {
            float *whole = (float *)y;
            for (int i = 0; i < floats; i += 16)
                aie::store_v(whole + piece * floats + i, aie::load_v<16>(x + i));
            if (piece == pieces - 1) {
                const int n = params[p_channels];
                const auto load = [=]() { normalise(X, whole, scales, row, rows, n); };
                made_once(shared, 0, of_norm, {whole, n * 4, whole + gamma_place, n * 2}, n / 128, X, scales, load);
            }
            return;
        }
        const int tiles = floats / 128;
        const auto load = [=]() {
            for (int t = 0; t < tiles; ++t)
                scales[(piece * tiles + t) * most_rows + row] =
                    quantise(x + t * 128, 128, row_place(X, row, piece * tiles + t, k_tiles), rows == 1);
        };
        made_once(shared, piece, of_row, {x, floats * 4}, tiles, X + piece * tiles * 512, scales + piece * tiles * most_rows,
                  load);
    } else if (is_live(params, j)) {
        float *piece = (float *)y + piece_place;
        const int shift = params[p_heads] >> 1;
        for (int g = 0; g < params[p_groups]; ++g) {
            // of heads beyond the last anything will do
            const int head = (((g >> shift) * array::columns + column) << shift) + (g & shift);
            const bfloat16 *query = (const bfloat16 *)A + (head < query_heads ? head : 0) * 64;
            for (int i = 0; i < 64; i += 32)
                aie::store_v(piece + i, aie::accum<accfloat, 32>(aie::load_v<32>(query + i)).to_vector<float>());
            scales[g * most_rows + j] =
                quantise(piece, 64, X + (g * (most_rows / 2) + (j >> 1)) * query_bytes + (j & 1) * 16, rows == 1);
        }
    }
}

} // extern "C"
