// Block floating point of AIE2P: bfp16ebs8, eight elements that share an exponent.
//
// A block is 9 bytes in memory: the exponent (biased by 127), then eight mantissas in two's complement; an element is
// mantissa * 2^(exponent - 127 - 6). This is how mlir-aie's own host code reads and writes them
// (programming_examples/ml/block_datatypes/helper.h).
//
//  From an accumulator   the largest exponent of the block is shared; mantissas are rounded in the core's rounding mode, whose
//                        default, floor, truncates them. Denormal numbers are zero. What the array does with a mantissa that
//                        is rounded up to 128 is not documented: the kernel ends with an error, or with
//                        -DAIEBUILD_BFP16_SATURATE goes on with 127. Nor is it for infinities and NaN: an error.
//  To an accumulator     exact.
//  Products              the eight products of a row and a column are added exactly, then to the fp32 sum, to nearest even.
//                        How the array rounds in between is not documented.

#pragma once

#include "compare.hpp"

#if __AIE_ARCH__ == 21

namespace aie {

template <BlockType T, unsigned Elems>
class block_vector {
    static_assert(Elems == 64 || Elems == 128 || Elems == 256, "block_vector: 64, 128 or 256 elements");

  public:
    using value_type = T;
    static constexpr unsigned size() { return Elems; }
    static constexpr unsigned block_size() { return 8; }
    static constexpr unsigned blocks() { return Elems / block_size(); }
    static constexpr unsigned mantissa_bits() { return 8; }
    static constexpr unsigned exponent_bits() { return 8; }
    static constexpr unsigned bits() { return Elems * mantissa_bits() + blocks() * exponent_bits(); }
    static constexpr unsigned bytes() { return bits() / 8; }
    static constexpr unsigned memory_bits() { return bits(); }
    static constexpr unsigned memory_bytes() { return bytes(); }

    block_vector() = default;

    template <unsigned Out>
    AIEBUILD_INLINE block_vector<T, Out> grow(unsigned idx = 0) const
    {
        static_assert(Out >= Elems);
        block_vector<T, Out> r;
        std::memset(r.data, 0, sizeof r.data);
        return r.insert(idx, *this);
    }
    template <unsigned Out>
    AIEBUILD_INLINE block_vector<T, Out> extract(unsigned idx) const
    {
        static_assert(Out <= Elems);
        block_vector<T, Out> r;
        std::memcpy(r.data, data + idx * sizeof r.data, sizeof r.data);
        return r;
    }
    template <unsigned In>
    AIEBUILD_INLINE block_vector &insert(unsigned idx, const block_vector<T, In> &v)
    {
        static_assert(In <= Elems);
        std::memcpy(data + idx * sizeof v.data, v.data, sizeof v.data);
        return *this;
    }

