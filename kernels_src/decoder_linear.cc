// Products of rows with weights of eight or four bits; bias, residual and GELU; keys and values of the log.
// Reference: aiebuild/designs/reference.py (linear, gelu).
#include "decoder.h"
#include "key_scale.h"

using namespace decoder;

namespace decoder {

namespace {

// A row's scale in parts of eight bits, the smallest first: 16 columns' bf16 scales times it take three products of
// bf16 instead of nine, and are rounded once, as the first two products' sum is exact.
struct RowScale {
#ifdef ROOM_FOR_COPIES
    float scale; // the same numbers by one product of floats

    explicit RowScale(float scale) : scale(scale) {}

    aie::vector<float, 16> times(const aie::vector<bfloat16, 16> &columns) const {
        return aie::mul(aie::accum<accfloat, 16>(columns).to_vector<float>(), scale).to_vector<float>();
    }
#else
    aie::vector<bfloat16, 16> part[3];

    explicit RowScale(float scale) {
        aie::vector<float, 16> rest = aie::broadcast<float, 16>(scale);
#pragma clang loop unroll(full)
        for (int i = 2; i >= 0; --i) {
            part[i] = aie::accum<accfloat, 16>(rest).to_vector<bfloat16>();
            rest = aie::sub(rest, aie::accum<accfloat, 16>(part[i]).to_vector<float>());
        }
    }

