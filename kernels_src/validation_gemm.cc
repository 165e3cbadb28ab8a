// The kernels of the GEMM that the timing model is validated with: C += A B of one tile, blocked operands, C loaded and
// stored in its own type with each call, as the published kernels do. Not part of any model.
// Reference: NumPy's product (tests/timing/test_validation.py).
//
// -DTILE_M, -DTILE_K, -DTILE_N: the tile. -DIN, -DOUT: element types. -DBLOCK_M, -DBLOCK_K, -DBLOCK_N: a product's shape.
// -DROWS, -DCOLUMNS: blocks of C that accumulate at a time.
#include <aie_api/aie.hpp>
#include <stdint.h>

namespace {

using MM = aie::mmul<BLOCK_M, BLOCK_K, BLOCK_N, IN, IN>;
constexpr int row_blocks = TILE_M / BLOCK_M;
constexpr int depth_blocks = TILE_K / BLOCK_K;
constexpr int column_blocks = TILE_N / BLOCK_N;
static_assert(row_blocks % ROWS == 0 && column_blocks % COLUMNS == 0);

} // namespace

extern "C" {

void validation_zero(OUT *c) {
    constexpr int lanes = 32 / sizeof(OUT);
    const aie::vector<OUT, lanes> zeros = aie::zeros<OUT, lanes>();
    for (int i = 0; i < TILE_M * TILE_N; i += lanes)
        aie::store_v(c + i, zeros);
}

// A: [row block][k block], B: [k block][column block], C: [row block][column block].
void validation_matmul(const IN *a, const IN *b, OUT *c) {
    for (int r = 0; r < row_blocks; r += ROWS)
        for (int n = 0; n < column_blocks; n += COLUMNS) {
            MM sums[ROWS][COLUMNS];
#pragma clang loop unroll(full)
            for (int i = 0; i < ROWS; ++i)
#pragma clang loop unroll(full)
                for (int j = 0; j < COLUMNS; ++j)
                    sums[i][j] = MM(aie::load_v<MM::size_C>(c + ((r + i) * column_blocks + n + j) * MM::size_C));
            for (int k = 0; k < depth_blocks; ++k) {
                aie::vector<IN, MM::size_A> x[ROWS];
                aie::vector<IN, MM::size_B> w[COLUMNS];
#pragma clang loop unroll(full)
                for (int i = 0; i < ROWS; ++i)
                    x[i] = aie::load_v<MM::size_A>(a + ((r + i) * depth_blocks + k) * MM::size_A);
#pragma clang loop unroll(full)
                for (int j = 0; j < COLUMNS; ++j)
                    w[j] = aie::load_v<MM::size_B>(b + (k * column_blocks + n + j) * MM::size_B);
#pragma clang loop unroll(full)
                for (int i = 0; i < ROWS; ++i)
#pragma clang loop unroll(full)
                    for (int j = 0; j < COLUMNS; ++j)
                        sums[i][j].mac(x[i], w[j]);
            }
#pragma clang loop unroll(full)
            for (int i = 0; i < ROWS; ++i)
#pragma clang loop unroll(full)
                for (int j = 0; j < COLUMNS; ++j)
                    aie::store_v(c + ((r + i) * column_blocks + n + j) * MM::size_C,
                                 sums[i][j].template to_vector<OUT>());
        }
}

} // extern "C"
