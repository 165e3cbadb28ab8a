// Attention of up to four queries of a head over a strip of 16 keys a step, everything transposed as in the encoder:
// S^T = K Q^T, O^T = V^T P^T. Each row of cores sees its own keys; the parts are merged when the next product loads them.
// Reference: aiebuild/designs/reference.py (attention, merge_attention).
#include "decoder.h"
#include "exp2.h"

using namespace decoder;

namespace {

using MM = aie::mmul<4, 8, 4, bfloat16, bfloat16>;

constexpr float lag = 8.0f;
constexpr float never = -8192.0f;
constexpr int maxima = 0; // words of `stats`: 4 maxima, then 16 partial sums of probabilities
constexpr int sums = 16;

inline aie::vector<float, 16> per_query(const float *v4) {
    const aie::vector<float, 4> v = aie::load_v<4>(v4);
    return aie::concat(v, v, v, v);
}

inline aie::vector<bfloat16, 32> to_bf16(const aie::vector<float, 32> &v) {
    return aie::accum<accfloat, 32>(v).to_vector<bfloat16>();
}

// 4 keys x 8 channels of the strip.
template <bool Rows> inline aie::vector<bfloat16, 32> key_block(const int8_t *strip, int kb, int cb) {
    if constexpr (Rows) {
        const float *p = (const float *)strip + kb * 4 * 64 + cb * 8;
        return to_bf16(aie::concat(aie::load_v<8>(p), aie::load_v<8>(p + 64), aie::load_v<8>(p + 128),
                                   aie::load_v<8>(p + 192)));
    } else {
        return aie::load_v<32>((const bfloat16 *)strip + (kb * 8 + cb) * 32);
    }
}

// scores[key block][4 keys x 4 queries] = K Q^T - maxima; returns the largest of them.
template <bool Rows> float scores_of(const int8_t *strip, const bfloat16 *Q, float *scores, const float *stats) {
    MM c[4];
    // unrolled for certain: the arrays stay in registers
#pragma clang loop unroll(full)
    for (int i = 0; i < 4; ++i)
        c[i] = MM(aie::zeros<float, 16>());
    for (int cb = 0; cb < 8; ++cb) {
        const aie::vector<bfloat16, 32> q = aie::load_v<32>(Q + cb * 32);
#pragma clang loop unroll(full)
        for (int i = 0; i < 4; ++i)
            c[i].mac(key_block<Rows>(strip, i, cb), q);
    }
    const aie::vector<float, 16> m = per_query(stats + maxima);
    aie::vector<float, 16> largest = aie::broadcast<float, 16>(never);
#pragma clang loop unroll(full)
    for (int i = 0; i < 4; ++i) {
        const aie::vector<float, 16> s = aie::sub(c[i].to_vector<float>(), m);
        largest = aie::max(largest, s);
        aie::store_v(scores + i * 16, s);
    }
    return aie::reduce_max(largest);
}

// Query q sees keys below first_hidden + q * causal.
void mask_keys(float *scores, int first_hidden, int causal) {
    for (int key = 0; key < 16; ++key)
        for (int q = 0; q < 4; ++q)
            if (key >= first_hidden + q * causal)
                scores[key * 4 + q] = 2 * never;
}

void raise_maxima(float *scores, float *stats, float *O) {
    aie::vector<float, 16> top = aie::max(aie::max(aie::load_v<16>(scores), aie::load_v<16>(scores + 16)),
                                          aie::max(aie::load_v<16>(scores + 32), aie::load_v<16>(scores + 48)));
    top = aie::max(top, aie::zeros<float, 16>());
    top = aie::max(top, aie::shuffle_down_rotate(top, 8));
    top = aie::max(top, aie::shuffle_down_rotate(top, 4));
    const aie::vector<float, 16> step = aie::to_float(aie::to_fixed<int32>(top, 0));
    aie::vector<int16, 32> t = aie::zeros<int16, 32>();
    t.insert(0, aie::to_fixed<int16>(aie::neg(step), 8));
    const aie::vector<float, 16> factor = aie::accum<accfloat, 16>(exp2_q8(t).extract<16>(0)).to_vector<float>();
    for (int i = 0; i < 4; ++i)
        aie::store_v(scores + i * 16, aie::sub(aie::load_v<16>(scores + i * 16), step));
    aie::store_v(stats + maxima, aie::add(aie::load_v<4>(stats + maxima), step.extract<4>(0)));
    aie::store_v(stats + sums, aie::mul(aie::load_v<16>(stats + sums), factor).to_vector<float>());
    for (int i = 0; i < 256; i += 16)
        aie::store_v(O + i, aie::mul(aie::load_v<16>(O + i), factor).to_vector<float>());
}

void probabilities(float *scores, float *stats) {
    bfloat16 *P = (bfloat16 *)scores;
    aie::accum<accfloat, 16> sum(aie::load_v<16>(stats + sums));
    for (int i = 0; i < 2; ++i) {
        const aie::vector<bfloat16, 32> p = exp2_q8(aie::to_fixed<int16>(
            aie::concat(aie::load_v<16>(scores + i * 32), aie::load_v<16>(scores + i * 32 + 16)), 8));
        aie::store_v(P + i * 32, p);
        sum = aie::add(sum, p.extract<16>(0));
        sum = aie::add(sum, p.extract<16>(1));
    }
    aie::store_v(stats + sums, sum.to_vector<float>());
}

void weighted_values(const bfloat16 *V, const bfloat16 *P, float *O) {
    const aie::vector<bfloat16, 32> p0 = aie::load_v<32>(P), p1 = aie::load_v<32>(P + 32);
    for (int db = 0; db < 16; ++db) {
        MM c(aie::load_v<16>(O + db * 16));
        c.mac(aie::load_v<32>(V + db * 64), p0);
        c.mac(aie::load_v<32>(V + db * 64 + 32), p1);
        aie::store_v(O + db * 16, c.to_vector<float>());
    }
}

// The same for values as float rows: 8 keys x 8 channels are turned into two operand blocks at a time.
void weighted_rows(const float *V, const bfloat16 *P, float *O) {
    for (int cb = 0; cb < 8; ++cb) {
        MM low(aie::load_v<16>(O + cb * 32)), high(aie::load_v<16>(O + cb * 32 + 16));
        for (int kb = 0; kb < 2; ++kb) {
            const float *p = V + kb * 8 * 64 + cb * 8;
            const aie::vector<bfloat16, 32> upper = to_bf16(aie::concat(
                aie::load_v<8>(p), aie::load_v<8>(p + 64), aie::load_v<8>(p + 128), aie::load_v<8>(p + 192)));
            const aie::vector<bfloat16, 32> lower = to_bf16(aie::concat(
                aie::load_v<8>(p + 256), aie::load_v<8>(p + 320), aie::load_v<8>(p + 384), aie::load_v<8>(p + 448)));
            const aie::vector<bfloat16, 64> v = aie::transpose(aie::concat(upper, lower), 8, 8);
            const aie::vector<bfloat16, 32> probabilities = aie::load_v<32>(P + kb * 32);
            low.mac(v.extract<32>(0), probabilities);
            high.mac(v.extract<32>(1), probabilities);
        }
        aie::store_v(O + cb * 32, low.to_vector<float>());
        aie::store_v(O + cb * 32 + 16, high.to_vector<float>());
    }
}

void reset(float *stats, float *O) {
    aie::store_v(stats + maxima, aie::broadcast<float, 4>(never));
    aie::store_v(stats + sums, aie::zeros<float, 16>());
    for (int i = 0; i < 256; i += 16)
        aie::store_v(O + i, aie::zeros<float, 16>());
}

template <bool Rows>
void keys_step(const int8_t *strip, const bfloat16 *Q, float *scores, float *stats, float *O, int first_hidden,
               int causal) {
    float top = scores_of<Rows>(strip, Q, scores, stats);
    if (first_hidden < 16)
        mask_keys(scores, first_hidden, causal);
    if (top > lag)
        raise_maxima(scores, stats, O);
    probabilities(scores, stats);
}

} // namespace

