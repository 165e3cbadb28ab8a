// Attention of up to eight queries of a head over a strip of 32 keys a step, online softmax in float; queries and
// probabilities have 16 bits, keys and values 8 with a scale each, or cross-attention's 4. Every row of cores sees its own
// keys, or, where there are two heads, every second one those of its head; the parts are merged when the next product loads
// them.
// Reference: aiebuild/designs/reference.py (attention_int8, attention_of_rows, merge_attention).
#include "decoder.h"
#include "key_scale.h"

using namespace decoder;

namespace {

constexpr float never = -8192.0f;

void reset(float *stats, float *O, int rows) {
    aie::store_v(stats + maxima, aie::broadcast<float, 8>(never));
    aie::store_v((bfloat16 *)(stats + ones), aie::broadcast<bfloat16, 32>(1.0f));
    for (int i = 0; i < rows * 64; i += 16)
        aie::store_v(O + i, aie::zeros<float, 16>());
    for (int i = 0; i < most_rows * 8; i += 16)
        aie::store_v(O + totals + i, aie::zeros<float, 16>());
}

ONE_COPY aie::vector<int8, 64> row_at(const int8_t *row) { return aie::load_unaligned_v<64>(row, 4); }

// 32 rows of 64, `log_bytes` apart, as operand blocks: of keys [8 channel blocks][4 key blocks][8 x 8], of values
// [4 key blocks][8 channel blocks][8 x 8].
void stage(const int8_t *rows, int8_t *out, bool values) {
    for (int block = 0; block < 4; ++block) {
        aie::vector<int8, 64> v[8], w[8];
#pragma clang loop unroll(full)
        for (int r = 0; r < 8; ++r)
            v[r] = row_at(rows + (block * 8 + r) * log_bytes);
        // 8 x 64 to eight of 8 x 8: pairs of rows, then of pairs, then of fours
#pragma clang loop unroll(full)
        for (int i = 0; i < 4; ++i) {
            const auto [a, b] = aie::interleave_zip(v[2 * i], v[2 * i + 1], 8);
            w[2 * i] = a, w[2 * i + 1] = b;
        }
#pragma clang loop unroll(full)
        for (int i = 0; i < 2; ++i)
#pragma clang loop unroll(full)
            for (int j = 0; j < 2; ++j) {
                const auto [a, b] = aie::interleave_zip(w[4 * i + j], w[4 * i + 2 + j], 16);
                v[4 * i + 2 * j] = a, v[4 * i + 2 * j + 1] = b;
            }
#pragma clang loop unroll(full)
        for (int j = 0; j < 4; ++j) {
            const auto [a, b] = aie::interleave_zip(v[j], v[4 + j], 32);
            w[2 * j] = a, w[2 * j + 1] = b;
        }
#pragma clang loop unroll(full)
        for (int cb = 0; cb < 8; ++cb) {
            if (values)
                aie::store_v(out + (block * 8 + cb) * 64, w[cb]);
            else
                aie::store_v(out + (cb * 4 + block) * 64, aie::transpose(w[cb], 8, 8));
        }
    }
}

// Four-bit keys or values of cross-attention, operand blocks of 32 of them, to int8: 2 n + 1.
ONE_COPY void widen(const int8_t *packed, int8_t *out) {
    for (int i = 0; i < 32; ++i) {
        const aie::vector<int8, 64> n = aie::load_v<32>(packed + i * 32).cast_to<int4>().unpack();
        aie::store_v(out + i * 64, aie::add(aie::add(n, n), aie::broadcast<int8, 64>(1)));
    }
}

// Which of 32 keys of cross-attention there are, from key 4 j of a tile on, of whose positions `left` are valid: position
// 16 c + j is key 4 j + c.
ONE_COPY uint32_t keys_within(int left, int j) {
    uint32_t seen = 0;
    for (int c = 0; c < 4; ++c) {
        const int count = left - 16 * c - j;
        if (count > 0)
            seen |= (count >= 8 ? 0x11111111u : 0x11111111u & ((1u << 4 * count) - 1)) << c;
    }
    return seen;
}

// Each four scores to their sums with all those before them, `last` too: scores of differences become those of keys.
ONE_COPY void add_up(float *scores, float *last) {
    aie::vector<float, 16> before = aie::load_v<16>(last);
    for (int i = 0; i < 32; i += 16) {
        aie::vector<float, 16> s = aie::load_v<16>(scores + i);
        s = aie::add(s, aie::shuffle_up_fill(s, aie::zeros<float, 16>(), 4));
        s = aie::add(s, aie::shuffle_up_fill(s, aie::zeros<float, 16>(), 8));
        s = aie::add(s, before);
        aie::store_v(scores + i, s);
        const aie::vector<float, 4> end = s.extract<4>(3);
        before = aie::concat(end, end, end, end);
    }
    aie::store_v(last, before);
}

// The values' scales to what probabilities are multiplied by: 32512 at the largest of those that a row sees, 0 at others.
// Returns a step of the products.
ONE_COPY float weigh(const bfloat16 *scales, uint32_t any, float *weights) {
    const aie::vector<bfloat16, 32> seen =
        aie::select(aie::zeros<bfloat16, 32>(), aie::load_v<32>(scales), aie::mask<32>::from_uint32(any));
    const float top = (float)aie::reduce_max(seen) + 1.0e-20f;
    const aie::vector<float, 32> v = aie::accum<accfloat, 32>(seen).to_vector<float>();
    const aie::vector<float, 16> factor = aie::broadcast<float, 16>(32512.0f * aie::inv(top));
    aie::store_v(weights, product(v.extract<16>(0), factor));
    aie::store_v(weights + 16, product(v.extract<16>(1), factor));
    return top * (1.0f / 32512.0f);
}

// The largest score so far became `top`: what was summed below the one before is brought to it.
__attribute__((noinline)) void rescale(float *stats, int row, float top, float *y) {
    aie::set_rounding(aie::rounding_mode::conv_even);
    const aie::vector<float, 16> factor =
        exp2_down(aie::broadcast<float, 16>(stats[maxima + row] - top));
    aie::set_rounding(split_rounding);
    float *O = y + row * 64;
    for (int i = 0; i < 64; i += 16)
        aie::store_v(O + i, product(aie::load_v<16>(O + i), factor));
    float *total = y + totals + row * 8;
    aie::store_v(total, aie::mul(aie::load_v<8>(total), factor.extract<8>(0)).to_vector<float>());
    stats[maxima + row] = top;
}

// A row's scores of 32 keys, of which it sees those in `visible`, to probabilities times the values' weights, as row `P`
// of operand blocks. No probability is above 1, as the largest score is known before.
void softmax(const float *scores, uint32_t visible, float *stats, int row, float *y, const float *weights, int8_t *P,
             bool alone) {
    aie::vector<float, 32> s = aie::load_v<32>(scores);
    if (visible != ~0u)
        s = aie::select(aie::broadcast<float, 32>(2 * never), s, aie::mask<32>::from_uint32(visible));
    if (!aie::gt(s, aie::broadcast<float, 32>(stats[maxima + row])).empty())
        rescale(stats, row, aie::reduce_max(s), y);
    const aie::vector<float, 16> m = aie::broadcast<float, 16>(stats[maxima + row]);
    aie::set_rounding(aie::rounding_mode::conv_even);
    const aie::vector<float, 16> low = exp2_down(aie::sub(s.extract<16>(0), m));
    const aie::vector<float, 16> high = exp2_down(aie::sub(s.extract<16>(1), m));
    aie::set_rounding(split_rounding);
    float *total = y + totals + row * 8;
    const aie::vector<float, 16> both = aie::add(low, high);
    aie::store_v(total, aie::add(aie::load_v<8>(total), aie::add(both.extract<8>(0), both.extract<8>(1))));
    to_operands(aie::concat(product(low, aie::load_v<16>(weights)), product(high, aie::load_v<16>(weights + 16))), P, alone);
}

} // namespace