    aie::vector<float, 16> times(const aie::vector<bfloat16, 16> &columns) const {
        aie::accum<accfloat, 16> x = aie::mul(columns, part[0]);
        x = aie::mac(x, columns, part[1]);
        return aie::mac(x, columns, part[2]).to_vector<float>();
    }
#endif
};

// Sums of two blocks of eight columns, rows high 0, low 0, high 1, low 1, to 16 columns of `count` rows.
inline void add_blocks(const aie::vector<int32, 32> &left, const aie::vector<int32, 32> &right,
                       const aie::vector<bfloat16, 16> &columns, const RowScale *rows, float *y, int stride, int count,
                       bool first) {
    const auto [high0, low0] = aie::interleave_unzip(left.extract<16>(0), right.extract<16>(0), 8);
    const auto [high1, low1] = aie::interleave_unzip(left.extract<16>(1), right.extract<16>(1), 8);
    // of 127 x 127 x 128 at most each: 30 bits
    const aie::vector<int32, 32> whole = aie::add(aie::upshift(aie::concat(high0, high1), 8), aie::concat(low0, low1));
    const aie::vector<float, 32> x = aie::to_float(whole);
    for (int r = 0; r < count; ++r) {
        float *to = y + r * stride;
        aie::accum<accfloat, 16> sum(first ? aie::zeros<float, 16>() : aie::load_v<16>(to));
        const aie::vector<float, 16> row = r == 0 ? x.extract<16>(0) : x.extract<16>(1);
        aie::store_v(to, aie::mac(sum, row, rows[r].times(columns)).to_vector<float>());
    }
}

// Four bits of 32 columns as 16.
inline aie::vector<uint16, 32> nibbles(const int8_t *from) {
    return aie::load_v<16>(from).cast_to<uint4>().unpack().unpack();
}

// The scales of a slice's columns, of weights of four bits: bf16 numbers with three bits behind the point and 2^-24 as
// the least, a bit from each group.
void four_bit_scales(const int8_t *groups, bfloat16 *columns) {
    aie::vector<int16, 32> code = aie::zeros<int16, 32>();
    for (int g = 0; g < 8; ++g) {
        const aie::vector<int16, 32> bit =
            aie::bit_and(nibbles(groups + g * multiplier_bytes).cast_to<int16>(), aie::broadcast<int16, 32>(8));
        code = aie::add(aie::add(code, code), bit);
    }
    code = aie::add(aie::add(code, code), aie::broadcast<int16, 32>(least_scale));
    aie::store_v(columns, code.cast_to<bfloat16>());
}

} // namespace

__attribute__((noinline)) void products_of_rows(const int8_t *x, int k_blocks, const int8_t *w, int k_stride,
                                                const bfloat16 *columns, const float *rows, float *y, int stride,
                                                int count,
                                                bool first, const int8_t *multipliers) {
    using MM = aie::mmul<4, 8, 8, int8, int8>;
    using Sums = aie::accum<acc32, 32>;
    alignas(32) int8_t wide[four_bit_blocks * 256];
    Sums t0 = aie::zeros<acc32, 32>(), t1 = t0, t2 = t0, t3 = t0;
    const int at_once = multipliers == nullptr ? k_blocks : four_bit_blocks;
    for (int done = 0; done < k_blocks; done += at_once) {
        const int8_t *from = w;
        if (multipliers != nullptr) {
            for (int i = 0; i < four_bit_blocks * 4; ++i)
                aie::store_v(wide + i * 64, aie::load_v<32>(w + i * 32).cast_to<int4>().unpack());
            from = wide;
        }
        MM c0(aie::zeros<int32, 32>()), c1(aie::zeros<int32, 32>()), c2(aie::zeros<int32, 32>()),
            c3(aie::zeros<int32, 32>());
        for (int kb = 0; kb < at_once; ++kb) {
            const aie::vector<int8, 32> a = aie::load_v<32>(x);
            c0.mac(a, aie::load_v<64>(from));
            c1.mac(a, aie::load_v<64>(from + 64));
            c2.mac(a, aie::load_v<64>(from + 128));
            c3.mac(a, aie::load_v<64>(from + 192));
            x += 32;
            from += k_stride;
        }
        if (multipliers == nullptr) {
            t0 = c0.to_accum();
            t1 = c1.to_accum();
            t2 = c2.to_accum();
            t3 = c3.to_accum();
        } else {
            const aie::vector<int16, 32> by =
                aie::bit_or(nibbles(multipliers).cast_to<int16>(), aie::broadcast<int16, 32>(8));
            // a group's sum fits 16 bits: 32 x 128 x 7
            t0 = aie::mac(t0, c0.to_vector<int16>(), by.extract<8>(0).grow_replicate<32>());
            t1 = aie::mac(t1, c1.to_vector<int16>(), by.extract<8>(1).grow_replicate<32>());
            t2 = aie::mac(t2, c2.to_vector<int16>(), by.extract<8>(2).grow_replicate<32>());
            t3 = aie::mac(t3, c3.to_vector<int16>(), by.extract<8>(3).grow_replicate<32>());
            multipliers += multiplier_bytes;
            w += four_bit_blocks * 128;
        }
    }
    const RowScale scales[2] = {RowScale(rows[0]), RowScale(rows[count - 1])};
    add_blocks(t0.to_vector<int32>(), t1.to_vector<int32>(), aie::load_v<16>(columns), scales, y, stride, count, first);
    add_blocks(t2.to_vector<int32>(), t3.to_vector<int32>(), aie::load_v<16>(columns + 16), scales, y + 16, stride, count,
               first);
}

} // namespace decoder

