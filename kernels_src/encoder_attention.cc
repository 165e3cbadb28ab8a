// Attention of 64 queries of one head, fused: scores and probabilities never leave the core.
// Everything is kept transposed (S^T = K Q^T, O^T = V^T P^T), so that the products' outputs are the next operands
// without shuffles and a query's statistics lie along the lanes. Softmax to base 2 (log2 e is folded into the query
// weights), online with a lagging maximum: sums are rescaled only when a score exceeds it by more than `lag`. So scores
// become probabilities in registers; where one turns out to exceed it, the maxima are raised and it is done again.
// Reference: aiebuild/designs/reference.py (attention).
#include "encoder.h"
#include "exp2.h"
#include "product.h"
#include "sums.h"

using namespace encoder;

namespace {

constexpr int lag = 32;
constexpr int offsets = 0; // words of `stats`: 64 x `exp2_magic` less the running maxima, then 16 x 16 sums of probabilities
constexpr int sums = 64;
constexpr int quarter = 4; // query blocks of 4 that are worked on at a time
constexpr int strip_probabilities = 16 * 32; // of 16 queries
using array::tall;
using Sums = array::Bf16Sums;

constexpr int most = lag * 256 + exp2_bias; // of exponents in Q8 with exp2's bias
constexpr int tries = 128;                  // raising the maxima: one spans 2^127 either way, scores are far below 2^14

inline aie::vector<float, 16> per_query(const float *v4) {
    const aie::vector<float, 4> v = aie::load_v<4>(v4);
    return aie::concat(v, v, v, v);
}

// A float as a sum of two bf16, to 16 bits.
struct Parts {
    aie::vector<bfloat16, 32> high, low;
};

inline Parts parts_of(const aie::vector<float, 32> &v) {
    const aie::accum<accfloat, 32> x(v);
    const aie::vector<bfloat16, 32> high = x.to_vector<bfloat16>();
    return {high, aie::sub(x, high).to_vector<bfloat16>()};
}

// P = 2^(K Q^T - maxima) of 32 keys and 16 queries in bf16: [query block][4 blocks of 8 keys][8 x 4]. Returns the
// largest exponent, in Q8 with exp2's bias, of keys that are not valid, too.
int scores(const int8_t *K, const bfloat16 *Q, const float *own_offsets, bfloat16 *P) {
    aie::vector<uint16, 32> largest = aie::zeros<uint16, 32>();
    for (int kb = 0; kb < 4; ++kb) {
        const bfloat16 *keys = (const bfloat16 *)(K + (kb >> 1) * strip_bytes) + (kb & 1) * 512;
        Sums s;
        for (int d = 0; d < 8; ++d)
            s.add([keys, d](int i) { return array::load_tall<32>(keys + (i * 8 + d) * 32, 256); },
                  [Q, d](int j) { return aie::load_v<32>(Q + (j * 8 + d) * 32); });
        UNROLLED
        for (int j = 0; j < 4; ++j) {
            const aie::vector<float, 16> offset = per_query(own_offsets + j * 4);
            const aie::vector<uint16, 32> u =
                biased_q8(aie::add(s.column(j), aie::accum<accfloat, 32>(aie::concat(offset, offset))));
            largest = aie::max(largest, u);
            aie::store_v(P + (j * 4 + kb) * 32, exp2_of_biased(u));
        }
    }
    return aie::reduce_max(largest);
}

// Keys from `valid` on get probability 0.
void mask_keys(bfloat16 *P, int valid) {
    for (int kb = valid >> 3; kb < 4; ++kb) {
        const int left = valid - kb * 8;
        const aie::mask<32> kept = aie::mask<32>::from_uint32(left > 0 ? (1u << (4 * left)) - 1 : 0u);
        for (int qb = 0; qb < quarter; ++qb) {
            bfloat16 *p = P + (qb * 4 + kb) * 32;
            aie::store_v(p, aie::select(aie::zeros<bfloat16, 32>(), aie::load_v<32>(p), kept));
        }
    }
}

// Raise the maxima by the whole powers of two in the largest probabilities, and rescale what was summed. `first`: nothing
// was, and maxima may fall. Returns whether some probability was beyond bf16's exponents, so that its place is not known.
bool raise_maxima(const bfloat16 *P, float *own_offsets, float *own_sums, float *O, bool first) {
    constexpr int16_t exponent = 0x7f80, one = 127 * 128; // bits of bf16
    const aie::vector<int16, 32> least = aie::broadcast<int16, 32>(first ? 0 : one);
    aie::vector<uint16, 32> worst = aie::zeros<uint16, 32>();
    for (int qb = 0; qb < quarter; ++qb) {
        const int16_t *p = (const int16_t *)P + qb * 128;
        aie::vector<int16, 32> top = least;
        for (int kb = 0; kb < 4; ++kb)
            top = aie::max(top, aie::load_v<32>(p + kb * 32));
        top = aie::max(top, aie::shuffle_down_rotate(top, 16));
        top = aie::max(top, aie::shuffle_down_rotate(top, 8));
        top = aie::max(top, aie::shuffle_down_rotate(top, 4));
        top = aie::bit_and(top, aie::broadcast<int16, 32>(exponent));
        worst = aie::max(worst, aie::sub(top, aie::broadcast<int16, 32>(128)).cast_to<uint16>()); // 0 is the largest
        float *m = own_offsets + qb * 4;
        const aie::vector<float, 16> raised = aie::sub(aie::to_float(top.extract<16>(0), 7), aie::broadcast<float, 16>(127.0f));
        aie::store_v(m, aie::sub(aie::load_v<4>(m), raised.extract<4>(0)));
        if (first)
            continue;
        const aie::vector<bfloat16, 32> inverse =
            aie::max(aie::sub(aie::broadcast<int16, 32>(2 * one), top), aie::zeros<int16, 32>()).cast_to<bfloat16>();
        const aie::vector<float, 16> factor = aie::accum<accfloat, 16>(inverse.extract<16>(0)).to_vector<float>();
        float *l = own_sums + qb * 16;
        aie::store_v(l, product(aie::load_v<16>(l), factor));
        for (int db = 0; db < 16; ++db) {
            float *o = O + (db * 16 + qb) * 16;
            aie::store_v(o, product(aie::load_v<16>(o), factor));
        }
    }
    return aie::reduce_max(worst) >= exponent - 128;
}

// sums += 1 P^T over 32 keys and 32 queries.
void sum_up(const bfloat16 *P, float *own_sums) {
    const aie::vector<bfloat16, 32 * tall> ones = aie::broadcast<bfloat16, 32 * tall>(1.0f);
    array::Bf16Product c[8];
    UNROLLED
    for (int j = 0; j < 8; ++j)
        c[j] = array::Bf16Product(aie::accum<accfloat, 16 * tall>(array::load_tall<16>(own_sums + j * 16, 0)));
    for (int kb = 0; kb < 4; ++kb)
        UNROLLED
        for (int j = 0; j < 8; ++j)
            c[j].mac(ones, aie::load_v<32>(P + (j * 4 + kb) * 32));
    UNROLLED
    for (int j = 0; j < 8; ++j)
        aie::store_v(own_sums + j * 16, array::block_of_tall<16, float>(c[j].template to_vector<float>(), 0));
}

// O^T += V^T P^T over 32 keys and 32 queries: V^T's blocks of channels lie by 16 keys of a strip.
constexpr array::Operands values = {
    .pairs = 8, .across = 1, .steps = 4, .x = 64, .y = 128, .pair = 128, .pairs_apart = 256,
    .group = strip_probabilities, .x_steps = strip_bytes / 2,
};

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
            aie::store_v(s + offsets + j, aie::broadcast<float, 16>(exp2_magic));
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
    bfloat16 *probabilities = (bfloat16 *)scratch;
    const int valid = params[p_keys] - i * 32;
    for (int half = 0; half < 2; ++half) { // of the queries, in two strips of 16
        float *own_sums = (float *)stats + sums + half * 2 * quarter * 16;
        float *own_O = (float *)acc + half * 2 * quarter * 16;
        for (int q = 0; q < 2; ++q) {
            const bfloat16 *Q = (const bfloat16 *)(C + (half * 2 + q) * strip_bytes);
            float *own_offsets = (float *)stats + offsets + (half * 2 + q) * quarter * 4;
            bfloat16 *P = probabilities + q * strip_probabilities;
            bool again = i == 0;
            for (int pass = 0; pass < tries; ++pass) {
                const int largest = scores(B, Q, own_offsets, P);
                if (valid < 32)
                    mask_keys(P, valid);
                if (pass == 0 && largest > most)
                    again = true;
                if (!again)
                    break;
                again = raise_maxima(P, own_offsets, own_sums + q * quarter * 16, own_O + q * quarter * 16, i == 0);
            }
        }
        sum_up(probabilities, own_sums);
        array::add_products((const bfloat16 *)(B + 2 * strip_bytes), probabilities, own_O, false, values);
    }
}

