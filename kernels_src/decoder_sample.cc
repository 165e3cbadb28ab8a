// What sampling needs of a row's logits: the best of two ranges of tokens and their log-sum-exps, over the columns that
// the core computes. Logits are compared as integers of the same order.
// Reference: aiebuild/designs/reference.py (candidates).
#include "decoder.h"

using namespace decoder;

namespace {

constexpr float log2_e = 1.44269504f;

inline int32_t ordered(int32_t bits) { return bits ^ ((bits >> 31) & 0x7fffffff); }

inline int32_t ordered(float x) {
    union {
        float value;
        int32_t bits;
    } u = {x};
    return ordered(u.bits);
}

// The logits of the 32 tokens from `token` on, of which bit i of `allowed` says whether token + i counts.
void candidates(const float *logits, int token, uint32_t allowed, int32_t *keys, float *total) {
    aie::vector<float, 16> v[2];
    for (int i = 0; i < 2; ++i)
        v[i] = aie::select(aie::broadcast<float, 16>(lowest), aie::load_v<16>(logits + i * 16),
                           aie::mask<16>::from_uint32(allowed >> (16 * i) & 0xffff));
    const float top = aie::reduce_max(aie::max(v[0], v[1]));
    if (ordered(top) > ordered(total[0])) {
        const aie::vector<float, 16> fall = aie::broadcast<float, 16>(total[0] - top);
        total[1] *= exp2_down(product(fall, aie::broadcast<float, 16>(log2_e))).get(0);
        total[0] = top;
    }
    aie::vector<float, 16> sum = aie::zeros<float, 16>();
    for (int i = 0; i < 2; ++i) {
        const aie::vector<float, 16> below = aie::sub(v[i], aie::broadcast<float, 16>(total[0]));
        sum = aie::add(sum, exp2_down(product(below, aie::broadcast<float, 16>(log2_e))));
    }
    total[1] += aie::reduce_add(sum);
    int32_t *tokens = keys + best;
    if (ordered(top) <= keys[best - 1])
        return;
    const int32_t *bits = (const int32_t *)logits;
    for (int i = 0; i < 32; ++i) {
        const int32_t key = ordered(bits[i]);
        if (!(allowed >> i & 1) || key <= keys[best - 1])
            continue;
        int place = best - 1;
        for (; place > 0 && keys[place - 1] < key; --place) {
            keys[place] = keys[place - 1];
            tokens[place] = tokens[place - 1];
        }
        keys[place] = key;
        tokens[place] = token + i;
    }
}

} // namespace

extern "C" {

// The finished logits of a chunk, in y. A: the tables of the block's rows, then a bit for each of the chunk's tokens that
// is suppressed.
void decoder_sample(const int32_t *A, const float *y, int32_t *top, const int32_t *params, int32_t chunk, int32_t row,
                    int32_t column) {
    aie::set_rounding(aie::rounding_mode::conv_even);
    const int rows = params[p_rows];
    const int slices = params[p_slices];
    const int32_t *tables = A + (slices == 1 ? 0 : row * rows * table_words);
    const int tiles = params[p_tiles];
    for (int t = 0; t < tiles; ++t)
        for (int r = 0; r < rows; ++r) {
            if (!is_live(params, r))
                continue;
            const int32_t *table = tables + r * table_words;
            int32_t *state = top + r * best_words;
            for (int s = 0; s < slices; ++s) {
                const int unit = (t * array::columns + column) * 4 + (slices == 1 ? row : s); // of the chunk
                const int token = chunk * tiles * array::columns * 128 + unit * tile_columns;
                uint32_t banned = table[0] & raw_row ? 0 : (uint32_t)A[suppressed_place + unit];
                for (int i = 4; i < table_words; ++i)
                    if (table[i] >= token && table[i] < token + 32)
                        banned |= 1u << (table[i] - token);
                for (int list = 0; list < 2; ++list) {
                    const int low = (table[list * 2] & ~raw_row) - token;
                    const int high = table[list * 2 + 1] - token;
                    if (low >= 32 || high <= 0 || low >= high)
                        continue;
                    uint32_t allowed = ~banned;
                    if (low > 0)
                        allowed &= ~0u << low;
                    if (high < 32)
                        allowed &= ~0u >> (32 - high);
                    if (allowed != 0)
                        candidates(y + ((t * rows + r) * slices + s) * tile_columns, token, allowed,
                                   state + list * 2 * best,
                                   (float *)(state + totals_place) + list * 2);
                }
            }
        }
}

// C: what there is of three rows.
void decoder_report(int8_t *C, const int32_t *top, const int32_t *params, int32_t output) {
    int32_t *out = (int32_t *)C;
    const int first = output * report_rows;
    const int left = params[p_rows] - first;
    const int count = (left < report_rows ? left : report_rows) * best_words;
    top += first * best_words;
    for (int i = 0; i < object_floats; i += 4)
        aie::store_v(out + i, i < count ? aie::load_v<4>(top + i) : aie::zeros<int32, 4>());
}

} // extern "C"
