// Attention of 64 queries of one head, fused: scores and probabilities never leave the core.
// Everything is kept transposed (S^T = K Q^T, O^T = V^T P^T), so that the products' outputs are the next operands
// without shuffles and a query's statistics lie along the lanes. Softmax to base 2 (log2 e is folded into the query
// weights), online with a lagging maximum: the accumulators are rescaled only when a score exceeds it by more than 8.
// Reference: aiebuild/designs/reference.py (attention).
#include "encoder.h"
#include "exp2.h"

using namespace encoder;

namespace {

constexpr float lag = 8.0f;
constexpr float never = -8192.0f;
constexpr int maxima = 0; // words of `stats`: 64 running maxima, then 16 x 16 partial sums of probabilities
constexpr int sums = 64;
constexpr int quarter = 4;   // query blocks of 4 that are worked on at a time
constexpr int key_blocks = 8; // of 4 keys in a B object
constexpr int tall = array::tall; // blocks of keys or head channels that a product takes at a time
using MM = aie::mmul<array::block_rows, 8, 4, bfloat16, bfloat16>;

inline aie::vector<float, 16> per_query(const float *v4) {
    const aie::vector<float, 4> v = aie::load_v<4>(v4);
    return aie::concat(v, v, v, v);
}

inline aie::vector<float, 16> max_over_keys(aie::vector<float, 16> v) {
    v = aie::max(v, aie::shuffle_down_rotate(v, 8));
    return aie::max(v, aie::shuffle_down_rotate(v, 4));
}

// scores[query block][key block][4 x 4] = K Q^T - maxima for 32 keys and 16 queries; returns the largest.
float scores_of(const int8_t *K, const bfloat16 *Q, float *scores, const float *own_maxima) {
    aie::vector<float, 16> largest = aie::broadcast<float, 16>(never);
    for (int s = 0; s < 2; ++s) {
        const bfloat16 *strip = (const bfloat16 *)(K + s * strip_bytes);
        MM c[4 / tall][4];
        // unrolled for certain, here and below: the arrays stay in registers
#pragma clang loop unroll(full)
        for (int i = 0; i < 4 / tall; ++i)
#pragma clang loop unroll(full)
            for (int j = 0; j < 4; ++j)
                c[i][j] = MM(aie::zeros<float, 16 * tall>());
        for (int kb = 0; kb < 8; ++kb) {
            aie::vector<bfloat16, 32 * tall> k[4 / tall];
            aie::vector<bfloat16, 32> x[4];
#pragma clang loop unroll(full)
            for (int i = 0; i < 4 / tall; ++i)
                k[i] = array::load_tall<32>(strip + (i * tall * 8 + kb) * 32, 256);
#pragma clang loop unroll(full)
            for (int j = 0; j < 4; ++j)
                x[j] = aie::load_v<32>(Q + (j * 8 + kb) * 32);
#pragma clang loop unroll(full)
            for (int i = 0; i < 4 / tall; ++i)
#pragma clang loop unroll(full)
                for (int j = 0; j < 4; ++j)
                    c[i][j].mac(k[i], x[j]);
        }
#pragma clang loop unroll(full)
        for (int j = 0; j < 4; ++j) {
            const aie::vector<float, 16> m = per_query(own_maxima + j * 4);
#pragma clang loop unroll(full)
            for (int i = 0; i < 4; ++i) {
                const aie::vector<float, 16> d =
                    aie::sub(array::block_of_tall<16, float>(c[i / tall][j].to_vector<float>(), i % tall), m);
                largest = aie::max(largest, d);
                aie::store_v(scores + (j * key_blocks + s * 4 + i) * 16, d);
            }
        }
    }
    return aie::reduce_max(largest);
}

// Keys from `valid` on get a score that becomes probability 0.
void mask_keys(float *scores, int valid) {
    for (int qb = 0; qb < quarter; ++qb)
        for (int key = valid; key < 32; ++key)
            aie::store_v(scores + (qb * key_blocks + (key >> 2)) * 16 + (key & 3) * 4,
                         aie::broadcast<float, 4>(2 * never));
}

// Raise the maxima to the scores' (whole numbers, so the factors are powers of two) and rescale what was summed.
void raise_maxima(float *scores, float *own_maxima, float *own_sums, float *O) {
    for (int qb = 0; qb < quarter; ++qb) {
        float *s = scores + qb * key_blocks * 16;
        aie::vector<float, 16> top = aie::zeros<float, 16>();
        for (int i = 0; i < key_blocks; ++i)
            top = aie::max(top, aie::load_v<16>(s + i * 16));
        const aie::vector<float, 16> step = aie::to_float(aie::to_fixed<int32>(max_over_keys(top), 0));
        aie::vector<int16, 32> t = aie::zeros<int16, 32>();
        t.insert(0, aie::to_fixed<int16>(aie::neg(step), 8));
        const aie::vector<float, 16> factor =
            aie::accum<accfloat, 16>(exp2_q8(t).extract<16>(0)).to_vector<float>();
        for (int i = 0; i < key_blocks; ++i)
            aie::store_v(s + i * 16, aie::sub(aie::load_v<16>(s + i * 16), step));
        float *m = own_maxima + qb * 4;
        aie::store_v(m, aie::add(aie::load_v<4>(m), step.extract<4>(0)));
        float *l = own_sums + qb * 16;
        aie::store_v(l, aie::mul(aie::load_v<16>(l), factor).to_vector<float>());
        for (int db = 0; db < 16; ++db) {
            float *o = O + (db * 16 + qb) * 16;
            aie::store_v(o, aie::mul(aie::load_v<16>(o), factor).to_vector<float>());
        }
    }
}

// P = 2^scores in bf16, in place: [query block][4 blocks of 8 keys][8 x 4]; their sums into stats.
void probabilities(float *scores, float *own_sums) {
    bfloat16 *P = (bfloat16 *)scores;
    for (int qb = 0; qb < quarter; ++qb) {
        aie::accum<accfloat, 16> sum(aie::load_v<16>(own_sums + qb * 16));
        for (int kb = 0; kb < 4; ++kb) {
            const aie::vector<bfloat16, 32> p =
                exp2_q8(aie::to_fixed<int16>(aie::load_v<32>(scores + (qb * 4 + kb) * 32), 8));
            aie::store_v(P + (qb * 4 + kb) * 32, p);
            sum = aie::add(sum, p.extract<16>(0));
            sum = aie::add(sum, p.extract<16>(1));
        }
        aie::store_v(own_sums + qb * 16, sum.to_vector<float>());
    }
}

// O^T += V^T P^T over 32 keys and 16 queries. O: [16 head-channel blocks][16 query blocks][4 x 4].
void weighted_values(const int8_t *V, const bfloat16 *P, float *O) {
    for (int db = 0; db < 16; db += 4) {
        MM c[4 / tall][4];
#pragma clang loop unroll(full)
        for (int i = 0; i < 4 / tall; ++i)
#pragma clang loop unroll(full)
            for (int j = 0; j < 4; ++j)
                c[i][j] = MM(array::load_tall<16>(O + ((db + i * tall) * 16 + j) * 16, 256));
        for (int kb = 0; kb < 4; ++kb) {
            const bfloat16 *strip = (const bfloat16 *)(V + (kb >> 1) * strip_bytes);
            aie::vector<bfloat16, 32 * tall> v[4 / tall];
            aie::vector<bfloat16, 32> p[4];
#pragma clang loop unroll(full)
            for (int i = 0; i < 4 / tall; ++i)
                v[i] = array::load_tall<32>(strip + ((db + i * tall) * 2 + (kb & 1)) * 32, 64);
#pragma clang loop unroll(full)
            for (int j = 0; j < 4; ++j)
                p[j] = aie::load_v<32>(P + (j * 4 + kb) * 32);
#pragma clang loop unroll(full)
            for (int i = 0; i < 4 / tall; ++i)
#pragma clang loop unroll(full)
                for (int j = 0; j < 4; ++j)
                    c[i][j].mac(v[i], p[j]);
        }
#pragma clang loop unroll(full)
        for (int i = 0; i < 4 / tall; ++i)
#pragma clang loop unroll(full)
            for (int j = 0; j < 4; ++j)
                array::store_tall<16>(O + ((db + i * tall) * 16 + j) * 16, 256, c[i][j].to_vector<float>());
    }
}

} // namespace

