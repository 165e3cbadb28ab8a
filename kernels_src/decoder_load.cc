// Loading activations: layer norm or the merge of attention parts in float, then 16 bits in two int8 rows with a scale
// for every row and 128 channels.
// Reference: aiebuild/designs/reference.py (quantise_rows, layer_norm, merge_attention).
#include "decoder.h"
#include "inverse_root.h"

using namespace decoder;

namespace {

// (x - mean) factor gamma, or x itself. Inputs are never changed in place: other cores may read the same object.
struct Plain {
    const float *x;
    aie::vector<float, 32> operator()(int i) const { return aie::load_v<32>(x + i); }
};

struct Normalised {
    const float *x;
    const bfloat16 *gamma;
    float mean;
    float factor;
    aie::vector<float, 32> operator()(int i) const {
        const aie::vector<float, 32> d = aie::sub(aie::load_v<32>(x + i), aie::broadcast<float, 32>(mean));
        const aie::vector<float, 32> g = aie::accum<accfloat, 32>(aie::load_v<32>(gamma + i)).to_vector<float>();
        return aie::mul(aie::mul(d, factor).to_vector<float>(), g).to_vector<float>();
    }
};

// aie::abs of float vectors is an integer's absolute value on AIE2: wrong for negative numbers.
inline aie::vector<float, 32> magnitude(const aie::vector<float, 32> &v) {
    return aie::bit_and(v.cast_to<int32>(), aie::broadcast<int32, 32>(0x7fffffff)).cast_to<float>();
}

// 128 values from `first` on into row `row` of X's k tile `tile`: blocks of 4 x 8 int8, rows high 0, low 0, high 1, low 1.
template <class Values>
void quantise(const Values &values, int first, int8_t *X, float *scales, int row, int tile, int k_tiles, int rows) {
    aie::vector<float, 32> largest = magnitude(values(first));
    for (int i = 32; i < 128; i += 32)
        largest = aie::max(largest, magnitude(values(first + i)));
    const float top = aie::reduce_max(largest) + 1.0e-20f;
    const float inverse = 32512.0f * aie::inv(top);
    scales[tile * 4 + row] = top * (1.0f / 32512.0f);
    int8_t *out = X + ((row >> 1) * k_tiles + tile) * 512 + (row & 1) * 16;
    for (int i = 0; i < 128; i += 32) {
        const aie::vector<float, 32> scaled = aie::mul(values(first + i), inverse).template to_vector<float>();
        const aie::vector<int16, 32> q = aie::to_fixed<int16>(scaled, 0);
        const aie::vector<int16, 32> high = aie::downshift(q, 8); // rounds: low lies in [-128, 127]
        const aie::vector<int16, 32> low = aie::sub(q, aie::upshift(high, 8));
        const auto [front, back] = aie::interleave_zip(high.pack<int8>(), low.pack<int8>(), 8);
        for (int b = 0; b < 2; ++b) {
            aie::store_v(out + b * 32, front.extract<16>(b));
            aie::store_v(out + 64 + b * 32, back.extract<16>(b));
        }
        if (rows == 1)
            for (int b = 0; b < 4; ++b)
                aie::store_v(out + b * 32 + 16, aie::zeros<int8, 16>());
        out += 128;
    }
}

// Layer norm of n channels; beta is in the next product's bias.
Normalised normalised(const float *x, const bfloat16 *gamma, int n) {
    aie::vector<float, 16> sum = aie::zeros<float, 16>();
    for (int i = 0; i < n; i += 16)
        sum = aie::add(sum, aie::load_v<16>(x + i));
    const float over = aie::inv((float)n);
    const float mean = aie::reduce_add(sum) * over;
    aie::accum<accfloat, 16> squares = aie::zeros<accfloat, 16>();
    for (int i = 0; i < n; i += 16) {
        const aie::vector<float, 16> d = aie::sub(aie::load_v<16>(x + i), aie::broadcast<float, 16>(mean));
        squares = aie::mac(squares, d, d);
    }
    return {x, gamma, mean, inverse_root(aie::reduce_add(squares.to_vector<float>()) * over + 1.0e-5f)};
}

// 2^n for whole n <= 0, 0 below -126.
float power_of_two(float n) {
    union {
        int32_t i;
        float f;
    } u;
    u.i = n < -126.0f ? 0 : ((int32_t)n + 127) << 23;
    return u.f;
}

// One head of one row from the parts of the four rows of cores, each over its own keys.
void merge(const float *parts, float *out, int row) {
    const int stride = part_bytes / 4;
    float top = -8192.0f;
    for (int r = 0; r < 4; ++r) {
        const float m = parts[r * stride + row * partial_floats + 64];
        top = m > top ? m : top;
    }
    float weight[4];
    float total = 0.0f;
    for (int r = 0; r < 4; ++r) {
        const float *part = parts + r * stride + row * partial_floats;
        weight[r] = power_of_two(part[64] - top);
        total += weight[r] * part[65];
    }
    const float over = aie::inv(total);
    for (int i = 0; i < 64; i += 16) {
        aie::accum<accfloat, 16> sum = aie::zeros<accfloat, 16>();
        for (int r = 0; r < 4; ++r)
            sum = aie::mac(sum, aie::load_unaligned_v<16>(parts + r * stride + row * partial_floats + i, 4),
                           aie::broadcast<float, 16>(weight[r] * over));
        aie::store_v(out + i, sum.to_vector<float>());
    }
}

} // namespace

