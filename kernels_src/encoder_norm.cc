// Layer norm to int8 with a scale per row, and the log-mel normalisation. A row of cores sees the same row tiles, one for
// every four columns at a time; core `column` works on its strip of 16 rows of its own tile.
// Layer norm in two passes over the row. The first gathers sums and, tile by tile, the largest |gamma (x - m)|, where m is
// the mean of the row so far; as the mean moves by little once most of a row is seen, the largest of those plus
// |mean - m| max |gamma| is a tight bound of |gamma (x - mean)|. The second writes q = (x - mean) gamma inverse, with
// inverse just below 127 / bound. beta is folded into the next weights' bias.
// Reference: aiebuild/designs/reference.py (layer_norm, normalise).
#include "encoder.h"
#include "inverse_root.h"

using namespace encoder;

namespace {

// Words of `acc`: gamma (bf16), then per row block 32 lanes of sums and of squares, then 16 means, inverses and scales,
// then for each tile of 64 channels 16 largest values, the 16 means they refer to, and the largest |gamma|.
constexpr int partial = 1024;
constexpr int means = 1536;
constexpr int inverses = 1552;
constexpr int scales = 1568;
constexpr int tiles = 1600;
constexpr int tile_words = 48;

constexpr int groups = array::columns / 4; // of columns, each with a row tile of its own

inline aie::vector<bfloat16, 32> gamma_of(const int32_t *acc, int tile, int kb) {
    const aie::vector<bfloat16, 8> g = aie::load_v<8>((const bfloat16 *)acc + tile * 64 + kb * 8);
    return aie::concat(g, g, g, g);
}

inline aie::vector<float, 32> repeat_columns(const float *v4) {
    return aie::concat(aie::broadcast<float, 8>(v4[0]), aie::broadcast<float, 8>(v4[1]), aie::broadcast<float, 8>(v4[2]),
                       aie::broadcast<float, 8>(v4[3]));
}

inline float magnitude(float x) { return x < 0.0f ? -x : x; }

void row_constants(int32_t *acc, const int32_t *params, int steps) {
    float *f = (float *)acc;
    const float over = aie::inv((float)params[p_channels]);
    for (int rb = 0; rb < 4; ++rb) {
        const float *p = f + partial + rb * 64;
        const aie::vector<float, 32> sum = aie::load_v<32>(p), squares = aie::load_v<32>(p + 32);
        for (int r = 0; r < 4; ++r) {
            const int row = rb * 4 + r;
            const float mean = aie::reduce_add(sum.extract<8>(r)) * over;
            const float variance = aie::reduce_add(squares.extract<8>(r)) * over - mean * mean;
            float bound = 1.0e-20f;
            for (int t = 0; t < steps; ++t) {
                const float *tile = f + tiles + t * tile_words;
                const float b = tile[row] + magnitude(mean - tile[16 + row]) * tile[32];
                bound = b > bound ? b : bound;
            }
            // a little below 127 / bound, so that bf16 rounding does not pass 127
            const float inverse = (float)(bfloat16)(126.5f * aie::inv(bound));
            f[means + row] = mean;
            f[inverses + row] = inverse;
            f[scales + row] = aie::inv(inverse) * inverse_root(variance + 1.0e-5f);
        }
    }
}

} // namespace

