// Log-mel front end: int16 samples to log10 of the mel power in Q11, 32 frames of 400 samples (hop 160) a round.
//
// The 400-point transform of real samples is folded about sample 200, where the periodic Hann window is symmetric:
//   re[k] = sum over n = 1..200 of (x[n] + x[400 - n]) cos(2 pi k n / 400) hann[n],   im[k] likewise with x[n] - x[400 - n]
// (sample 0 has weight 0, sample 200 counts half). Four frames whose sums might not fit int16 are halved and get the
// factor back after the logarithm. The coefficients are Q15 numbers cut into two planes of int8, high * 256 + low: int16
// x int8 runs at twice the rate of int16 x int16, and both planes' sums fit 32 bits.
// Reference: aiebuild/designs/mel_reference.py, bit for bit up to the order of bf16 products' sums.
#include "array.h"
#include <stdint.h>

namespace {

constexpr int hop = 160;
constexpr int points = 200;            // folded samples of a frame, and bins 1..200
constexpr int quad_fold = 8 * points;  // int16 of four frames: 50 blocks of 4 frames x 4 sums, then 50 of differences
constexpr int chunks = points / 8;     // of 8 bins
constexpr int quad_power = 4 * points; // bf16 of four frames: 25 blocks of 4 frames x 8 bins
constexpr int plane_pair = 2 * 32;     // int8 of 4 samples x 8 bins in both planes

constexpr int16_t floor_q11 = -20480;   // log10(1e-10)
constexpr int16_t halving_q11 = 1233;   // log10(4): what halving took from a power
constexpr int16_t exponent_q12 = 19728; // log10(2) * 2^11 / 128 (a bf16 exponent's unit), in 1/4096

// log10 in Q11 of positive bf16 numbers, saturated: the bits are the logarithm to base 2 but for the mantissa's
// log2(1 + f) - f = f (1 - f) (0.422 - 0.158 f), off by 0.0004 at most.
inline aie::vector<int16, 32> log10_q11(const aie::vector<bfloat16, 32> &x) {
    const aie::vector<int16, 32> bits = x.cast_to<int16>();
    const aie::vector<int16, 32> f = aie::bit_and(bits, aie::broadcast<int16, 32>(127));
    const aie::vector<int16, 32> one_minus_f = aie::sub(aie::broadcast<int16, 32>(128), f);
    const aie::vector<int16, 32> arch = aie::mul(f, one_minus_f).to_vector<int16>(0);
    const aie::vector<int16, 32> slope = aie::mul(f, (int16)-49).to_vector<int16>(8);
    const aie::vector<int16, 32> height = aie::add(slope, aie::broadcast<int16, 32>(65));
    const aie::vector<int16, 32> exponent = aie::sub(bits, aie::broadcast<int16, 32>(127 * 128));
    aie::accum<acc32, 32> sum = aie::mul(exponent, exponent_q12);
    sum = aie::mac(sum, arch, height);
    return sum.to_vector<int16>(12);
}

// Whether any of the `samples` (a multiple of 16) is so large that a sum of two might not fit int16.
inline int32_t too_large(const int16_t *x, int samples) {
    aie::vector<int16, 16> high = aie::load_v<16>(x), low = high;
    for (int i = 16; i < samples; i += 16) {
        const aie::vector<int16, 16> v = aie::load_v<16>(x + i);
        high = aie::max(high, v);
        low = aie::min(low, v);
    }
    return aie::reduce_max(high) > 16383 || aie::reduce_min(low) < -16384;
}

// Four frames' x[n] and x[400 - n] for 16 n from `n`: as two pairs of frames.
struct Lanes {
    aie::vector<int16, 32> forward, backward;
};

inline Lanes two_frames(const int16_t *x, int n) {
    const int16_t *y = x + 2 * points - 15 - n;
    return {aie::concat(aie::load_unaligned_v<16>(x + n), aie::load_unaligned_v<16>(x + hop + n)),
            aie::concat(aie::reverse(aie::load_unaligned_v<16>(y)), aie::reverse(aie::load_unaligned_v<16>(y + hop)))};
}

// 16 values of each of four frames (0 and 1, 2 and 3) as four blocks of 4 frames x 4 values.
inline void store_blocks(int16_t *out, const aie::vector<int16, 32> &v01, const aie::vector<int16, 32> &v23) {
    const auto [even, odd] = aie::interleave_zip(v01, v23, 4);
    const auto [first, second] = aie::interleave_zip(even, odd, 4);
    aie::store_v(out, first);
    aie::store_v(out + 32, second);
}

constexpr int tall = array::tall; // quads of frames that a product takes at a time
using Product = aie::mmul<array::block_rows, 4, 8, int16, int8>;

// Quad `i` of a product's. By value: the accumulators' addresses would keep them in memory.
inline aie::vector<bfloat16, 32> joined(Product high, Product low, int i) {
    return aie::to_float<bfloat16>(aie::add(array::block_of_tall<32, int32>(high.to_vector<int32>(0), i),
                                            array::block_of_tall<32, int32>(low.to_vector<int32>(8), i)));
}

// Real or imaginary parts of 8 bins of four times four frames, in bf16.
struct Part {
    aie::vector<bfloat16, 32> quad[4];
};

inline Part transform(const int16_t *x, const int8_t *planes) {
    Product high[4 / tall], low[4 / tall];
    for (int block = 0; block < points / 4; ++block) {
        const aie::vector<int8, 32> h = aie::load_v<32>(planes), l = aie::load_v<32>(planes + 32);
        // unrolled for certain: the accumulators stay in registers
#pragma clang loop unroll(full)
        for (int i = 0; i < 4 / tall; ++i) {
            const aie::vector<int16, 16 * tall> v = array::load_tall<16>(x + i * tall * quad_fold, quad_fold);
            high[i].mac(v, h);
            low[i].mac(v, l);
        }
        x += 16, planes += plane_pair;
    }
    constexpr int second = 1 / tall, third = 2 / tall, fourth = 3 / tall; // products that have these quads
    return {{joined(high[0], low[0], 0), joined(high[second], low[second], 1 % tall), joined(high[third], low[third], 0),
             joined(high[fourth], low[fourth], 1 % tall)}};
}

inline aie::vector<bfloat16, 32> power_of(const aie::vector<bfloat16, 32> &re, const aie::vector<bfloat16, 32> &im) {
    aie::accum<accfloat, 32> sum = aie::mul(re, re);
    sum = aie::mac(sum, im, im);
    return sum.to_vector<bfloat16>();
}

using Filters = aie::mmul<array::block_rows, 8, 4, bfloat16, bfloat16>;

} // namespace

