// What AIE2P adds to the AIE API, behind plain C functions, for tests/host/test_aie_api_aie2p.py.

#define AIEBUILD_BFP16_SATURATE
#include <aie_api/aie.hpp>

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

using blocks = aie::block_vector<bfp16ebs8, 64>;
using sums = aie::accum<accfloat, 64>;

blocks read(const uint8_t *from)
{
    aie::block_vector_input_buffer_stream<bfp16ebs8, 64> stream(reinterpret_cast<const bfp16ebs8 *>(from));
    return stream.pop();
}

} // namespace

EXPORT void to_blocks(const float *in, uint8_t *out, int n, int rounding)
{
    aie::set_rounding(static_cast<aie::rounding_mode>(rounding));
    aie::block_vector_output_buffer_stream<bfp16ebs8, 64> stream(reinterpret_cast<bfp16ebs8 *>(out));
    for (int i = 0; i < n; i += 64)
        stream << sums(aie::load_v<64>(in + i)).to_vector<bfp16ebs8>();
    aie::set_rounding(aie::rounding_mode::floor);
}
EXPORT void from_blocks(const uint8_t *in, float *out, int n)
{
    aie::block_vector_input_buffer_stream<bfp16ebs8, 64> stream(reinterpret_cast<const bfp16ebs8 *>(in));
    for (int i = 0; i < n; i += 64) {
        blocks v;
        stream >> v;
        aie::store_v(out + i, sums(v).to_vector<float>());
    }
}
// Every third vector, from the second on.
EXPORT void seek(const uint8_t *in, uint8_t *out, int count)
{
    aie::block_vector_input_buffer_stream<bfp16ebs8, 64> from(reinterpret_cast<const bfp16ebs8 *>(in));
    aie::block_vector_output_buffer_stream<bfp16ebs8, 64> to(reinterpret_cast<bfp16ebs8 *>(out));
    from.seek(1);
    for (int i = 0; i < count; ++i)
        to.push(from.pop_seek(2));
}
EXPORT void multiply(const uint8_t *a, const uint8_t *b, float *c, int how)
{
    sums acc(aie::load_v<64>(c));
    if (how == 0)
        acc = mac_8x8_8x8T(read(a), read(b), acc);
    else if (how == 1)
        acc = mul_8x8_8x8T(read(a), read(b));
    else {
        aie::mmul<8, 8, 8, bfp16ebs8, bfp16ebs8> m(acc);
        m.mac(read(a), read(b));
        acc = m.to_accum();
    }
    aie::store_v(c, acc.to_vector<float>());
}
EXPORT void multiply_wide(const uint8_t *a, const uint8_t *b, float *c)
{
    aie::mmul<8, 8, 16, bfp16ebs8, bfp16ebs8> m;
    aie::block_vector<bfp16ebs8, 128> wide;
    wide.insert(0, read(b)).insert(1, read(b + 72));
    m.mul(read(a), wide);
    aie::store_v(c, m.to_vector<float>());
}
EXPORT void multiply_mixed(const bfloat16 *a, const uint8_t *b, float *c)
{
    aie::mmul<8, 8, 8, bfloat16, bfp16ebs8> m;
    m.mul(aie::load_v<64>(a), read(b));
    aie::store_v(c, m.to_vector<float>());
}
EXPORT void multiply_bf16(const bfloat16 *a, const bfloat16 *b, float *c)
{
    aie::mmul<8, 8, 8, bfloat16, bfloat16> m;
    m.mul(aie::load_v<64>(a), aie::load_v<64>(b));
    aie::store_v(c, m.to_vector<float>());
    aie::mmul<4, 8, 8, bfloat16, bfloat16> half;
    half.mul(aie::load_v<32>(a), aie::load_v<64>(b));
    aie::store_v(c + 64, half.to_vector<float>());
}
EXPORT void elementary(const float *in, bfloat16 *exponential, bfloat16 *tangent, float *inverse, float *root, int n)
{
    for (int i = 0; i < n; i += 16) {
        const auto v = aie::load_v<16>(in + i);
        aie::store_v(exponential + i, aie::exp2<bfloat16>(v));
        aie::store_v(tangent + i, aie::tanh<bfloat16>(v));
        aie::store_v(inverse + i, aie::inv(v));
        aie::store_v(root + i, aie::invsqrt(v));
    }
}
EXPORT float scalar_root(const float *in) { return aie::invsqrt(*in); }
EXPORT int core() { return __AIE_ARCH__; }
