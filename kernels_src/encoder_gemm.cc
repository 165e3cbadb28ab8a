// GEMM of 64 x 64 output tiles: int8 (k = 128 a step) and bf16 (k = 64 a step), accumulators in core memory,
// epilogue fused: row and column scales, bias, GELU, residual, row mask, bf16 in the layout that the next reader wants,
// or int8 for the decoder's cross-attention.
// Reference: aiebuild/designs/reference.py (gemm_int8, gemm_bf16, gelu).
#include "encoder.h"
#include "exp2.h"
#include "key_scale.h"
#include "sums.h"

using namespace encoder;

namespace {

// On AIE2 two sets of 2 x 2 blocks of sums take eight of its nine accumulators; on AIE2P, whose are twice as large and five,
// they take four.
using Int8Product = aie::mmul<array::block_rows, 8, 8, int8, int8>;
using Int8Sums = array::SumsOf<Int8Product, int32, 2, 2>;

// acc: [16 row blocks][8 column blocks][4 x 8]
void product_int8(const int8_t *a, const int8_t *b, int32_t *acc, bool first) {
    const auto place = [acc](int turn) { return acc + (turn >> 2 & 7) * 512 + (turn & 3) * 64; };
    array::by_turns<Int8Sums>(32, first, place, [a, b](Int8Sums &set, int turn) INLINED {
        const int rb = turn >> 2 << 1;
        const int8_t *pa = a + (rb >> 2) * strip_bytes + (rb & 3) * 512;
        const int8_t *pb = b + (turn & 3) * 2048;
        const auto step = [pa, pb, &set](int kb) INLINED {
            set.add([pa, kb](int i) { return array::load_tall<32>(pa + i * 512 + kb * 32, 512); },
                    [pb, kb](int j) { return aie::load_v<64>(pb + j * 1024 + kb * 64); });
        };
        UNROLLED
        for (int kb = 0; kb < 8; ++kb)
            step(kb);
        NOT_UNROLLED
        for (int kb = 8; kb < 16; ++kb)
            step(kb);
    });
}

constexpr array::Operands tiles = {
    .pairs = 8, .across = 2, .steps = 8, .x = 256, .y = 256, .pair = 512, .pairs_apart = strip_bytes / 2, .group = 1024,
    .x_steps = 64,
};
constexpr array::Operands strips = {
    .pairs = 2, .across = 2, .steps = 8, .x = 256, .y = 256, .pair = 512, .pairs_apart = 0, .group = 1024, .x_steps = 64,
};

// The same of plain rows of 64, which become a strip at a time in `scratch`.
void product_of_rows(const bfloat16 *a, const bfloat16 *b, float *acc, bfloat16 *scratch, bool first) {
    for (int strip = 0; strip < 4; ++strip) {
        for (int block = 0; block < 32; ++block) { // four rows by eight channels
            const bfloat16 *p = a + (strip * 4 + (block >> 3)) * 256 + (block & 7) * 8;
            aie::store_v(scratch + block * 32, aie::concat(aie::load_v<8>(p), aie::load_v<8>(p + 64), aie::load_v<8>(p + 128),
                                                           aie::load_v<8>(p + 192)));
        }
        array::add_products(scratch, b, acc + strip * 1024, first, strips);
    }
}

// x / (1 + 2^-z), z = 2 sqrt(2/pi) log2(e) (x + 0.044715 x^3): GELU's tanh form, Hendrycks and Gimpel 2016, section 2.
// Intermediate values are bf16. The reciprocal of d is the bits' estimate r, to 6 %, times 1 + e + e^2, e = 1 - d r.
inline aie::vector<bfloat16, 32> gelu(const aie::vector<bfloat16, 32> &x) {
    // beyond 16 the result is x, and -z would leave biased_q8's range
    const aie::vector<bfloat16, 32> bounded = aie::min(x, aie::broadcast<bfloat16, 32>(16.0f));
    const aie::vector<bfloat16, 32> square = aie::mul(bounded, bounded).to_vector<bfloat16>();
    aie::accum<accfloat, 32> slope(aie::broadcast<float, 32>(-2.302208f));
    const aie::vector<bfloat16, 32> factor =
        aie::mac(slope, square, aie::broadcast<bfloat16, 32>(-0.10294323f)).to_vector<bfloat16>();
    aie::accum<accfloat, 32> shifted(aie::broadcast<float, 32>(exp2_magic));
    shifted = aie::mac(shifted, bounded, factor);
    aie::vector<uint16, 32> u = biased_q8(shifted);
    u = aie::min(u, aie::broadcast<uint16, 32>(96 * 256 + exp2_bias)); // what the reciprocal below can take
    aie::accum<accfloat, 32> one(aie::broadcast<bfloat16, 32>(1.0f));
    const aie::vector<bfloat16, 32> d = aie::add(one, exp2_of_biased(u)).to_vector<bfloat16>();
    const aie::vector<bfloat16, 32> r =
        aie::sub(aie::broadcast<int16, 32>(0x7EF3), d.cast_to<int16>()).cast_to<bfloat16>();
    const aie::vector<bfloat16, 32> e = aie::msc(one, d, r).to_vector<bfloat16>();
    const aie::vector<bfloat16, 32> more = aie::mac(aie::accum<accfloat, 32>(e), e, e).to_vector<bfloat16>();
    const aie::accum<accfloat, 32> y = aie::mul(x, r);
    return aie::mac(y, y.to_vector<bfloat16>(), more).to_vector<bfloat16>();
}

struct Scales {
    const float *row;       // 64, of A
    const bfloat16 *column; // 64, of B
    const bfloat16 *bias;   // 64, of B
};

inline aie::vector<bfloat16, 32> repeat_rows(const bfloat16 *v8) {
    const aie::vector<bfloat16, 8> v = aie::load_v<8>(v8);
    return aie::concat(v, v, v, v);
}

inline aie::vector<bfloat16, 32> repeat_columns(const float *v4) {
    return aie::concat(aie::broadcast<bfloat16, 8>((bfloat16)v4[0]), aie::broadcast<bfloat16, 8>((bfloat16)v4[1]),
                       aie::broadcast<bfloat16, 8>((bfloat16)v4[2]), aie::broadcast<bfloat16, 8>((bfloat16)v4[3]));
}

// Rows 4 rb to 4 rb + 3, columns 8 nb to 8 nb + 7 of the finished tile.
inline aie::vector<bfloat16, 32> finished_block(bool int8_sums, const int32_t *acc, const Scales &scales,
                                                const aie::vector<bfloat16, 32> &row_scale, const int8_t *residual,
                                                int epilogue, int rb, int nb) {
    aie::accum<accfloat, 32> y(repeat_rows(scales.bias + nb * 8));
    if (int8_sums) {
        const aie::vector<float, 32> sum = aie::to_float(aie::load_v<32>(acc + (rb * 8 + nb) * 32));
        const aie::vector<bfloat16, 32> scale =
            aie::mul(row_scale, repeat_rows(scales.column + nb * 8)).to_vector<bfloat16>();
        y = aie::mac(y, aie::accum<accfloat, 32>(sum).to_vector<bfloat16>(), scale);
    } else {
        const float *sums = (const float *)acc + (rb * 16 + nb * 2) * 16;
        const auto [low, high] = aie::interleave_zip(aie::load_v<16>(sums), aie::load_v<16>(sums + 16), 4);
        y = aie::add(y, aie::concat(low, high));
    }
    aie::vector<bfloat16, 32> out = y.to_vector<bfloat16>();
    if (epilogue & gelu_flag)
        out = gelu(out);
    if (epilogue & residual_flag) {
        const bfloat16 *r = (const bfloat16 *)(residual + (rb >> 2) * strip_bytes) + ((rb & 3) * 8 + nb) * 32;
        aie::accum<accfloat, 32> sum;
        if (epilogue & gelu_flag)
            sum = aie::accum<accfloat, 32>(out);
        else
            sum = y;
        out = aie::add(sum, aie::load_v<32>(r)).to_vector<bfloat16>();
    }
    return out;
}

// The finished tile, whose 4 x 8 blocks lie in the first halves of acc's, as int8 keys or values of the decoder: 32
// positions in strips 0 and 2 each, the other strips are zero. Every position has a scale that bf16 holds, of at
// least a 127th of the largest magnitude.
void pack_keys(const int32_t *acc, int8_t *C, bool values) {
    for (int i = 0; i < strip_bytes; i += 32) {
        aie::store_v(C + strip_bytes + i, aie::zeros<int8, 32>());
        aie::store_v(C + 3 * strip_bytes + i, aie::zeros<int8, 32>());
    }
    for (int kb = 0; kb < 8; ++kb) { // 8 positions
        int8_t *slice = C + (kb >> 2) * 2 * strip_bytes;
        bfloat16 *scales = (bfloat16 *)(slice + strip_data) + (kb & 3) * 8;
        const bfloat16 *blocks = (const bfloat16 *)(acc + kb * 2 * 8 * 32);
        aie::vector<bfloat16, 32> high[2], low[2];
        for (int i = 0; i < 2; ++i) {
            const aie::vector<int16, 32> magnitude = aie::broadcast<int16, 32>(0x7fff);
            aie::vector<int16, 32> largest = aie::zeros<int16, 32>();
            for (int nb = 0; nb < 8; ++nb)
                largest = aie::max(largest, aie::bit_and(aie::load_v<32>((const int16_t *)blocks + (i * 8 + nb) * 64),
                                                         magnitude));
            float inverse[4], rest[4];
            for (int r = 0; r < 4; ++r) {
                const KeyScale scale = key_scale(aie::reduce_max(largest.extract<8>(r)));
                scales[i * 4 + r] = (bfloat16)scale.scale;
                inverse[r] = scale.head;
                rest[r] = scale.rest;
            }
            high[i] = repeat_columns(inverse);
            low[i] = repeat_columns(rest);
        }
        for (int nb = 0; nb < 8; ++nb) {
            aie::vector<int8, 32> q[2];
            for (int i = 0; i < 2; ++i) {
                const aie::vector<bfloat16, 32> x = aie::load_v<32>(blocks + (i * 8 + nb) * 64);
                aie::accum<accfloat, 32> scaled = aie::mul(x, high[i]);
                scaled = aie::mac(scaled, x, low[i]);
                q[i] = aie::to_fixed<int16>(scaled.to_vector<float>(), 0).pack<int8>();
            }
            const aie::vector<int8, 64> both = aie::concat(q[0], q[1]);
            if (values)
                aie::store_v(slice + ((kb & 3) * 8 + nb) * 64, both);
            else
                aie::store_v(slice + (nb * 4 + (kb & 3)) * 64, aie::transpose(both, 8, 8));
        }
    }
}

// One copy for both kinds of sums: a core's program has 16 KB.
void epilogue(bool int8_sums, int32_t *acc, const int32_t *stats, const int32_t *params, const int8_t *residual, int8_t *C,
              int tile, int row, int column) {
    aie::set_rounding(aie::rounding_mode::conv_even);
    aie::set_saturation(aie::saturation_mode::saturate);
    const Scales scales = {(const float *)stats, (const bfloat16 *)(stats + 64), (const bfloat16 *)(stats + 96)};
    const int rounds = params[p_row_rounds];
    const int column_round = tile / rounds;
    const int first_row = ((tile - column_round * rounds) * array::rows + row) * 64;
    const int column_tile = column_round * array::columns + column;
    const int flags = params[p_epilogue];
    const bool transposed = column_tile < params[p_transposed_until];
    const bool natural = column_tile < params[p_natural_until];
    for (int rb = 0; rb < 16; rb += 2) {
        bfloat16 *strip = (bfloat16 *)(C + (rb >> 2) * strip_bytes);
        aie::store_v(strip + strip_data / 2 + (rb & 2) * 8, aie::zeros<bfloat16, 16>()); // what is unused is sent too
        aie::vector<bfloat16, 32> keep[2], row_scale[2];
        for (int i = 0; i < 2; ++i) {
            if (int8_sums)
                row_scale[i] = repeat_columns(scales.row + (rb + i) * 4);
            if (flags & mask_rows_flag) {
                float one[4];
                for (int r = 0; r < 4; ++r) {
                    const int index = first_row + (rb + i) * 4 + r;
                    one[r] = index >= params[p_row_low] && index < params[p_row_high] ? 1.0f : 0.0f;
                }
                keep[i] = repeat_columns(one);
            }
        }
        for (int nb = 0; nb < 8; ++nb) {
            aie::vector<bfloat16, 32> out[2];
            for (int i = 0; i < 2; ++i) {
                out[i] = finished_block(int8_sums, acc, scales, row_scale[i], residual, flags, rb + i, nb);
                if (flags & mask_rows_flag)
                    out[i] = aie::mul(out[i], keep[i]).to_vector<bfloat16>();
            }
            const int place = ((rb & 3) * 8 + nb) * 32;
            if (flags & (keys_flag | values_flag)) {
                for (int i = 0; i < 2; ++i)
                    aie::store_v((bfloat16 *)(acc + ((rb + i) * 8 + nb) * 32), out[i]);
            } else if (transposed) {
                aie::store_v(strip + place, aie::transpose(out[0], 4, 8));
                aie::store_v(strip + place + 256, aie::transpose(out[1], 4, 8));
            } else if (natural) {
                aie::store_v(strip + place, out[0]);
                aie::store_v(strip + place + 256, out[1]);
            } else {
                const aie::vector<bfloat16, 64> both = aie::transpose(aie::concat(out[0], out[1]), 8, 8);
                const int half = (rb & 3) >> 1;
                aie::store_v(strip + (nb * 4 + half) * 32, both.extract<32>(0));
                aie::store_v(strip + (nb * 4 + 2 + half) * 32, both.extract<32>(1));
            }
        }
    }
    if (flags & (keys_flag | values_flag))
        pack_keys(acc, C, (flags & values_flag) != 0);
}

} // namespace