namespace {

// GELU's tanh form: x / (1 + 2^-z), z = 2 sqrt(2/pi) log2(e) (x + 0.044715 x^3), to within 3e-5 of itself. The reciprocal
// is the bits' estimate, to 0.13, and three steps of Newton's method. Of two vectors, step by step, as each step waits for
// the one before.
void gelu(aie::vector<float, 16> *x) {
    const auto constant = [](float c) { return aie::broadcast<float, 16>(c); };
    aie::vector<float, 16> d[2], r[2];
    for (int i = 0; i < 2; ++i)
        d[i] = brief_product(x[i], x[i]);
    for (int i = 0; i < 2; ++i)
        d[i] = aie::add(brief_product(d[i], constant(-0.044715f * 2.302208198f)), constant(-2.302208198f));
    for (int i = 0; i < 2; ++i)
        d[i] = aie::max(aie::min(brief_product(x[i], d[i]), constant(64.0f)), constant(-64.0f));
    for (int i = 0; i < 2; ++i) {
        d[i] = aie::add(exp2_of(d[i]), constant(1.0f));
        r[i] = aie::sub(aie::broadcast<int32, 16>(0x7EF311C7), d[i].cast_to<int32>()).cast_to<float>();
    }
    for (int step = 0; step < 3; ++step)
        for (int i = 0; i < 2; ++i)
            r[i] = brief_product(r[i], aie::sub(constant(2.0f), brief_product(d[i], r[i])));
    for (int i = 0; i < 2; ++i)
        x[i] = product(x[i], r[i]);
}

// 32 columns' outputs of `rows` rows: what products are added to at first, or, later, what is added to them.
void prepare(const bfloat16 *from, float *out, int stride, int rows, bool first) {
    const aie::vector<float, 32> bias = aie::accum<accfloat, 32>(aie::load_v<32>(from)).to_vector<float>();
    for (int r = 0; r < rows; ++r)
        for (int i = 0; i < 2; ++i) {
            float *to = out + r * stride + i * 16;
            const aie::vector<float, 16> half = bias.extract<16>(i);
            aie::store_v(to, first ? half : aie::add(aie::load_v<16>(to), half));
        }
}

// A row of 64 as int8; its scale to `scale`.
aie::vector<int8, 64> row_to_int8(const bfloat16 *row, bfloat16 *scale) {
    const aie::vector<int16, 32> magnitude = aie::broadcast<int16, 32>(0x7fff);
    const aie::vector<int16, 32> largest = aie::max(aie::bit_and(aie::load_v<32>((const int16_t *)row), magnitude),
                                                    aie::bit_and(aie::load_v<32>((const int16_t *)row + 32), magnitude));
    const KeyScale key = key_scale(aie::reduce_max(largest));
    *scale = (bfloat16)key.scale;
    const aie::vector<bfloat16, 32> head = aie::broadcast<bfloat16, 32>((bfloat16)key.head);
    const aie::vector<bfloat16, 32> rest = aie::broadcast<bfloat16, 32>((bfloat16)key.rest);
    aie::vector<int8, 32> q[2];
    for (int i = 0; i < 2; ++i) {
        const aie::vector<bfloat16, 32> x = aie::load_v<32>(row + i * 32);
        aie::accum<accfloat, 32> scaled = aie::mul(x, head);
        scaled = aie::mac(scaled, x, rest);
        q[i] = aie::to_fixed<int16>(scaled.to_vector<float>(), 0).pack<int8>();
    }
    return aie::concat(q[0], q[1]);
}

// A head's 64 keys and 64 values as the log has them, in the place of their bf16.
void to_log(bfloat16 *head) {
    int8_t *out = (int8_t *)head;
    bfloat16 scales[2];
    for (int i = 0; i < 2; ++i)
        aie::store_v(out + i * 64, row_to_int8(head + i * 64, scales + i));
    head[log_scales / 2] = scales[0];
    head[log_scales / 2 + 1] = scales[1];
}

} // namespace