    uint8_t data[Elems / 8 * 9]; // as in memory
};

namespace detail {

[[noreturn]] AIEBUILD_COLD inline void no_block(const char *what)
{
    std::fprintf(stderr, "a conversion to bfp16ebs8 meets %s\n", what);
    std::abort();
}

// Nearest integer of |v| <= 128 in a rounding mode.
inline float rounded(double v, rounding_mode mode)
{
    const double q = std::floor(v), r = v - q;
    const bool negative = v < 0, odd = static_cast<int>(q) & 1;
    bool up = false;
    switch (mode) {
    case rounding_mode::floor: break;
    case rounding_mode::ceil: up = r != 0; break;
    case rounding_mode::symmetric_floor: up = negative && r != 0; break;
    case rounding_mode::symmetric_ceil: up = !negative && r != 0; break;
    case rounding_mode::negative_inf: up = r > 0.5; break;
    case rounding_mode::positive_inf: up = r >= 0.5; break;
    case rounding_mode::symmetric_zero: up = r > 0.5 || (r == 0.5 && negative); break;
    case rounding_mode::symmetric_inf: up = r > 0.5 || (r == 0.5 && !negative); break;
    case rounding_mode::conv_even: up = r > 0.5 || (r == 0.5 && odd); break;
    case rounding_mode::conv_odd: up = r > 0.5 || (r == 0.5 && !odd); break;
    }
    return static_cast<float>(q + up);
}

inline void block_of(const float *lanes, uint8_t *out, rounding_mode mode)
{
    uint32_t exponent = 0;
    for (unsigned i = 0; i < 8; ++i) {
        const uint32_t e = (std::bit_cast<uint32_t>(lanes[i]) >> 23) & 0xff;
        exponent = e > exponent ? e : exponent;
    }
    if (exponent == 0xff)
        no_block("an infinite value or NaN: what the array makes of it is not documented");
    out[0] = static_cast<uint8_t>(exponent);
    for (unsigned i = 0; i < 8; ++i) {
        const bool normal = (std::bit_cast<uint32_t>(lanes[i]) >> 23) & 0xff;
        float m = normal ? rounded(std::ldexp(static_cast<double>(lanes[i]), 133 - static_cast<int>(exponent)), mode) : 0.0f;
        if (m > 127.0f) {
#if !defined(AIEBUILD_BFP16_SATURATE)
            no_block("a mantissa that is rounded up to 128: what the array makes of it is not documented (-D AIEBUILD_BFP16_SATURATE takes 127)");
#endif
            m = 127.0f;
        }
        out[1 + i] = static_cast<uint8_t>(static_cast<int8_t>(m));
    }
}

template <BlockType T, unsigned N>
inline block_vector<T, N> to_blocks(const storage<float, N> &v)
{
    float lanes[N];
    store_storage(lanes, v);
    block_vector<T, N> r;
    for (unsigned b = 0; b < N / 8; ++b)
        block_of(lanes + 8 * b, r.data + 9 * b, core_state.rounding);
    return r;
}

template <BlockType T, unsigned N>
inline storage<float, N> from_blocks(const block_vector<T, N> &v)
{
    float lanes[N];
    for (unsigned b = 0; b < N / 8; ++b)
        for (unsigned i = 0; i < 8; ++i)
            lanes[8 * b + i] = std::ldexp(static_cast<float>(static_cast<int8_t>(v.data[9 * b + 1 + i])), v.data[9 * b] - 133);
    return load_storage<float, N>(lanes);
}

// Sums M x N: += the products of M blocks of A and N blocks of B (B's columns, one behind the other).
template <unsigned M, unsigned N>
inline void add_block_products(float *sums, const uint8_t *a, const uint8_t *b)
{
    for (unsigned m = 0; m < M; ++m)
        for (unsigned n = 0; n < N; ++n) {
            int dot = 0;
            for (unsigned k = 1; k < 9; ++k)
                dot += static_cast<int8_t>(a[9 * m + k]) * static_cast<int8_t>(b[9 * n + k]);
            sums[m * N + n] += std::ldexp(static_cast<float>(dot), a[9 * m] + b[9 * n] - 266);
        }
}

template <unsigned N, typename T>
inline accum<accfloat, 8 * N> add_block_products(const block_vector<T, 64> &a, const block_vector<T, 8 * N> &b, const accum<accfloat, 8 * N> &acc)
{
    count_mmul(8 * 8 * N);
    slot_vec(N / 8);
    float sums[8 * N];
    store_storage(sums, acc.to_native());
    add_block_products<8, N>(sums, a.data, b.data);
    return load_storage<float, 8 * N>(sums);
}

enum class fifo_direction { in, out };

// A place in memory that moves on with each vector.
template <BlockType T, unsigned N, fifo_direction Direction>
class block_stream {
  public:
    using vector_type = block_vector<T, N>;
    using value_type = vector_type;
    using byte_type = std::conditional_t<Direction == fifo_direction::in, const uint8_t, uint8_t>;

    AIEBUILD_INLINE explicit block_stream(byte_type *p) : ptr(p) {}
    AIEBUILD_INLINE void seek(int inc) { seek_byte(inc * static_cast<int>(vector_type::memory_bytes())); }
    AIEBUILD_INLINE void seek_byte(int inc) { ptr += inc; }