extern "C" {

// Side step i: A is the query tile of head i of the group; this column keeps its own in C until the end.
void encoder_attention_query(int8_t *A, int8_t *C, int32_t *acc, int32_t *stats, int32_t i, int32_t column) {
    if (i == 0) {
        float *O = (float *)acc;
        for (int j = 0; j < 4096; j += 16)
            aie::store_v(O + j, aie::zeros<float, 16>());
        float *s = (float *)stats;
        for (int j = 0; j < 64; j += 16)
            aie::store_v(s + maxima + j, aie::broadcast<float, 16>(never));
        for (int j = 0; j < 256; j += 16)
            aie::store_v(s + sums + j, aie::zeros<float, 16>());
    }
    if (i == column)
        for (int j = 0; j < object_bytes; j += 64)
            aie::store_v(C + j, aie::load_v<64>(A + j));
}

// Stream step i: B is keys 32 i to 32 i + 31: two strips of K, two of V^T.
void encoder_attention_step(int8_t *B, int8_t *C, int32_t *acc, int32_t *scratch, int32_t *stats, int32_t *params,
                            int32_t i) {
    aie::set_rounding(aie::rounding_mode::conv_even);
    aie::set_saturation(aie::saturation_mode::saturate);
    float *scores = (float *)scratch;
    float *O = (float *)acc;
    const int valid = params[p_keys] - i * 32;
    for (int q = 0; q < 4; ++q) { // each a strip of 16 queries
        const bfloat16 *Q = (const bfloat16 *)(C + q * strip_bytes);
        float *own_maxima = (float *)stats + maxima + q * quarter * 4;
        float *own_sums = (float *)stats + sums + q * quarter * 16;
        float *own_O = O + q * quarter * 16;
        const float top = scores_of(B, Q, scores, own_maxima);
        if (valid < 32)
            mask_keys(scores, valid);
        if (top > lag)
            raise_maxima(scores, own_maxima, own_sums, own_O);
        probabilities(scores, own_sums);
        weighted_values(B + 2 * strip_bytes, (const bfloat16 *)scores, own_O);
    }
}

// C = (O / sums) as a row-blocked tile.
void encoder_attention_finish(int8_t *C, int32_t *acc, int32_t *stats) {
    aie::set_rounding(aie::rounding_mode::conv_even);
    const float *O = (const float *)acc;
    for (int qb = 0; qb < 16; ++qb) {
        aie::vector<float, 16> l = aie::load_v<16>((const float *)stats + sums + qb * 16);
        l = aie::add(l, aie::shuffle_down_rotate(l, 8));
        l = aie::add(l, aie::shuffle_down_rotate(l, 4));
        aie::vector<float, 4> inverse;
        for (int q = 0; q < 4; ++q)
            inverse.set(aie::inv((float)l.get(q)), q);
        const aie::vector<float, 16> factor = aie::concat(inverse, inverse, inverse, inverse);
        bfloat16 *out = (bfloat16 *)(C + (qb >> 2) * strip_bytes) + (qb & 3) * 256;
        for (int kb = 0; kb < 8; ++kb) {
            const float *o = O + (kb * 32 + qb) * 16;
            const aie::vector<bfloat16, 16> low = aie::mul(aie::load_v<16>(o), factor).to_vector<bfloat16>();
            const aie::vector<bfloat16, 16> high = aie::mul(aie::load_v<16>(o + 256), factor).to_vector<bfloat16>();
            aie::store_v(out + kb * 32, aie::transpose(aie::concat(low, high), 8, 4));
        }
    }
}

} // extern "C"
