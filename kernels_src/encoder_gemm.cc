// GEMM of 64 x 64 output tiles: int8 (k = 128 a step) and bf16 (k = 64 a step), accumulators in core memory,
// epilogue fused: row and column scales, bias, GELU, residual, row mask, bf16 in the layout that the next reader wants,
// or four bits for the decoder's cross-attention.
// Reference: aiebuild/designs/reference.py (gemm_int8, gemm_bf16, gelu).
#include "encoder.h"
#include "exp2.h"
#include "key_scale.h"
#include "rows.h"
#include "sums.h"

using namespace encoder;

namespace {

// Of what would make its caller's stack larger.
#define OWN_FRAME __attribute__((noinline))

// On AIE2 two sets of 2 x 2 blocks of sums take eight of its nine accumulators; on AIE2P, whose are twice as large and five,
// they take four.
using Int8Product = aie::mmul<array::block_rows, 8, 8, int8, int8>;
using Int8Sums = array::SumsOf<Int8Product, int32, 2, 2>;

// acc: [16 row blocks][8 column blocks][4 x 8]
#ifdef UNLIMITED
// Half of B's blocks of columns are made ready once for all of A's.
void product_int8(const int8_t *a, const int8_t *b, int32_t *acc, bool first) {
    alignas(64) Int8Product::right_type ready[16][4];
    for (int half = 0; half < 2; ++half) {
        for (int kb = 0; kb < 16; ++kb)
            for (int j = 0; j < 4; ++j)
                ready[kb][j] = Int8Product::made_ready(aie::load_v<64>(b + (half * 4 + j) * 1024 + kb * 64));
        for (int rb = 0; rb < 16; rb += 2) {
            const int8_t *x = a + (rb >> 2) * strip_bytes + (rb & 3) * 512;
            int32_t *place = acc + rb * 256 + half * 128;
            array::SumsOf<Int8Product, int32, 2, 4> set;
            set.load(place, first);
            for (int kb = 0; kb < 16; ++kb)
                set.add_ready([x, kb](int i) { return array::load_tall<32>(x + i * 512 + kb * 32, 512); }, ready[kb]);
            set.store(place);
        }
    }
}
#else
void product_int8(const int8_t *a, const int8_t *b, int32_t *acc, bool first) {
    const auto place = [acc](int turn) { return acc + (turn >> 2 & 7) * 512 + (turn & 3) * 64; };
    array::by_turns<Int8Sums>(32, first, place, [a, b](int turn) INLINED {
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
#endif

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

// Words of `stats`: 64 row scales of A, 64 column scales and biases of B (bf16), then what the epilogue makes of 64 rows in
// bf16: the row scales and whether a row is kept.
constexpr int column_scales = 64;
constexpr int biases = 96;
constexpr int row_scales = 128;
constexpr int kept_rows = 160;

inline bfloat16 *bf16_at(int32_t *stats, int word) { return (bfloat16 *)(stats + word); }

inline aie::vector<bfloat16, 32> repeat_rows(const bfloat16 *v8) {
    const aie::vector<bfloat16, 8> v = aie::load_v<8>(v8);
    return aie::concat(v, v, v, v);
}

// Keys and values for the decoder, in four bits. Of a tile's 64 positions 16 c + j is row c of step j: rows of four strips go
// through the 16 steps side by side.
// acc's blocks have 128 bytes: in the first halves is the finished tile in 4 x 8 blocks, in the second halves then the same
// by steps, [16][8 channel blocks][4 x 8]; and the first halves are free.
inline bfloat16 *half_of(int32_t *acc, int block) { return (bfloat16 *)(acc + block * 32); }
inline bfloat16 *by_steps(int32_t *acc, int step, int nb) { return (bfloat16 *)(acc + (step * 8 + nb) * 32 + 16); }

OWN_FRAME void arrange(int32_t *acc) {
    for (int rb = 0; rb < 4; ++rb)
        for (int nb = 0; nb < 8; ++nb) {
            const bfloat16 *blocks = half_of(acc, rb * 8 + nb);
            const auto [a, b] = aie::interleave_zip(aie::load_v<32>(blocks), aie::load_v<32>(blocks + 4096), 8);
            const auto [c, d] = aie::interleave_zip(aie::load_v<32>(blocks + 2048), aie::load_v<32>(blocks + 6144), 8);
            const auto [first, second] = aie::interleave_zip(a, c, 8);
            const auto [third, fourth] = aie::interleave_zip(b, d, 8);
            aie::store_v(by_steps(acc, rb * 4, nb), first);
            aie::store_v(by_steps(acc, rb * 4 + 1, nb), second);
            aie::store_v(by_steps(acc, rb * 4 + 2, nb), third);
            aie::store_v(by_steps(acc, rb * 4 + 3, nb), fourth);
        }
}

// The largest values of four steps' rows, or the largest differences to the rows before: twice each, by steps and rows.
inline aie::vector<int16, 32> largest_of_steps(int32_t *acc, int first, bool differences) {
    aie::vector<int16, 32> v[4];
    UNROLLED
    for (int i = 0; i < 4; ++i) {
        const int step = first + i;
        aie::vector<int16, 32> largest = aie::zeros<int16, 32>();
        for (int nb = 0; nb < 8; ++nb) {
            aie::vector<bfloat16, 32> x = aie::load_v<32>(by_steps(acc, step, nb));
            if (differences && step != 0)
                x = aie::sub(aie::accum<accfloat, 32>(x), aie::load_v<32>(by_steps(acc, step - 1, nb))).to_vector<bfloat16>();
            largest = aie::max(largest, aie::abs(x).cast_to<int16>());
        }
        v[i] = largest;
    }
    const auto [a, b] = aie::interleave_unzip(v[0], v[1], 4);
    const auto [c, d] = aie::interleave_unzip(v[2], v[3], 4);
    const auto [e, f] = aie::interleave_unzip(aie::max(a, b), aie::max(c, d), 2);
    return aie::max(e, f);
}

// Four values for each of eight steps, by lanes of 4 x 8 blocks: to eight free halves.
ONE_COPY void spread(const aie::vector<bfloat16, 32> &v, int32_t *acc, int half) {
    const auto [a, b] = aie::interleave_zip(v, v, 1);
    const aie::vector<bfloat16, 32> fours[2] = {a, b};
    UNROLLED
    for (int i = 0; i < 2; ++i) {
        const auto [c, d] = aie::interleave_zip(fours[i], fours[i], 1);
        const aie::vector<bfloat16, 32> twos[2] = {c, d};
        UNROLLED
        for (int k = 0; k < 2; ++k) {
            const auto [first, second] = aie::interleave_zip(twos[k], twos[k], 1);
            aie::store_v(half_of(acc, half + i * 4 + k * 2), first);
            aie::store_v(half_of(acc, half + i * 4 + k * 2 + 1), second);
        }
    }
}

// Each position's scale by its largest value, or of keys by the largest difference to the position before; scales to the
// object, and of each step its four rows' scales and reciprocals to free halves by lanes.
constexpr int step_lanes = 32, inverse_lanes = 48; // halves

OWN_FRAME void choose_scales(int32_t *acc, int8_t *C, bool values) {
    for (int i = 0; i < 16; i += 8) {
        const auto [a, b] =
            aie::interleave_unzip(largest_of_steps(acc, i, !values), largest_of_steps(acc, i + 4, !values), 1);
        const StepScales scales = step_scales(aie::max(a, b).cast_to<bfloat16>());
        aie::store_v((uint8_t *)C + strip_data + i * 4, step_bytes(scales.bits));
        spread(scales.inverse, acc, inverse_lanes + i);
        if (!values)
            spread(scales.bits.cast_to<bfloat16>(), acc, step_lanes + i);
    }
}

// Eight positions' four bits of block `nb`, steps 2 m and 2 m + 1.
inline void store_keys(int8_t *C, int m, int nb, bool values, const aie::vector<int8, 32> &first,
                       const aie::vector<int8, 32> &second) {
    aie::vector<int8, 64> q = aie::concat(first, second);
    if (!values)
        q = aie::transpose(q, 8, 8);
    const int place = (m >> 2) * 32 + (values ? (m & 3) * 8 + nb : nb * 4 + (m & 3));
    aie::store_v(C + place * 32, q.pack<int4>().cast_to<int8>());
}

// Sums of an x in units of a step and this have x as a number in Q10 in their bits, less its own.
constexpr float step_magic = 12288.0f;
constexpr int step_magic_bits = 0x46400000;

inline aie::accum<acc32, 32> in_steps(const aie::vector<bfloat16, 32> &x, const aie::vector<bfloat16, 32> &inverse, int less) {
    aie::accum<accfloat, 32> scaled(aie::broadcast<float, 32>(step_magic));
    scaled = aie::mac(scaled, x, inverse);
    return aie::sub(scaled.cast_to<acc32>(), aie::broadcast<int32, 32>(step_magic_bits + less));
}

// n + 1/2 steps for a value. Half of what that adds is taken off the next position's, so that sums of neighbours, which is
// what attention reads, are nearer than each by itself.
OWN_FRAME void pack_values(int32_t *acc, int8_t *C) {
    const aie::vector<int16, 32> one = aie::broadcast<int16, 32>(1), step_q9 = aie::broadcast<int16, 32>(512);
    for (int nb = 0; nb < 8; ++nb) { // the position before in Q9 and its n: half a step was added to nothing
        aie::store_v((int16_t *)half_of(acc, nb), aie::broadcast<int16, 32>(256));
        aie::store_v((int16_t *)half_of(acc, nb + 8), aie::zeros<int16, 32>());
    }
    aie::set_rounding(aie::rounding_mode::floor);
    for (int m = 0; m < 8; ++m)
        for (int nb = 0; nb < 8; ++nb) {
            int16_t *state = (int16_t *)half_of(acc, nb);
            aie::vector<int16, 32> before = aie::load_v<32>(state), n = aie::load_v<32>(state + 8 * 64);
            aie::vector<int8, 32> each[2];
            UNROLLED
            for (int r = 0; r < 2; ++r) {
                const int step = m * 2 + r;
                aie::accum<acc32, 32> t = in_steps(aie::load_v<32>(by_steps(acc, step, nb)),
                                                   aie::load_v<32>(half_of(acc, inverse_lanes + step)), 256);
                t = aie::msc(aie::mac(t, before, one), n, step_q9);
                before = t.to_vector<int16>(1);
                n = t.to_vector<int16>(10);
                each[r] = n.pack<int8>();
            }
            aie::store_v(state, before);
            aie::store_v(state + 8 * 64, n);
            store_keys(C, m, nb, true, each[0], each[1]);
        }
    aie::set_rounding(aie::rounding_mode::conv_even);
}

// n + 1/2 steps for the difference of a key to what the position before has become.
OWN_FRAME void pack_differences(int32_t *acc, int8_t *C) {
    const aie::accum<acc32, 32> one(aie::broadcast<int32, 32>(1));
    for (int i = 0; i < 16; ++i)
        aie::store_v((float *)half_of(acc, i), aie::zeros<float, 16>());
    for (int m = 0; m < 8; ++m)
        for (int nb = 0; nb < 8; ++nb) {
            float *state = (float *)half_of(acc, nb * 2); // less the key that was read last
            aie::accum<accfloat, 32> less(aie::concat(aie::load_v<16>(state), aie::load_v<16>(state + 32)));
            aie::vector<int8, 32> n[2];
            UNROLLED
            for (int r = 0; r < 2; ++r) {
                const int step = m * 2 + r;
                const aie::vector<bfloat16, 32> d = aie::add(less, aie::load_v<32>(by_steps(acc, step, nb))).to_vector<bfloat16>();
                const aie::accum<acc32, 32> t = in_steps(d, aie::load_v<32>(half_of(acc, inverse_lanes + step)), 512);
                aie::vector<int16, 32> q = t.to_vector<int16>(10);
                q = aie::min(aie::max(q, aie::broadcast<int16, 32>(-8)), aie::broadcast<int16, 32>(7));
                n[r] = q.pack<int8>();
                const aie::vector<int16, 32> twice = aie::mac(one, q, aie::broadcast<int16, 32>(2)).to_vector<int16>();
                less = aie::msc(less, aie::to_float<bfloat16>(twice), aie::load_v<32>(half_of(acc, step_lanes + step)));
            }
            const aie::vector<float, 32> left = less.to_vector<float>();
            aie::store_v(state, left.extract<16>(0));
            aie::store_v(state + 32, left.extract<16>(1));
            store_keys(C, m, nb, false, n[0], n[1]);
        }
}

// The finished tile as keys or values of the decoder, in strip 0; the others are zero.
void pack_keys(int32_t *acc, int8_t *C, bool values) {
    arrange(acc);
    choose_scales(acc, C, values);
    if (values)
        pack_values(acc, C);
    else
        pack_differences(acc, C);
    for (int i = strip_bytes; i < object_bytes; i += 32)
        aie::store_v(C + i, aie::zeros<int8, 32>());
}

// One copy for both kinds of sums: a core's program has 16 KB.
void epilogue(bool int8_sums, int32_t *acc, int32_t *stats, const int32_t *params, const int8_t *residual, int8_t *C,
              int tile, int row, int column) {
    aie::set_rounding(aie::rounding_mode::conv_even);
    aie::set_saturation(aie::saturation_mode::saturate);
    int first_row = tile, column_tile = column;
    for (; first_row >= params[p_row_rounds]; first_row -= params[p_row_rounds])
        column_tile += array::columns;
    first_row = (first_row * array::rows + row) * 64;
    const int flags = params[p_epilogue];
    const bool transposed = column_tile < params[p_transposed_until];
    const bool natural = column_tile < params[p_natural_until];
    const bool packed = (flags & (keys_flag | values_flag)) != 0;
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
    const int flags = params[p_epilogue];
    if ((flags & (keys_flag | values_flag)) != 0)
        pack_keys(acc, C, (flags & values_flag) != 0);
}

} // extern "C"