extern "C" {

// 8 frames, tile `tile` of the round's four: folded into blocks. `samples`: 1,520 int16.
void mel_fold(const int8_t *samples, int16_t *folded, int32_t *halved, int16_t *peak, int32_t tile) {
    aie::set_rounding(aie::rounding_mode::conv_even);
    aie::set_saturation(aie::saturation_mode::saturate);
    if (tile == 0)
        aie::store_v(peak, aie::broadcast<int16, 32>(-32768));
    for (int quad = 0; quad < 2; ++quad) {
        const int16_t *x = (const int16_t *)samples + quad * 4 * hop;
        int16_t *out = folded + (tile * 2 + quad) * quad_fold;
        const int32_t shift = too_large(x, 3 * hop + 2 * points);
        halved[tile * 2 + quad] = shift;
        for (int i = 0; i < points; i += 16) {
            const int block = i < points - 16 ? i : points - 16; // the last one overlaps: 200 is no multiple of 16
            const Lanes v01 = two_frames(x, block + 1), v23 = two_frames(x + 2 * hop, block + 1);
            const aie::accum<acc32, 32> a01(v01.forward), b01(v01.backward), a23(v23.forward), b23(v23.backward);
            int16_t *sums = out + block * 4, *differences = sums + quad_fold / 2;
            store_blocks(sums, aie::add(a01, b01).to_vector<int16>(shift), aie::add(a23, b23).to_vector<int16>(shift));
            store_blocks(differences, aie::sub(a01, b01).to_vector<int16>(shift),
                         aie::sub(a23, b23).to_vector<int16>(shift));
        }
    }
}

// Power of 8 bins, chunk `chunk` of 25, of the round's 32 frames. `coefficients`: cosine then sine, each 50 blocks of
// 4 samples x 8 bins with a high and a low plane.
void mel_power(const int8_t *coefficients, const int16_t *folded, bfloat16 *power, int32_t chunk) {
    aie::set_rounding(aie::rounding_mode::conv_even);
    const int8_t *sine = coefficients + points / 4 * plane_pair;
    bfloat16 *out = power + chunk * 32;
    for (int quad = 0; quad < 8; quad += 4) {
        const int16_t *x = folded + quad * quad_fold;
        const Part re = transform(x, coefficients);
        const Part im = transform(x + quad_fold / 2, sine);
        for (int i = 0; i < 4; ++i)
            aie::store_v(out + (quad + i) * quad_power, power_of(re.quad[i], im.quad[i]));
    }
}

// 8 frames, tile `tile` of four, to log-mel: C = rows of `mels` (a multiple of 16) int16. `filters`: per block of four
// mels its first chunk and the number of chunks (int32 each, 32 blocks), then the blocks of 8 bins x 4 mels in order.
void mel_filter(const int8_t *filters, const bfloat16 *power, const int32_t *halved, int16_t *peak, int8_t *C,
                int32_t tile, int32_t mels) {
    aie::set_rounding(aie::rounding_mode::conv_even);
    aie::set_saturation(aie::saturation_mode::saturate);
    const int32_t *range = (const int32_t *)filters;
    const bfloat16 *weights = (const bfloat16 *)(filters + 256);
    const bfloat16 *p = power + tile * 2 * quad_power;
    const aie::vector<int16, 32> up0 = aie::broadcast<int16, 32>((int16)(halved[tile * 2] * halving_q11));
    const aie::vector<int16, 32> up1 = aie::broadcast<int16, 32>((int16)(halved[tile * 2 + 1] * halving_q11));
    const aie::vector<int16, 32> lowest = aie::broadcast<int16, 32>(floor_q11);
    aie::vector<int16, 32> largest = aie::load_v<32>(peak);
    int16_t *out = (int16_t *)C;
    for (int mel = 0; mel < mels; mel += 16) {
        alignas(aie::vector_decl_align) bfloat16 energy[2][64];
        for (int block = 0; block < 4; ++block) {
            Filters sum[2 / tall];
            const bfloat16 *a = p + range[0] * 32;
            const int count = range[1];
            const aie::vector<bfloat16, 32> w = aie::load_v<32>(weights);
#pragma clang loop unroll(full)
            for (int quad = 0; quad < 2; quad += tall)
                sum[quad / tall].mul(array::load_tall<32>(a + quad * quad_power, quad_power), w);
            for (int i = 1; i < count; ++i) {
                const aie::vector<bfloat16, 32> v = aie::load_v<32>(weights + i * 32);
#pragma clang loop unroll(full)
                for (int quad = 0; quad < 2; quad += tall)
                    sum[quad / tall].mac(array::load_tall<32>(a + quad * quad_power + i * 32, quad_power), v);
            }
#pragma clang loop unroll(full)
            for (int quad = 0; quad < 2; quad += tall)
                array::store_tall<16>(energy[quad] + block * 16, 64, sum[quad / tall].to_vector<bfloat16>());
            weights += count * 32;
            range += 2;
        }
        for (int quad = 0; quad < 2; ++quad) {
            const aie::vector<int16, 32> up = quad == 0 ? up0 : up1;
            const bfloat16 *e = energy[quad];
            const aie::vector<int16, 32> v01 = aie::max(aie::add(log10_q11(aie::load_v<32>(e)), up), lowest);
            const aie::vector<int16, 32> v23 = aie::max(aie::add(log10_q11(aie::load_v<32>(e + 32)), up), lowest);
            largest = aie::max(largest, aie::max(v01, v23));
            const auto [even, odd] = aie::interleave_zip(v01, v23, 4);
            const auto [rows01, rows23] = aie::interleave_zip(even, odd, 4);
            int16_t *row = out + quad * 4 * mels + mel;
            aie::store_v(row, rows01.extract<16>(0));
            aie::store_v(row + mels, rows01.extract<16>(1));
            aie::store_v(row + 2 * mels, rows23.extract<16>(0));
            aie::store_v(row + 3 * mels, rows23.extract<16>(1));
        }
    }
    aie::store_v(peak, largest);
}

// The largest value of the round's 32 frames, in the first 32 int16 of C; the rest is 0.
void mel_peak(const int16_t *peak, int8_t *C, int32_t bytes) {
    const aie::vector<int16, 32> all = aie::broadcast<int16, 32>(aie::reduce_max(aie::load_v<32>(peak)));
    const aie::vector<int16, 32> none = aie::zeros<int16, 32>();
    int16_t *out = (int16_t *)C;
    aie::store_v(out, all);
    for (int i = 32; i < bytes / 2; i += 32)
        aie::store_v(out + i, none);
}
}
