// Products of up to four rows with int8 weights, each core 32 of the 128 columns of a tile; bias, residual and GELU.
// Reference: aiebuild/designs/reference.py (linear, gelu).
#include "decoder.h"

using namespace decoder;

namespace {

// y[tile][row][32] += scales * (256 high + low) for the two rows of a block.
template <bool Two>
inline void add_block(const aie::vector<int32, 32> &sums, const float *column_scales, const float *row_scales, float *y,
                      bool first) {
    const aie::vector<float, 32> s = aie::to_float(sums);
    const aie::vector<float, 8> columns = aie::load_v<8>(column_scales);
    for (int r = 0; r < (Two ? 2 : 1); ++r) {
        aie::accum<accfloat, 8> x(s.extract<8>(2 * r + 1));
        x = aie::mac(x, s.extract<8>(2 * r), aie::broadcast<float, 8>(256.0f));
        const aie::vector<float, 8> scale = aie::mul(columns, row_scales[r]).to_vector<float>();
        const aie::vector<float, 8> before = first ? aie::zeros<float, 8>() : aie::load_v<8>(y + r * tile_columns);
        aie::accum<accfloat, 8> sum(before);
        aie::store_v(y + r * tile_columns, aie::mac(sum, x.to_vector<float>(), scale).to_vector<float>());
    }
}

template <bool Two>
void products(const int8_t *x, const int8_t *w, const float *row_scales, float *y, bool first) {
    using MM = aie::mmul<4, 8, 8, int8, int8>;
    MM c0(aie::zeros<int32, 32>()), c1(aie::zeros<int32, 32>()), c2(aie::zeros<int32, 32>()),
        c3(aie::zeros<int32, 32>());
    for (int kb = 0; kb < 16; ++kb) {
        const aie::vector<int8, 32> a = aie::load_v<32>(x + kb * 32);
        c0.mac(a, aie::load_v<64>(w + kb * 256));
        c1.mac(a, aie::load_v<64>(w + kb * 256 + 64));
        c2.mac(a, aie::load_v<64>(w + kb * 256 + 128));
        c3.mac(a, aie::load_v<64>(w + kb * 256 + 192));
    }
    const float *column_scales = (const float *)(w + scales_offset);
    add_block<Two>(c0.to_vector<int32>(), column_scales, row_scales, y, first);
    add_block<Two>(c1.to_vector<int32>(), column_scales + 8, row_scales, y + 8, first);
    add_block<Two>(c2.to_vector<int32>(), column_scales + 16, row_scales, y + 16, first);
    add_block<Two>(c3.to_vector<int32>(), column_scales + 24, row_scales, y + 24, first);
}

// Some 30 instructions on AIE2, and a core's program has 16 KB: one copy for the 18 uses.
__attribute__((noinline)) aie::vector<float, 16> product(aie::vector<float, 16> a, aie::vector<float, 16> b) {
    return aie::mul(a, b).to_vector<float>();
}

// GELU's tanh form in float: x / (1 + 2^-z), z = 2 sqrt(2/pi) log2(e) (x + 0.044715 x^3); 2^f by its Taylor series to
// the sixth power, |f| <= 1/2.
aie::vector<float, 16> gelu(const aie::vector<float, 16> &x) {
    const auto constant = [](float c) { return aie::broadcast<float, 16>(c); };
    const aie::vector<float, 16> cubic = aie::add(product(product(x, x), constant(0.044715f)), constant(1.0f));
    aie::vector<float, 16> z = product(product(x, cubic), constant(-2.302208198f));
    z = aie::max(aie::min(z, constant(64.0f)), constant(-64.0f));
    const aie::vector<int32, 16> whole = aie::to_fixed<int32>(z, 0);
    const aie::vector<float, 16> f = aie::sub(z, aie::to_float(whole));
    aie::vector<float, 16> p = constant(1.540353e-4f);
    p = aie::add(product(p, f), constant(1.3333558e-3f));
    p = aie::add(product(p, f), constant(9.6181291e-3f));
    p = aie::add(product(p, f), constant(5.5504109e-2f));
    p = aie::add(product(p, f), constant(0.24022651f));
    p = aie::add(product(p, f), constant(0.69314718f));
    p = aie::add(product(p, f), constant(1.0f));
    const aie::vector<int32, 16> exponent = aie::upshift(aie::add(whole, aie::broadcast<int32, 16>(127)), 23);
    const aie::vector<float, 16> d = aie::add(product(p, exponent.cast_to<float>()), constant(1.0f));
    aie::vector<float, 16> r =
        aie::sub(aie::broadcast<int32, 16>(0x7EF311C7), d.cast_to<int32>()).cast_to<float>();
    for (int step = 0; step < 3; ++step)
        r = product(r, aie::sub(constant(2.0f), product(d, r)));
    return product(x, r);
}

} // namespace

extern "C" {

// B object i of a part: k tile i mod k_tiles of column tile i / k_tiles.
void decoder_linear_step(int8_t *B, int8_t *X, float *y, float *scales, int32_t *params, int32_t part, int32_t i,
                         int32_t row) {
    const int k_tiles = params[p_k_tiles];
    const int rows = params[p_rows];
    const int tile = i / k_tiles;
    const int k = i - tile * k_tiles;
    const bool first = part == 0 && k == 0;
    const int8_t *w = B + row * slice_bytes;
    float *out = y + tile * rows * tile_columns;
    for (int r = 0; r < rows; r += 2) {
        const int8_t *x = X + ((r >> 1) * k_tiles + k) * 512;
        if (r + 1 < rows)
            products<true>(x, w, scales + k * 4 + r, out + r * tile_columns, first);
        else
            products<false>(x, w, scales + k * 4 + r, out + r * tile_columns, first);
    }
}

// Side object j: the bias of `side_floats` columns of the chunk, added to all rows, or one row of the residual.
void decoder_side(int8_t *A, int32_t *y, int32_t *params, int32_t j, int32_t row, int32_t column) {
    const int rows = params[p_rows];
    const int tiles = params[p_steps] / params[p_k_tiles];
    const int width = params[p_side_floats];
    const int piece = j / params[p_side_rows];
    const int index = j - piece * params[p_side_rows];
    const int low = index == 0 ? 0 : index - 1;
    const int high = index == 0 ? rows : index;
    for (int t = 0; t < tiles; ++t) {
        const int n = (t * 4 + column) * 128 + row * tile_columns - piece * width;
        if (n < 0 || n >= width)
            continue;
        const float *add = (const float *)A + n;
        for (int r = low; r < high; ++r)
            for (int i = 0; i < tile_columns; i += 16) {
                float *out = (float *)y + (t * rows + r) * tile_columns + i;
                aie::store_v(out, aie::add(aie::load_v<16>(out), aie::load_v<16>(add + i)));
            }
    }
}

// C object `output` of a chunk: `output_tiles` column tiles of all rows.
void decoder_linear_finish(int8_t *C, float *y, int32_t *params, int32_t output) {
    const int rows = params[p_rows];
    const int count = params[p_output_tiles] * rows * tile_columns;
    const int total = params[p_steps] / params[p_k_tiles] * rows * tile_columns;
    float *out = (float *)C;
    for (int i = 0; i < count; i += 16) {
        const int at = output * count + i;
        aie::vector<float, 16> v = aie::zeros<float, 16>();
        if (at < total)
            v = aie::load_v<16>(y + at);
        if (params[p_epilogue] & gelu_flag)
            v = gelu(v);
        aie::store_v(out + i, v);
    }
}

} // extern "C"