extern "C" {

// Start of an operation: the header into `params`, a layer norm's gamma (bf16) into `y`, which is free until products.
void decoder_command(int8_t *A, int32_t *y, int32_t *params) {
    const int32_t *words = (const int32_t *)A;
    for (int i = 0; i < 64; i += 16)
        aie::store_v(params + i, aie::load_v<16>(words + i));
    if (params[p_kind] == linear_norm)
        for (int i = 0; i < params[p_channels] / 2; i += 16)
            aie::store_v(y + i, aie::load_v<16>(words + 64 + i));
}

// Load j of a part: a row (or a piece of it), a head's attention parts, or a row of queries.
void decoder_load(int8_t *A, int8_t *X, int32_t *y, int32_t *stats, int32_t *params, int32_t j, int32_t column) {
    const int kind = params[p_kind];
    // queries become bf16; rows are split in bytes, where ties must go up
    aie::set_rounding(kind >= self_attention ? aie::rounding_mode::conv_even : aie::rounding_mode::positive_inf);
    aie::set_saturation(aie::saturation_mode::saturate);
    const float *x = (const float *)A;
    float *scales = (float *)stats;
    const int rows = params[p_rows];
    const int k_tiles = params[p_k_tiles];
    if (kind == linear_merge) {
        float *pair = (float *)y; // two heads of each row make a tile of 128 channels
        for (int row = 0; row < rows; ++row) {
            merge(x, pair + row * 128 + (j & 1) * 64, row);
            if (j & 1)
                quantise(Plain{pair + row * 128}, 0, X, scales, row, j >> 1, k_tiles, rows);
        }
    } else if (kind == self_attention || kind == cross_attention) {
        bfloat16 *q = (bfloat16 *)X; // [head group][4 rows][64], then as operand blocks
        bfloat16 *blocks = (bfloat16 *)(X + query_blocks);
        for (int g = 0; g < params[p_groups]; ++g) {
            const float *head = x + (g * 4 + column) * 64;
            for (int i = 0; i < 64; i += 32) {
                if (j == 0)
                    for (int row = 1; row < 4; ++row)
                        aie::store_v(q + (g * 4 + row) * 64 + i, aie::zeros<bfloat16, 32>());
                aie::store_v(q + (g * 4 + j) * 64 + i,
                             aie::accum<accfloat, 32>(aie::load_v<32>(head + i)).to_vector<bfloat16>());
            }
            if (j == rows - 1)
                for (int cb = 0; cb < 8; ++cb) {
                    const bfloat16 *p = q + g * 256 + cb * 8;
                    const aie::vector<bfloat16, 32> four = aie::concat(aie::load_v<8>(p), aie::load_v<8>(p + 64),
                                                                       aie::load_v<8>(p + 128), aie::load_v<8>(p + 192));
                    aie::store_v(blocks + (g * 8 + cb) * 32, aie::transpose(four, 4, 8));
                }
        }
    } else {
        const int pieces = params[p_load_pieces];
        const int row = j / pieces;
        const int first = (j - row * pieces) * (params[p_load_floats] / 128);
        const int tiles = params[p_load_floats] / 128;
        if (kind == linear_norm) {
            const Normalised values = normalised(x, (const bfloat16 *)y, params[p_channels]);
            for (int t = 0; t < tiles; ++t)
                quantise(values, t * 128, X, scales, row, t, k_tiles, rows);
        } else {
            for (int t = 0; t < tiles; ++t)
                quantise(Plain{x}, t * 128, X, scales, row, first + t, k_tiles, rows);
        }
    }
}

} // extern "C"