extern "C" {

// B object i of head group `group`: keys and values of 256 positions (cross), of 128 entries of the log, or of 64 for each of
// two heads.
void decoder_attention_step(int8_t *B, int8_t *X, float *y, float *stats, int32_t *params, int32_t group, int32_t i,
                            int32_t row) {
    aie::set_rounding(split_rounding);
    aie::set_saturation(aie::saturation_mode::saturate);
    const int rows = params[p_rows];
    const bool cross = params[p_kind] == cross_attention;
    const int shift = params[p_heads] >> 1;
    const int strips = 4 >> shift; // of a head in an object
    const int strip = i * strips + (row & (strips - 1));
    const int head = (group << shift) + (row >> (2 - shift));
    const uint32_t *masks = (const uint32_t *)(y + masks_place) + strip;
    const int mask_stride = params[p_mask_bytes] / 4;
    float *scores = y + scores_place;
    int8_t *P = (int8_t *)(y + probabilities_place);
    int8_t *keys = (int8_t *)(y + staged_place), *values = keys + 2048;
    int16_t *of_keys = (int16_t *)(stats + key_scales), *of_values = of_keys + 32;
    const int8_t *slice = B + row * slice_bytes;
    if (i == 0)
        reset(stats, y, rows);
    if (params[p_here] == 0)
        return;
    for (int half = 0; half < (cross ? 2 : 1); ++half) {
        uint32_t any = 0;
        if (cross)
            any = keys_within(params[p_keys] - strip * 64, half * 8);
        else
            for (int r = 0; r < rows; ++r)
                any |= is_live(params, r) ? masks[r * mask_stride] : 0u;
        if (any == 0)
            return;
        alignas(32) float weights[32];
        float step = 0.0f;
        if (cross) {
            if (half == 0)
                for (int r = 0; r < rows; ++r)
                    aie::store_v(y + masks_place + r * 16, aie::zeros<float, 16>());
            widen(slice + half * 1024, keys);
            widen(slice + packed_values + half * 1024, values);
            const uint8_t *bytes = (const uint8_t *)slice + packed_scales + half * 32;
            aie::store_v((bfloat16 *)of_keys, step_of_bytes(aie::load_v<32>(bytes)));
            aie::store_v((bfloat16 *)of_values, step_of_bytes(aie::load_v<32>(bytes + packed_values)));
            step = weigh((const bfloat16 *)of_values, any, weights);
        } else {
            for (int e = 0; e < 32; ++e) {
                const int32_t both = *(const int32_t *)(slice + e * log_bytes + log_scales);
                of_keys[e] = (int16_t)both;
                of_values[e] = (int16_t)(both >> 16);
            }
            stage(slice, keys, false);
            stage(slice + 64, values, true);
        }
        for (int r = 0; r < rows; r += 2) {
            if (!is_live(params, r))
                continue;
            const int count = rows - r < 2 ? 1 : 2;
            uint32_t visible[2] = {any, any};
            if (!cross)
                for (int j = 0; j < count; ++j)
                    visible[j] = masks[(r + j) * mask_stride];
            const int8_t *q = X + (head * (most_rows / 2) + (r >> 1)) * query_bytes;
            products(q, 8, keys, 256, (const bfloat16 *)of_keys, stats + head * most_rows + r, scores, 32, count, true);
            float scales[2] = {0.0f, 0.0f};
            for (int j = 0; j < count; ++j)
                if (visible[j] != 0) {
                    if (cross)
                        add_up(scores + j * 32, y + masks_place + (r + j) * 16);
                    else
                        step = weigh((const bfloat16 *)of_values, visible[j], weights);
                    scales[j] = step;
                    softmax(scores + j * 32, visible[j], stats, r + j, y, weights, P + j * 16, count == 1);
                }
            const bfloat16 *one = (const bfloat16 *)(stats + ones);
            products(P, 4, values, 512, one, scales, y + r * 64, 64, count, false);
            products(P, 4, values + 256, 512, one, scales, y + r * 64 + 32, 64, count, false);
        }
    }
}

// C: 64 sums of row `output`, the maximum and the sum of probabilities.
void decoder_attention_finish(int8_t *C, float *y, float *stats, int32_t output) {
    float *out = (float *)C;
    for (int i = 0; i < 64; i += 16) {
        aie::store_v(out + i, aie::load_v<16>(y + output * 64 + i));
        aie::store_v(out + 64 + i, aie::zeros<float, 16>());
    }
    out[64] = stats[maxima + output];
    out[65] = aie::reduce_add(aie::load_v<8>(y + totals + output * 8));
}

} // extern "C"