extern "C" {

// First pass, tile i of 64 channels: all of the first group's row, then all of the next one's.
void encoder_norm_statistics(int8_t *A, int32_t *acc, int32_t *params, int32_t i, int32_t column) {
    aie::set_rounding(aie::rounding_mode::conv_even);
    const int steps = params[p_stats_steps] / groups;
    const int first = (column >> 2) * steps;
    if (groups > 1 && (i < first || i >= first + steps))
        return;
    i -= first;
    const bfloat16 *x = (const bfloat16 *)(A + (column & 3) * strip_bytes);
    float *tile = (float *)acc + tiles + i * tile_words;
    const float over = aie::inv((float)(64 * (i + 1)));
    aie::vector<bfloat16, 32> gamma_max = aie::zeros<bfloat16, 32>();
    for (int kb = 0; kb < 8; ++kb)
        gamma_max = aie::max(gamma_max, aie::abs(gamma_of(acc, i, kb)));
    tile[32] = (float)aie::reduce_max(gamma_max);
    for (int rb = 0; rb < 4; ++rb) {
        float *p = (float *)acc + partial + rb * 64;
        aie::accum<accfloat, 32> sum, squares;
        if (i == 0) {
            sum = aie::zeros<accfloat, 32>();
            squares = aie::zeros<accfloat, 32>();
        } else {
            sum = aie::accum<accfloat, 32>(aie::load_v<32>(p));
            squares = aie::accum<accfloat, 32>(aie::load_v<32>(p + 32));
        }
        for (int kb = 0; kb < 8; ++kb) {
            const aie::vector<bfloat16, 32> v = aie::load_v<32>(x + (rb * 8 + kb) * 32);
            sum = aie::add(sum, v);
            squares = aie::mac(squares, v, v);
        }
        const aie::vector<float, 32> sums = sum.to_vector<float>();
        aie::store_v(p, sums);
        aie::store_v(p + 32, squares.to_vector<float>());
        for (int r = 0; r < 4; ++r)
            tile[16 + rb * 4 + r] = aie::reduce_add(sums.extract<8>(r)) * over;
        const aie::vector<float, 32> mean = repeat_columns(tile + 16 + rb * 4);
        aie::vector<bfloat16, 32> largest = aie::zeros<bfloat16, 32>();
        for (int kb = 0; kb < 8; ++kb) {
            aie::accum<accfloat, 32> centred(aie::load_v<32>(x + (rb * 8 + kb) * 32));
            const aie::vector<bfloat16, 32> d = aie::sub(centred, mean).to_vector<bfloat16>();
            largest = aie::max(largest, aie::abs(aie::mul(d, gamma_of(acc, i, kb)).to_vector<bfloat16>()));
        }
        for (int r = 0; r < 4; ++r)
            tile[rb * 4 + r] = (float)aie::reduce_max(largest.extract<8>(r));
    }
    if (i == steps - 1)
        row_constants(acc, params, steps);
}

// Second pass, tile i of the eight of each group that fill C: four pieces of 16 rows x 128 channels, each a strip of an int8 tile.
void encoder_norm_apply(int8_t *A, int8_t *C, int32_t *acc, int32_t i, int32_t output, int32_t column) {
    aie::set_rounding(aie::rounding_mode::conv_even);
    aie::set_saturation(aie::saturation_mode::saturate);
    if (groups > 1 && (i >> 3) != (column >> 2))
        return;
    i &= 7;
    const bfloat16 *x = (const bfloat16 *)(A + (column & 3) * strip_bytes);
    const float *f = (const float *)acc;
    int8_t *piece = C + (i >> 1) * strip_bytes;
    for (int rb = 0; rb < 4; ++rb) {
        const aie::vector<float, 32> mean = repeat_columns(f + means + rb * 4);
        const aie::vector<bfloat16, 32> inverse =
            aie::accum<accfloat, 32>(repeat_columns(f + inverses + rb * 4)).to_vector<bfloat16>();
        for (int kb = 0; kb < 8; ++kb) {
            aie::accum<accfloat, 32> centred(aie::load_v<32>(x + (rb * 8 + kb) * 32));
            const aie::vector<bfloat16, 32> d = aie::sub(centred, mean).to_vector<bfloat16>();
            const aie::vector<bfloat16, 32> y = aie::mul(d, gamma_of(acc, output * 8 + i, kb)).to_vector<bfloat16>();
            const aie::vector<float, 32> q = aie::mul(y, inverse).to_vector<float>();
            aie::store_v(piece + (rb * 16 + (i & 1) * 8 + kb) * 32, aie::to_fixed<int8>(q, 0));
        }
    }
    if ((i & 1) == 0)
        aie::store_v((float *)(piece + strip_data), aie::load_v<16>(f + scales));
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