// C = (O / sums) as a row-blocked tile.
void encoder_attention_finish(int8_t *C, int32_t *acc, int32_t *stats) {
    aie::set_rounding(aie::rounding_mode::conv_even);
    const float *O = (const float *)acc;
    float *l = (float *)stats + sums;
    for (int qb = 0; qb < 16; qb += 4) {
        const float *p = l + qb * 16;
        aie::store_v(l + qb * 4, reciprocal(aie::concat(aie::load_v<4>(p), aie::load_v<4>(p + 16), aie::load_v<4>(p + 32),
                                                        aie::load_v<4>(p + 48))));
    }
    for (int qb = 0; qb < 16; ++qb) {
        const aie::vector<float, 16> inverse = per_query(l + qb * 4);
        const Parts factor = parts_of(aie::concat(inverse, inverse));
        bfloat16 *out = (bfloat16 *)(C + (qb >> 2) * strip_bytes) + (qb & 3) * 256;
        for (int kb = 0; kb < 8; ++kb) {
            const float *o = O + (kb * 32 + qb) * 16;
            const Parts x = parts_of(aie::concat(aie::load_v<16>(o), aie::load_v<16>(o + 256)));
            aie::accum<accfloat, 32> y = aie::mul(x.high, factor.high);
            y = aie::mac(y, x.low, factor.high);
            y = aie::mac(y, x.high, factor.low);
            aie::store_v(out + kb * 32, aie::transpose(y.to_vector<bfloat16>(), 8, 4));
        }
    }
}

} // extern "C"
