// GEMM of 64 x 64 output tiles: int8 (k = 128 a step) and bf16 (k = 64 a step), accumulators in core memory,
// epilogue fused: row and column scales, bias, GELU, residual, row mask, bf16 in the layout that the next reader wants,
// or int8 for the decoder's cross-attention and for FC2.
// Reference: aiebuild/designs/reference.py (gemm_int8, gemm_halves, gemm_bf16, gelu, as_int8, as_halves).
#include "encoder.h"
#include "exp2.h"
#include "key_scale.h"
#include "rows.h"
#include "sums.h"

using namespace encoder;

namespace {

// On AIE2 two sets of 2 x 2 blocks of sums take eight of its nine accumulators; on AIE2P, whose are twice as large and five,
// they take four.
using Int8Product = aie::mmul<array::block_rows, 8, 8, int8, int8>;
using Int8Sums = array::SumsOf<Int8Product, int32, 2, 2>;

// acc: [2 `pairs` row blocks][8 column blocks][4 x 8]; `pairs`: a power of two, 2 for each strip of A
void product_int8(const int8_t *a, const int8_t *b, int32_t *acc, int pairs, bool first) {
    const auto place = [acc, pairs](int turn) { return acc + (turn >> 2 & (pairs - 1)) * 512 + (turn & 3) * 64; };
    array::by_turns<Int8Sums>(pairs * 4, first, place, [a, b](int turn) INLINED {
        const int rb = turn >> 2 << 1;
        const int8_t *pa = a + (rb >> 2) * strip_bytes + (rb & 3) * 512;
        const int8_t *pb = b + (turn & 3) * 2048;
        return [pa, pb](Int8Sums &set, int odd) INLINED {
            const int8_t *x = pa, *y = pb + odd * 2048;
            const auto step = [&]() INLINED {
                set.add([x](int i) { return array::load_tall<32>(x + i * 512, 512); },
                        [y](int j) { return aie::load_v<64>(y + j * 1024); });
                x += 32, y += 64;
            };
            UNROLLED
            for (int kb = 0; kb < 8; ++kb)
                step();
            NOT_UNROLLED
            for (int kb = 8; kb < 16; ++kb)
                step();
        };
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
// Intermediate values are bf16. The reciprocal of d is the bits' estimate r, to 6 %, times 1 + e, e = 1 - d r, and as that is
// up to 0.36 % too small, 0.18 % more.
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
    const aie::accum<accfloat, 32> more(aie::broadcast<float, 32>(1.0018f));
    const aie::vector<bfloat16, 32> e = aie::msc(more, d, r).to_vector<bfloat16>();
    const aie::accum<accfloat, 32> y = aie::mul(x, r);
    return aie::mac(y, y.to_vector<bfloat16>(), e).to_vector<bfloat16>();
}

// Words of `stats`: 64 row scales of A, 64 column scales and biases of B (bf16), then what the epilogue makes of 64 rows in
// bf16: the row scales, whether a row is kept, and for int8 the two parts of the scales' reciprocals, and four rows of keys.
// While a product of half objects goes on, the first parts of the row scales' reciprocals, and the object's ratios.
constexpr int column_scales = 64;
constexpr int biases = 96;
constexpr int row_scales = 128;
constexpr int kept_rows = 160;
constexpr int heads = 192;
constexpr int rests = 224;
constexpr int four_rows = 256;
constexpr int ratios = 256; // Q14: [2 column tiles][64 rows] int16

inline bfloat16 *bf16_at(int32_t *stats, int word) { return (bfloat16 *)(stats + word); }

inline aie::vector<bfloat16, 32> repeat_rows(const bfloat16 *v8) {
    const aie::vector<bfloat16, 8> v = aie::load_v<8>(v8);
    return aie::concat(v, v, v, v);
}

// The integers nearest to x 2^n, saturated; n by `magic`, 1.5 x 2^(23 - n), whose last bit is 2^-n, and its bits.
template <typename T> inline aie::vector<T, 32> nearest(const aie::accum<accfloat, 32> &x, float magic, int magic_bits) {
    const aie::accum<accfloat, 32> sum = aie::add(x, aie::broadcast<float, 32>(magic));
    return aie::sub(sum.cast_to<acc32>(), aie::broadcast<int32, 32>(magic_bits)).to_vector<T>();
}

// 1 / inverse, which is about 1 / scale: scale (1 + e), e = 1 - scale inverse.
inline aie::accum<accfloat, 32> divided(const aie::vector<bfloat16, 32> &scale, const aie::vector<bfloat16, 32> &inverse) {
    const aie::accum<accfloat, 32> one(aie::broadcast<bfloat16, 32>(1.0f));
    const aie::vector<bfloat16, 32> e = aie::msc(one, scale, inverse).to_vector<bfloat16>();
    return aie::mac(aie::accum<accfloat, 32>(scale), scale, e);
}

// The finished tile, whose 4 x 8 blocks lie in the first halves of acc's, as int8: keys or values of the decoder, 32
// positions in strips 0 and 2 each, where the other strips are zero; or half `half` of an object. Every row has a scale that
// bf16 holds, a 127th of the largest magnitude.
APART void pack_int8(const int32_t *acc, int32_t *stats, int8_t *C, int flags, int half) {
    float *row = (float *)stats;
    for (int rb = 0; rb < 16; ++rb) {
        const bfloat16 *blocks = (const bfloat16 *)(acc + rb * 256);
        aie::vector<int16, 32> largest = aie::zeros<int16, 32>();
        for (int nb = 0; nb < 8; ++nb)
            largest = aie::max(largest, aie::abs(aie::load_v<32>(blocks + nb * 64)).cast_to<int16>());
        aie::store_v(row + rb * 4, to_floats(largest_of_rows(largest)).extract<4>(0));
    }
    const bool halves = (flags & halves_flag) != 0;
    if (!halves)
        for (int i = 0; i < strip_bytes; i += 32) {
            aie::store_v(C + strip_bytes + i, aie::zeros<int8, 32>());
            aie::store_v(C + 3 * strip_bytes + i, aie::zeros<int8, 32>());
        }
    C += half * half_bytes;
    for (int s = 0; s < 64; s += 32) {
        const aie::vector<bfloat16, 32> largest =
            aie::accum<accfloat, 32>(aie::load_v<32>(row + s)).to_vector<bfloat16>();
        const aie::vector<bfloat16, 32> scale = row_scale(largest);
        const Reciprocal inverse = reciprocal_parts(scale);
        if (halves) // which are multiplied by the first part only
            aie::store_v((bfloat16 *)(C + half_data) + s, divided(scale, inverse.head).to_vector<bfloat16>());
        else
            aie::store_v((bfloat16 *)(C + (s >> 4) * strip_bytes + strip_data), scale);
        aie::store_v(bf16_at(stats, heads) + s, inverse.head);
        aie::store_v(bf16_at(stats, rests) + s, inverse.rest);
    }
    int8_t *four = (int8_t *)(stats + four_rows);
    for (int rb = 0; rb < 16; ++rb) {
        int8_t *slice = C + (rb >> 3) * 2 * strip_bytes;
        const aie::vector<bfloat16, 32> head = repeat_columns(bf16_at(stats, heads) + rb * 4);
        const aie::vector<bfloat16, 32> rest = repeat_columns(bf16_at(stats, rests) + rb * 4);
        for (int nb = 0; nb < 8; ++nb) {
            const aie::vector<bfloat16, 32> x = aie::load_v<32>((const bfloat16 *)(acc + (rb * 8 + nb) * 32));
            aie::accum<accfloat, 32> scaled = aie::mul(x, head);
            if (!halves)
                scaled = aie::mac(scaled, x, rest);
            const aie::vector<int8, 32> q = nearest<int8>(scaled, 12582912.0f, 0x4B400000);
            if (halves)
                aie::store_v(C + rb * 256 + nb * 32, q);
            else if (flags & values_flag)
                aie::store_v(slice + ((rb & 7) >> 1) * 512 + nb * 64 + (rb & 1) * 32, q);
            else if ((rb & 1) == 0)
                aie::store_v(four + nb * 32, q);
            else
                aie::store_v(slice + nb * 256 + ((rb & 7) >> 1) * 64,
                             aie::transpose(aie::concat(aie::load_v<32>(four + nb * 32), q), 8, 8));
        }
    }
}

// Of an object of two halves, rows 16 `part` on with the scales of their rows: a strip of an int8 tile.
void bring_to_row_scales(const int8_t *A, const int16_t *ratio, int part, int8_t *strip) {
    for (int half = 0; half < 2; ++half) {
        const int8_t *x = A + half * half_bytes + part * 1024;
        const aie::vector<int16, 16> rows = aie::load_v<16>(ratio + half * 64 + part * 16);
        const aie::vector<int16, 32> both = aie::concat(rows, rows);
        const aie::vector<int16, 32> twice = aie::interleave_zip(both, both, 1).first;
        const auto [low, high] = aie::interleave_zip(twice, twice, 2);
        const auto [r0, r1] = aie::interleave_zip(low, low, 4);
        const auto [r2, r3] = aie::interleave_zip(high, high, 4);
        const aie::vector<int16, 32> of_rows[4] = {r0, r1, r2, r3}; // each row's 8 lanes
        for (int nb = 0; nb < 8; ++nb)
            UNROLLED
            for (int rb = 0; rb < 4; ++rb) {
                const aie::vector<int16, 32> q = aie::load_v<32>(x + rb * 256 + nb * 32).unpack();
                aie::store_v(strip + rb * 512 + (half * 8 + nb) * 32,
                             aie::mul<acc32>(q, of_rows[rb]).to_vector<int8>(14));
            }
    }
}

// What the int8 numbers of an object of two halves are multiplied by, in Q14.
void take_ratios(const int8_t *A, int32_t *stats) {
    for (int half = 0; half < 2; ++half)
        for (int s = 0; s < 64; s += 32) {
            const bfloat16 *scales = (const bfloat16 *)(A + half * half_bytes + half_data) + s;
            const aie::accum<accfloat, 32> ratio = aie::mul(aie::load_v<32>(scales), aie::load_v<32>(bf16_at(stats, heads) + s));
            aie::store_v((int16_t *)(stats + ratios) + half * 64 + s, nearest<int16>(ratio, 768.0f, 0x44400000));
        }
}

// One copy for both kinds of sums: a core's program has 16 KB. `half`: of an object that has two.
APART void epilogue(int half, int32_t *acc, int32_t *stats, const int32_t *params, const int8_t *residual, int8_t *C,
                    int tile, int row, int column) {
    aie::set_rounding(aie::rounding_mode::conv_even);
    aie::set_saturation(aie::saturation_mode::saturate);
    int first_row = tile, column_tile = column;
    for (; first_row >= params[p_row_rounds]; first_row -= params[p_row_rounds])
        column_tile += array::columns;
    first_row = (first_row * array::rows + row) * 64;
    const int flags = params[p_epilogue];
    const bool int8_sums = params[p_kind] <= gemm_halves;
    const bool transposed = column_tile < params[p_transposed_until];
    const bool natural = column_tile < params[p_natural_until];
    const bool packed = (flags & (keys_flag | values_flag | halves_flag)) != 0;
    if (int8_sums)
        for (int r = 0; r < 64; r += 16)
            store_bf16(bf16_at(stats, row_scales) + r, aie::load_v<16>((const float *)stats + r));
    if (flags & mask_rows_flag)
        for (int r = 0; r < 64; ++r) {
            const int index = first_row + r;
            bf16_at(stats, kept_rows)[r] = index >= params[p_row_low] && index < params[p_row_high] ? 1.0f : 0.0f;
        }
    for (int rb = 0; rb < 16; ++rb) {
        bfloat16 *strip = (bfloat16 *)(C + (rb >> 2) * strip_bytes);
        if (!packed)
            aie::store_v(strip + strip_data / 2 + (rb & 1) * 16, aie::zeros<bfloat16, 16>()); // what is unused is sent too
        const aie::vector<bfloat16, 32> row_scale = repeat_columns(bf16_at(stats, row_scales) + rb * 4);
        const aie::vector<bfloat16, 32> keep = repeat_columns(bf16_at(stats, kept_rows) + rb * 4);
        for (int nb = 0; nb < 8; ++nb) {
            int32_t *sums = acc + (rb * 8 + nb) * 32;
            aie::accum<accfloat, 32> y(repeat_rows(bf16_at(stats, biases) + nb * 8));
            if (int8_sums) {
                const aie::vector<float, 32> sum = aie::to_float(aie::load_v<32>(sums));
                const aie::vector<bfloat16, 32> scale =
                    aie::mul(row_scale, repeat_rows(bf16_at(stats, column_scales) + nb * 8)).to_vector<bfloat16>();
                y = aie::mac(y, aie::accum<accfloat, 32>(sum).to_vector<bfloat16>(), scale);
            } else {
                const auto [low, high] =
                    aie::interleave_zip(aie::load_v<16>((const float *)sums), aie::load_v<16>((const float *)sums + 16), 4);
                y = aie::add(y, aie::concat(low, high));
            }
            aie::vector<bfloat16, 32> out = y.to_vector<bfloat16>();
            if (flags & gelu_flag) {
                out = gelu(out);
                y = aie::accum<accfloat, 32>(out);
            }
            const int place = ((rb & 3) * 8 + nb) * 32;
            if (flags & residual_flag)
                out = aie::add(y, aie::load_v<32>((const bfloat16 *)(residual + (rb >> 2) * strip_bytes) + place))
                          .to_vector<bfloat16>();
            if (flags & mask_rows_flag)
                out = aie::mul(out, keep).to_vector<bfloat16>();
            aie::store_v((bfloat16 *)sums, out);
            if (packed)
                continue;
            if (transposed) {
                aie::store_v(strip + place, aie::transpose(out, 4, 8));
            } else if (natural) {
                aie::store_v(strip + place, out);
            } else if (rb & 1) { // with the rows before
                const aie::vector<bfloat16, 64> both =
                    aie::transpose(aie::concat(aie::load_v<32>((const bfloat16 *)(sums - 256)), out), 8, 8);
                bfloat16 *half = strip + (nb * 4 + ((rb & 3) >> 1)) * 32;
                aie::store_v(half, both.extract<32>(0));
                aie::store_v(half + 64, both.extract<32>(1));
            }
        }
    }
    if (packed)
        pack_int8(acc, stats, C, flags, half);
}

// One step of the product: acc += A x B. Keeps the scales, which every object carries, for the epilogue.
APART void step(const int8_t *A, const int8_t *B, int32_t *acc, int32_t *scratch, int32_t *stats, const int32_t *params,
                int k) {
    const int kind = params[p_kind];
    const bool first = k == 0;
    if (kind <= gemm_halves) {
        aie::set_rounding(aie::rounding_mode::conv_even);
        aie::set_saturation(aie::saturation_mode::saturate);
        const bool halves = kind == gemm_halves;
        const int parts = halves ? 4 : 1, pairs = halves ? 2 : 8;
        if (halves)
            take_ratios(A, stats);
        for (int part = 0; part < parts; ++part) {
            if (halves)
                bring_to_row_scales(A, (const int16_t *)(stats + ratios), part, (int8_t *)scratch);
            product_int8(halves ? (const int8_t *)scratch : A, B, acc + part * 1024, pairs, first);
        }
    } else if (kind == gemm_bf16) {
        array::add_products((const bfloat16 *)A, (const bfloat16 *)B, (float *)acc, first, tiles);
    } else {
        product_of_rows((const bfloat16 *)A, (const bfloat16 *)B, (float *)acc, (bfloat16 *)scratch, first);
    }
    if (first) {
        if (kind == gemm_int8)
            for (int s = 0; s < 4; ++s)
                aie::store_v(stats + s * 16, aie::load_v<16>((const int32_t *)(A + s * strip_bytes + strip_data)));
        const int32_t *trailer = (const int32_t *)(B + weight_data);
        for (int i = 0; i < 64; i += 16)
            aie::store_v(stats + 64 + i, aie::load_v<16>(trailer + i));
    }
}

} // namespace

extern "C" {

// Object i of the scales of A's half objects, 64 of each: the largest one of each row is the row's.
void encoder_gemm_scales(int8_t *A, int32_t *stats, int32_t *params, int32_t i) {
    aie::set_rounding(aie::rounding_mode::conv_even);
    int16_t *largest = (int16_t *)(stats + heads);
    aie::vector<int16, 32> upper = aie::zeros<int16, 32>(), lower = aie::zeros<int16, 32>();
    if (i > 0)
        upper = aie::load_v<32>(largest), lower = aie::load_v<32>(largest + 32);
    for (const int16_t *p = (const int16_t *)A; p < (const int16_t *)(A + object_bytes); p += 64) {
        upper = aie::max(upper, aie::load_v<32>(p));
        lower = aie::max(lower, aie::load_v<32>(p + 32));
    }
    aie::store_v(largest, upper);
    aie::store_v(largest + 32, lower);
    if (i < params[p_stats_steps] - 1)
        return;
    for (int s = 0; s < 64; s += 32) {
        const aie::vector<bfloat16, 32> scale = aie::load_v<32>((const bfloat16 *)largest + s);
        const aie::vector<bfloat16, 32> inverse = reciprocal_parts(scale).head;
        aie::store_v((float *)stats + s, divided(scale, inverse).to_vector<float>());
        aie::store_v((bfloat16 *)largest + s, inverse);
    }
}

void encoder_gemm_step(int8_t *A, int8_t *B, int32_t *acc, int32_t *scratch, int32_t *stats, int32_t *params, int32_t k) {
    step(A, B, acc, scratch, stats, params, k);
}

// The same of the second of two tiles, with C held: before it the first one's end goes there.
void encoder_gemm_more(int8_t *A, int8_t *B, int8_t *C, int32_t *acc, int32_t *scratch, int32_t *stats, int32_t *params,
                       int32_t k) {
    if (k == 0)
        epilogue(0, acc, stats, params, C, C, 0, 0, 0);
    step(A, B, acc, scratch, stats, params, k);
}

void encoder_gemm_finish(int8_t *C, int8_t *residual, int32_t *acc, int32_t *stats, int32_t *params, int32_t tile,
                         int32_t row, int32_t column) {
    epilogue(params[p_more_steps] > 0 ? 1 : 0, acc, stats, params, residual, C, tile, row, column);
}

} // extern "C"
