// GEMM of 64 x 64 output tiles: int8 (k = 128 a step) and bf16 (k = 64 a step), accumulators in core memory,
// epilogue fused: row and column scales, bias, GELU, residual, row mask, bf16 in the layout that the next reader wants,
// or int8 for the decoder's cross-attention.
// Reference: aiebuild/designs/reference.py (gemm_int8, gemm_bf16, gelu).
#include "encoder.h"
#include "exp2.h"
#include "key_scale.h"

using namespace encoder;

namespace {

#if BLOCK_ROWS == 8

// 2 x 2 blocks of 8 x 8 at a time, which leaves AIE2P one of its five accumulators
void product_int8(const int8_t *a, const int8_t *b, int32_t *acc, bool first) {
    using MM = aie::mmul<8, 8, 8, int8, int8>;
    for (int rb = 0; rb < 16; rb += 4) {
        const int8_t *pa = a + (rb >> 2) * strip_bytes;
        for (int nb = 0; nb < 8; nb += 2) {
            const int8_t *pb = b + nb * 1024;
            int32_t *c0 = acc + (rb * 8 + nb) * 32;
            int32_t *c1 = c0 + 2 * 8 * 32;
            MM c00, c01, c10, c11;
            if (!first) {
                c00 = MM(array::load_tall<32>(c0, 256));
                c01 = MM(array::load_tall<32>(c0 + 32, 256));
                c10 = MM(array::load_tall<32>(c1, 256));
                c11 = MM(array::load_tall<32>(c1 + 32, 256));
            } else {
                const aie::vector<int32, 64> z = aie::zeros<int32, 64>();
                c00 = MM(z), c01 = MM(z), c10 = MM(z), c11 = MM(z);
            }
            for (int kb = 0; kb < 16; ++kb) {
                const aie::vector<int8, 64> x0 = array::load_tall<32>(pa + kb * 32, 512);
                const aie::vector<int8, 64> x1 = array::load_tall<32>(pa + kb * 32 + 1024, 512);
                const aie::vector<int8, 64> w0 = aie::load_v<64>(pb + kb * 64);
                const aie::vector<int8, 64> w1 = aie::load_v<64>(pb + kb * 64 + 1024);
                c00.mac(x0, w0), c01.mac(x0, w1), c10.mac(x1, w0), c11.mac(x1, w1);
            }
            array::store_tall<32>(c0, 256, c00.to_vector<int32>());
            array::store_tall<32>(c0 + 32, 256, c01.to_vector<int32>());
            array::store_tall<32>(c1, 256, c10.to_vector<int32>());
            array::store_tall<32>(c1 + 32, 256, c11.to_vector<int32>());
        }
    }
}

#else

void product_int8(const int8_t *a, const int8_t *b, int32_t *acc, bool first) {
    using MM = aie::mmul<4, 8, 8, int8, int8>;
    for (int rb = 0; rb < 16; rb += 2) {
        const int8_t *a0 = a + (rb >> 2) * strip_bytes + (rb & 3) * 512;
        for (int nb = 0; nb < 8; nb += 4) {
            const int8_t *pa = a0;
            const int8_t *pb = b + nb * 1024;
            int32_t *c0 = acc + (rb * 8 + nb) * 32;
            int32_t *c1 = c0 + 8 * 32;
            MM c00, c01, c02, c03, c10, c11, c12, c13;
            if (!first) {
                c00 = MM(aie::load_v<32>(c0));
                c01 = MM(aie::load_v<32>(c0 + 32));
                c02 = MM(aie::load_v<32>(c0 + 64));
                c03 = MM(aie::load_v<32>(c0 + 96));
                c10 = MM(aie::load_v<32>(c1));
                c11 = MM(aie::load_v<32>(c1 + 32));
                c12 = MM(aie::load_v<32>(c1 + 64));
                c13 = MM(aie::load_v<32>(c1 + 96));
            } else {
                const aie::vector<int32, 32> z = aie::zeros<int32, 32>();
                c00 = MM(z), c01 = MM(z), c02 = MM(z), c03 = MM(z);
                c10 = MM(z), c11 = MM(z), c12 = MM(z), c13 = MM(z);
            }
            for (int kb = 0; kb < 16; ++kb) {
                const aie::vector<int8, 32> x0 = aie::load_v<32>(pa);
                const aie::vector<int8, 32> x1 = aie::load_v<32>(pa + 512);
                const aie::vector<int8, 64> w0 = aie::load_v<64>(pb);
                const aie::vector<int8, 64> w1 = aie::load_v<64>(pb + 1024);
                const aie::vector<int8, 64> w2 = aie::load_v<64>(pb + 2048);
                const aie::vector<int8, 64> w3 = aie::load_v<64>(pb + 3072);
                c00.mac(x0, w0), c01.mac(x0, w1), c02.mac(x0, w2), c03.mac(x0, w3);
                c10.mac(x1, w0), c11.mac(x1, w1), c12.mac(x1, w2), c13.mac(x1, w3);
                pa += 32;
                pb += 64;
            }
            aie::store_v(c0, c00.to_vector<int32>());
            aie::store_v(c0 + 32, c01.to_vector<int32>());
            aie::store_v(c0 + 64, c02.to_vector<int32>());
            aie::store_v(c0 + 96, c03.to_vector<int32>());
            aie::store_v(c1, c10.to_vector<int32>());
            aie::store_v(c1 + 32, c11.to_vector<int32>());
            aie::store_v(c1 + 64, c12.to_vector<int32>());
            aie::store_v(c1 + 96, c13.to_vector<int32>());
        }
    }
}

#endif

// A block of 4 rows x 8 channels: contiguous in a blocked tile, four 16-byte pieces of rows of 64 otherwise.
template <bool Rows>
inline aie::vector<bfloat16, 32> block_of(const bfloat16 *a, int rb, int kb) {
    if constexpr (Rows) {
        const bfloat16 *p = a + rb * 256 + kb * 8;
        return aie::concat(aie::load_v<8>(p), aie::load_v<8>(p + 64), aie::load_v<8>(p + 128), aie::load_v<8>(p + 192));
    } else {
        return aie::load_v<32>(a + (rb >> 2) * (strip_bytes / 2) + ((rb & 3) * 8 + kb) * 32);
    }
}

// The operand of a product from row block rb on.
template <bool Rows>
inline aie::vector<bfloat16, 32 * array::tall> rows_of(const bfloat16 *a, int rb, int kb) {
    if constexpr (array::tall == 1)
        return block_of<Rows>(a, rb, kb);
    else
        return aie::concat(block_of<Rows>(a, rb, kb), block_of<Rows>(a, rb + 1, kb));
}

template <bool Rows>
void product_bf16(const bfloat16 *a, const bfloat16 *b, float *acc, bool first) {
    using MM = aie::mmul<array::block_rows, 8, 4, bfloat16, bfloat16>;
    constexpr int tall = array::tall;
    for (int rb = 0; rb < 16; rb += 4) {
        for (int nb = 0; nb < 16; nb += 4) {
            MM c[4 / tall][4];
            // unrolled for certain: 16 accumulators and 8 operands as arrays would be 1.5 KB of stack
#pragma clang loop unroll(full)
            for (int i = 0; i < 4 / tall; ++i)
#pragma clang loop unroll(full)
                for (int j = 0; j < 4; ++j)
                    c[i][j] = MM(first ? aie::zeros<float, 16 * tall>()
                                       : array::load_tall<16>(acc + ((rb + tall * i) * 16 + nb + j) * 16, 256));
            for (int kb = 0; kb < 8; ++kb) {
                aie::vector<bfloat16, 32 * tall> x[4 / tall];
                aie::vector<bfloat16, 32> w[4];
#pragma clang loop unroll(full)
                for (int i = 0; i < 4 / tall; ++i)
                    x[i] = rows_of<Rows>(a, rb + tall * i, kb);
#pragma clang loop unroll(full)
                for (int j = 0; j < 4; ++j)
                    w[j] = aie::load_v<32>(b + ((nb + j) * 8 + kb) * 32);
#pragma clang loop unroll(full)
                for (int i = 0; i < 4 / tall; ++i)
#pragma clang loop unroll(full)
                    for (int j = 0; j < 4; ++j)
                        c[i][j].mac(x[i], w[j]);
            }
#pragma clang loop unroll(full)
            for (int i = 0; i < 4 / tall; ++i)
#pragma clang loop unroll(full)
                for (int j = 0; j < 4; ++j)
                    array::store_tall<16>(acc + ((rb + tall * i) * 16 + nb + j) * 16, 256,
                                          c[i][j].template to_vector<float>());
        }
    }
}

// x / (1 + 2^-z), z = 2 sqrt(2/pi) log2(e) (x + 0.044715 x^3): GELU's tanh form, Hendrycks and Gimpel 2016, section 2.
// Intermediate values are bf16; the reciprocal is a bit trick and two Newton steps.
inline aie::vector<bfloat16, 32> gelu(const aie::vector<bfloat16, 32> &x) {
    // beyond 16 the result is x; -z below -33,000 would come out of to_fixed as a large positive number
    const aie::vector<bfloat16, 32> bounded = aie::min(x, aie::broadcast<bfloat16, 32>(16.0f));
    const aie::vector<bfloat16, 32> square = aie::mul(bounded, bounded).to_vector<bfloat16>();
    aie::accum<accfloat, 32> cubic(aie::broadcast<bfloat16, 32>(1.0f));
    const aie::vector<bfloat16, 32> factor =
        aie::mac(cubic, square, aie::broadcast<bfloat16, 32>(0.044715f)).to_vector<bfloat16>();
    const aie::vector<bfloat16, 32> scaled =
        aie::mul(bounded, aie::broadcast<bfloat16, 32>(-2.302208f)).to_vector<bfloat16>();
    aie::vector<int16, 32> t = aie::to_fixed<int16>(aie::mul(scaled, factor).to_vector<float>(), 8);
    t = aie::min(t, aie::broadcast<int16, 32>(96 * 256)); // what the reciprocal below can take
    aie::accum<accfloat, 32> one(aie::broadcast<bfloat16, 32>(1.0f));
    const aie::vector<bfloat16, 32> d = aie::add(one, exp2_q8(t)).to_vector<bfloat16>();
    aie::vector<bfloat16, 32> r =
        aie::sub(aie::broadcast<int16, 32>(0x7EF3), d.cast_to<int16>()).cast_to<bfloat16>();
    for (int step = 0; step < 2; ++step) {
        aie::accum<accfloat, 32> two(aie::broadcast<bfloat16, 32>(2.0f));
        const aie::vector<bfloat16, 32> correction = aie::msc(two, d, r).to_vector<bfloat16>();
        r = aie::mul(r, correction).to_vector<bfloat16>();
    }
    return aie::mul(x, r).to_vector<bfloat16>();
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
template <bool Int8>
inline aie::vector<bfloat16, 32> finished_block(const int32_t *acc, const Scales &scales,
                                                const aie::vector<bfloat16, 32> &row_scale, const int8_t *residual,
                                                int epilogue, int rb, int nb) {
    aie::accum<accfloat, 32> y(repeat_rows(scales.bias + nb * 8));
    if constexpr (Int8) {
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

template <bool Int8>
void epilogue(int32_t *acc, const int32_t *stats, const int32_t *params, const int8_t *residual, int8_t *C,
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
            if constexpr (Int8)
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
                out[i] = finished_block<Int8>(acc, scales, row_scale[i], residual, flags, rb + i, nb);
                if (flags & mask_rows_flag)
                    out[i] = aie::mul(out[i], keep[i]).to_vector<bfloat16>();
            }
            const int place = ((rb & 3) * 8 + nb) * 32;
            if (Int8 && (flags & (keys_flag | values_flag))) {
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
    if (Int8 && (flags & (keys_flag | values_flag)))
        pack_keys(acc, C, (flags & values_flag) != 0);
}

} // namespace

extern "C" {

// One step of the product: acc += A x B. Keeps the scales, which every object carries, for the epilogue.
void encoder_gemm_step(int8_t *A, int8_t *B, int32_t *acc, int32_t *stats, int32_t *params, int32_t k) {
    const int kind = params[p_kind];
    if (kind == gemm_int8)
        product_int8(A, B, acc, k == 0);
    else if (kind == gemm_bf16)
        product_bf16<false>((const bfloat16 *)A, (const bfloat16 *)B, (float *)acc, k == 0);
    else
        product_bf16<true>((const bfloat16 *)A, (const bfloat16 *)B, (float *)acc, k == 0);
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
    if (params[p_kind] == gemm_int8)
        epilogue<true>(acc, stats, params, residual, C, tile, row, column);
    else
        epilogue<false>(acc, stats, params, residual, C, tile, row, column);
}

} // extern "C"