  protected:
    byte_type *ptr;
};

} // namespace detail

template <typename T, unsigned N, aie_dm_resource Resource = aie_dm_resource::none>
class block_vector_input_buffer_stream : public detail::block_stream<T, N, detail::fifo_direction::in> {
    using base = detail::block_stream<T, N, detail::fifo_direction::in>;

  public:
    using typename base::vector_type;
    AIEBUILD_INLINE block_vector_input_buffer_stream(const T *p) : base(reinterpret_cast<const uint8_t *>(p)) {}

    AIEBUILD_INLINE vector_type pop() { return pop_seek(0); }
    AIEBUILD_INLINE vector_type pop_seek(int inc) { return pop_seek_byte(inc * static_cast<int>(vector_type::memory_bytes())); }
    AIEBUILD_INLINE vector_type pop_seek_byte(int inc)
    {
        detail::slot_load(vector_type::bytes());
        vector_type v;
        std::memcpy(v.data, this->ptr, sizeof v.data);
        this->ptr += static_cast<int>(sizeof v.data) + inc;
        return v;
    }
    AIEBUILD_INLINE block_vector_input_buffer_stream &operator>>(vector_type &v)
    {
        v = pop();
        return *this;
    }
};

template <typename T, unsigned N, aie_dm_resource Resource = aie_dm_resource::none>
class block_vector_output_buffer_stream : public detail::block_stream<T, N, detail::fifo_direction::out> {
    using base = detail::block_stream<T, N, detail::fifo_direction::out>;

  public:
    using typename base::vector_type;
    AIEBUILD_INLINE block_vector_output_buffer_stream(T *p) : base(reinterpret_cast<uint8_t *>(p)) {}

    AIEBUILD_INLINE void push(const vector_type &v) { push_seek(v, 0); }
    AIEBUILD_INLINE void push_seek(const vector_type &v, int inc) { push_seek_byte(v, inc * static_cast<int>(vector_type::memory_bytes())); }
    AIEBUILD_INLINE void push_seek_byte(const vector_type &v, int inc)
    {
        detail::slot_store(vector_type::bytes());
        std::memcpy(this->ptr, v.data, sizeof v.data);
        this->ptr += static_cast<int>(sizeof v.data) + inc;
    }
    AIEBUILD_INLINE block_vector_output_buffer_stream &operator<<(const vector_type &v)
    {
        push(v);
        return *this;
    }
};

template <typename T, unsigned N, aie_dm_resource Resource = aie_dm_resource::none>
using block_vector_restrict_input_buffer_stream = block_vector_input_buffer_stream<T, N, Resource>;
template <typename T, unsigned N, aie_dm_resource Resource = aie_dm_resource::none>
using block_vector_restrict_output_buffer_stream = block_vector_output_buffer_stream<T, N, Resource>;

} // namespace aie

// Intrinsics that published kernels use.
AIEBUILD_INLINE aie::accum<accfloat, 64> mac_8x8_8x8T(const aie::block_vector<bfp16ebs8, 64> &a, const aie::block_vector<bfp16ebs8, 64> &b,
                                                      const aie::accum<accfloat, 64> &acc)
{
    return aie::detail::add_block_products<8>(a, b, acc);
}
AIEBUILD_INLINE aie::accum<accfloat, 64> mul_8x8_8x8T(const aie::block_vector<bfp16ebs8, 64> &a, const aie::block_vector<bfp16ebs8, 64> &b)
{
    return mac_8x8_8x8T(a, b, aie::accum<accfloat, 64>(aie::detail::zero_storage<float, 64>()));
}
AIEBUILD_INLINE aie::accum<accfloat, 64> mul_elem_64(const aie::vector<bfloat16, 64> &a, const aie::vector<bfloat16, 64> &b) { return aie::mul(a, b); }
AIEBUILD_INLINE aie::vector<bfloat16, 32> broadcast_one_to_v32bfloat16() { return aie::broadcast<bfloat16, 32>(bfloat16(1.0f)); }

#endif