extern "C" {

// B object i of head group `group`: keys then values of 64 positions in turn (self), or both at once (cross).
void decoder_attention_step(int8_t *B, int8_t *X, float *y, float *stats, int32_t *params, int32_t group, int32_t i,
                            int32_t row) {
    aie::set_rounding(aie::rounding_mode::conv_even);
    aie::set_saturation(aie::saturation_mode::saturate);
    const bfloat16 *Q = (const bfloat16 *)(X + query_blocks) + group * 256;
    float *scores = (float *)(X + scratch_offset);
    if (i == 0)
        reset(stats, y);
    if (params[p_kind] == cross_attention) {
        const int8_t *slice = B + row * slice_bytes;
        const int valid = params[p_keys] - (i * 64 + row * 16);
        if (valid <= 0)
            return;
        keys_step<false>(slice, Q, scores, stats, y, valid, 0);
        weighted_values((const bfloat16 *)(slice + values_offset), (const bfloat16 *)scores, y);
    } else {
        const int8_t *strip = B + row * 16 * 256;
        const int position = (i >> 1) * 64 + row * 16;
        const int first_hidden = params[p_keys] + 1 - position; // of row 0
        if (first_hidden + 3 <= 0)
            return;
        if ((i & 1) == 0)
            keys_step<true>(strip, Q, scores, stats, y, first_hidden, 1);
        else
            weighted_rows((const float *)strip, (const bfloat16 *)scores, y);
    }
}

// C: for each row 64 sums, the maximum and the sum of probabilities.
void decoder_attention_finish(int8_t *C, float *y, float *stats, int32_t *params) {
    float *out = (float *)C;
    aie::vector<float, 16> l = aie::load_v<16>(stats + sums);
    l = aie::add(l, aie::shuffle_down_rotate(l, 8));
    l = aie::add(l, aie::shuffle_down_rotate(l, 4));
    const int rows = params[p_rows];
    for (int db = 0; db < 16; ++db) {
        const aie::vector<float, 16> o = aie::transpose(aie::load_v<16>(y + db * 16), 4, 4);
        for (int q = 0; q < rows; ++q)
            aie::store_v(out + q * partial_floats + db * 4, o.extract<4>(q));
    }
    for (int q = 0; q < rows; ++q) {
        out[q * partial_floats + 64] = stats[maxima + q];
        out[q * partial_floats + 65] = l.get(q);
        out[q * partial_floats + 66] = 0.0f;
        out[q * partial_floats + 67] = 0.0f;
    }
    for (int i = rows * partial_floats; i < object_floats; i += 4)
        aie::store_v(out + i, aie::zeros<float, 4>());
}

} // extern "C"