extern "C" {

// One step of the product: acc += A x B. Keeps the scales, which every object carries, for the epilogue.
void encoder_gemm_step(int8_t *A, int8_t *B, int32_t *acc, int32_t *scratch, int32_t *stats, int32_t *params, int32_t k) {
    const int kind = params[p_kind];
    if (kind == gemm_int8)
        product_int8(A, B, acc, k == 0);
    else if (kind == gemm_bf16)
        array::add_products((const bfloat16 *)A, (const bfloat16 *)B, (float *)acc, k == 0, tiles);
    else
        product_of_rows((const bfloat16 *)A, (const bfloat16 *)B, (float *)acc, (bfloat16 *)scratch, k == 0);
    if (k == 0) {
        if (kind == gemm_int8)
            for (int s = 0; s < 4; ++s)
                aie::store_v(stats + s * 16, aie::load_v<16>((const int32_t *)(A + s * strip_bytes + strip_data)));
        const int32_t *trailer = (const int32_t *)(B + weight_data);
        for (int i = 0; i < 64; i += 16)
            aie::store_v(stats + 64 + i, aie::load_v<16>(trailer + i));
    }
}

void encoder_gemm_finish(int8_t *C, int8_t *residual, int32_t *acc, int32_t *stats, int32_t *params, int32_t tile,
                         int32_t row, int32_t column) {
    epilogue(params[p_kind] == gemm_int8, acc, stats, params, residual, C, tile, row, column);
}

} // extern "C"