extern "C" {

// B object i of a part: one k tile, or two of four bits, of column tile i / objects of a tile. Of an odd number of k
// tiles of four bits the last one is alone.
void decoder_linear_step(int8_t *B, int8_t *X, float *y, float *scales, int32_t *params, int32_t part, int32_t i,
                         int32_t row) {
    const int k_tiles = params[p_k_tiles];
    const int rows = params[p_rows];
    const int slices = params[p_slices];
    const int stride = slices * tile_columns;
    const bool four_bits = (params[p_epilogue] & four_bit_flag) != 0;
    const int tile = i / params[p_objects];
    const int begin = (i - tile * params[p_objects]) << (four_bits ? 1 : 0);
    const int end = four_bits && begin + 1 < k_tiles ? begin + 2 : begin + 1;
    alignas(32) bfloat16 scales_of_four_bits[tile_columns];
    alignas(32) bfloat16 none[tile_columns];
    if (four_bits)
        aie::store_v(none, aie::zeros<bfloat16, 32>());
    for (int s = 0; s < slices; ++s) {
        const int8_t *w = B + (slices == 1 ? row : s) * slice_bytes;
        const int8_t *trailer = w + scales_offset;
        float *out = y + tile * rows * stride + s * tile_columns;
        const bfloat16 *columns = (const bfloat16 *)trailer;
        if (four_bits) {
            four_bit_scales(trailer, scales_of_four_bits);
            columns = scales_of_four_bits;
        }
        const int number = part * k_tiles + begin; // of the product's k tiles
        if (number < (four_bits ? 1 : 2))
            prepare(four_bits ? none : (const bfloat16 *)(w + bias_offset), out, stride, rows, number == 0);
        for (int k = begin; k < end; ++k) {
            const int8_t *multipliers = four_bits ? trailer + (k - begin) * 4 * multiplier_bytes : nullptr;
            for (int r = 0; r < rows; r += 2)
                if (is_live(params, r))
                    products(X + ((r >> 1) * k_tiles + k) * 512, 16, w + (k - begin) * 2048, 256, columns,
                             scales + k * most_rows + r, out + r * stride, stride, rows - r < 2 ? 1 : 2, false,
                             multipliers);
        }
    }
}

// Side object j: what is added to `side_floats` columns of the chunk in all rows (the bias of weights of four bits), or
// one row of the residual.
void decoder_add(int8_t *A, float *y, int32_t *params, int32_t j, int32_t row, int32_t column) {
    const int rows = params[p_rows];
    const int slices = params[p_slices];
    const int tiles = params[p_tiles];
    const int width = params[p_side_floats];
    const int index = j / params[p_side_pieces];
    const int piece = j - index * params[p_side_pieces];
    const bool common = index < params[p_side_common];
    const int low = common ? 0 : index - params[p_side_common];
    const int high = common ? rows : low + 1;
    for (int t = 0; t < tiles; ++t)
        for (int s = 0; s < slices; ++s) {
            const int n = (t * array::columns + column) * 128 + (slices == 1 ? row : s) * tile_columns - piece * width;
            if (n < 0 || n >= width)
                continue;
            const float *add = (const float *)A + n;
            for (int r = low; r < high; ++r) {
                float *out = y + ((t * rows + r) * slices + s) * tile_columns;
                for (int i = 0; i < tile_columns; i += 16)
                    aie::store_v(out + i, aie::add(aie::load_v<16>(out + i), aie::load_v<16>(add + i)));
            }
        }
}

// C object `output` of a chunk: its next 32-column pieces, as float or bf16, or two heads' keys and values of the log.
void decoder_linear_finish(int8_t *C, float *y, int32_t *params, int32_t output) {
    aie::set_rounding(aie::rounding_mode::conv_even);
    const int flags = params[p_epilogue];
    const int shift = flags & bf16_flag ? 1 : 0;
    const int count = (object_units << shift) * tile_columns;
    const int total = params[p_tiles] * params[p_rows] * params[p_slices] * tile_columns;
    for (int i = 0; i < count; i += 32) {
        const int at = output * count + i;
        aie::vector<float, 16> v[2];
        for (int h = 0; h < 2; ++h) {
            v[h] = aie::zeros<float, 16>();
            if (at < total)
                v[h] = aie::load_v<16>(y + at + h * 16);
        }
        if (flags & gelu_flag)
            gelu(v);
        if (shift) {
            aie::store_v((bfloat16 *)C + i, aie::accum<accfloat, 32>(aie::concat(v[0], v[1])).to_vector<bfloat16>());
        } else {
            aie::store_v((float *)C + i, v[0]);
            aie::store_v((float *)C + i + 16, v[1]);
        }
    }
    // y is [tile][row][128]
    const int stored = (params[p_stored] - params[p_chunk] * params[p_tiles]) * params[p_rows];
    for (int i = 0; i < 2; ++i)
        if (output * 2 + i < stored)
            to_log((bfloat16 *)C + i * 128);
}

} // extern "C"
