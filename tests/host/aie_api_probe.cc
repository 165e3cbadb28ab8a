// Calls of the AIE API behind plain C functions, for tests/host/test_aie_api.py.

#include <aie_api/aie.hpp>

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

void set_modes(int rounding, int saturation)
{
    aie::set_rounding(static_cast<aie::rounding_mode>(rounding));
    aie::set_saturation(static_cast<aie::saturation_mode>(saturation));
}

} // namespace

EXPORT void modes_at_start(int *out)
{
    out[0] = static_cast<int>(aie::get_rounding());
    out[1] = static_cast<int>(aie::get_saturation());
}
EXPORT int swap_modes(int rounding)
{
    aie::detail::core_state_t other;
    other.rounding = static_cast<aie::rounding_mode>(rounding);
    std::swap(aie::detail::core_state, other);
    const int seen = static_cast<int>(aie::get_rounding());
    std::swap(aie::detail::core_state, other);
    return seen;
}
EXPORT int native_bytes() { return aie::detail::native_bytes; }

// ---- accumulators

template <typename Tag, typename T, unsigned N = 32>
void srs(const void *in, T *out, int shift, int rounding, int saturation, int n)
{
    set_modes(rounding, saturation);
    using A = aie::accum<Tag, N>;
    for (int i = 0; i < n; i += N)
        aie::store_v(out + i, A(aie::detail::load_storage<typename A::lane_type, N>(static_cast<const typename A::lane_type *>(in) + i)).template to_vector<T>(shift));
    set_modes(0, 0);
}
#define SRS(TAG, T)                                                                                                         \
    EXPORT void srs_##TAG##_##T(const void *in, T *out, int shift, int rounding, int saturation, int n)                      \
    {                                                                                                                       \
        srs<TAG, T>(in, out, shift, rounding, saturation, n);                                                               \
    }
SRS(acc32, int8) SRS(acc32, uint8) SRS(acc32, int16) SRS(acc32, uint16) SRS(acc32, int32) SRS(acc32, uint32)
SRS(acc64, int8) SRS(acc64, uint8) SRS(acc64, int16) SRS(acc64, uint16) SRS(acc64, int32) SRS(acc64, uint32)

#define UPS(TAG, T, L)                                                                                                      \
    EXPORT void ups_##TAG##_##T(const T *in, L *out, int shift, int n)                                                       \
    {                                                                                                                       \
        for (int i = 0; i < n; i += 16)                                                                                     \
            aie::detail::store_storage(out + i, aie::accum<TAG, 16>(aie::load_v<16>(in + i), shift).to_native());            \
    }
UPS(acc32, int8, int32) UPS(acc32, uint8, int32) UPS(acc32, int16, int32) UPS(acc64, int16, int64) UPS(acc64, int32, int64)

EXPORT void float_to_bf16(const float *in, bfloat16 *out, int rounding, int n)
{
    set_modes(rounding, 0);
    for (int i = 0; i < n; i += 32)
        aie::store_v(out + i, aie::accum<accfloat, 32>(aie::load_v<32>(in + i)).to_vector<bfloat16>());
    set_modes(0, 0);
}
EXPORT void bf16_to_float(const bfloat16 *in, float *out, int n)
{
    for (int i = 0; i < n; i += 16)
        aie::store_v(out + i, aie::accum<accfloat, 16>(aie::load_v<16>(in + i)).to_vector<float>());
}
EXPORT void scalar_bf16(const float *in, bfloat16 *out, int n)
{
    for (int i = 0; i < n; ++i)
        out[i] = in[i];
}

// ---- elementwise

template <typename T, unsigned N>
void binary(int op, const T *a, const T *b, T *c)
{
    const auto x = aie::load_v<N>(a);
    const auto y = aie::load_v<N>(b);
    switch (op) {
    case 0: aie::store_v(c, aie::add(x, y)); break;
    case 1: aie::store_v(c, aie::sub(x, y)); break;
    case 2: aie::store_v(c, aie::max(x, y)); break;
    case 3: aie::store_v(c, aie::min(x, y)); break;
    case 4: aie::store_v(c, aie::select(x, y, aie::lt(x, y))); break;
    case 5: aie::store_v(c, aie::select(x, y, aie::ge(x, y) ^ aie::eq(x, y))); break;
    case 6: aie::store_v(c, aie::add(x, b[3])); break;
    case 7: aie::store_v(c, aie::sub(b[3], x)); break;
    case 8:
        if constexpr (!std::is_same_v<T, float>)
            aie::store_v(c, aie::abs(x));
        break;
    case 9:
        if constexpr (aie::detail::is_signed_v<T>)
            aie::store_v(c, aie::neg(x));
        break;
    case 10:
        if constexpr (!aie::detail::is_floating_point_v<T>)
            aie::store_v(c, aie::bit_xor(aie::bit_and(x, y), aie::bit_or(x, aie::bit_not(y))));
        break;
    case 11:
        if constexpr (!aie::detail::is_floating_point_v<T>)
            aie::store_v(c, aie::saturating_add(x, y));
        break;
    case 12:
        if constexpr (!aie::detail::is_floating_point_v<T>)
            aie::store_v(c, aie::saturating_sub(x, y));
        break;
    case 13:
        c[0] = aie::reduce_add(x);
        c[1] = aie::reduce_max(x);
        c[2] = aie::reduce_min(x);
        break;
    case 14: {
        const auto m = aie::le(x, y);
        for (unsigned i = 0; i < N; ++i)
            c[i] = T(static_cast<int>(m.test(i)));
        c[0] = T(static_cast<int>(m.count() % 100));
        break;
    }
    }
}
#define BINARY(T, N)                                                                                                        \
    EXPORT void binary_##T##_##N(int op, const T *a, const T *b, T *c) { binary<T, N>(op, a, b, c); }
BINARY(int8, 16) BINARY(int8, 64) BINARY(int8, 128) BINARY(uint8, 64) BINARY(int16, 16) BINARY(int16, 32) BINARY(uint16, 32)
BINARY(int32, 4) BINARY(int32, 32) BINARY(uint32, 16) BINARY(bfloat16, 8) BINARY(bfloat16, 32) BINARY(bfloat16, 64)
BINARY(float, 8) BINARY(float, 32) BINARY(float, 64)

// products: 0 mul, 1 mac, 2 msc, 3 mul with scalar, 4 mac with scalar
#define PRODUCT(TA, TB, TAG, LANE, N)                                                                                       \
    EXPORT void product_##TA##_##TB##_##TAG(int op, const TA *a, const TB *b, LANE *c)                                       \
    {                                                                                                                       \
        using A = aie::accum<TAG, N>;                                                                                       \
        const auto x = aie::load_v<N>(a);                                                                                   \
        const auto y = aie::load_v<N>(b);                                                                                   \
        A acc(aie::detail::load_storage<LANE, N>(c));                                                                       \
        switch (op) {                                                                                                       \
        case 0: acc = aie::mul<TAG>(x, y); break;                                                                           \
        case 1: acc = aie::mac(acc, x, y); break;                                                                           \
        case 2: acc = aie::msc(acc, x, y); break;                                                                           \
        case 3: acc = aie::mul<TAG>(x, b[1]); break;                                                                        \
        case 4: acc = aie::mac(acc, a[1], y); break;                                                                        \
        }                                                                                                                   \
        aie::detail::store_storage(c, acc.to_native());                                                                     \
    }
PRODUCT(int8, int8, acc32, int32, 32)
PRODUCT(int16, int16, acc32, int32, 32)
PRODUCT(int16, int16, acc64, int64, 16)
PRODUCT(int16, int8, acc32, int32, 32)
PRODUCT(int32, int16, acc64, int64, 16)
PRODUCT(int32, int32, acc64, int64, 16)
PRODUCT(bfloat16, bfloat16, accfloat, float, 32)
PRODUCT(float, float, accfloat, float, 16)

// 0 upshift, 1 downshift, 2 logical_upshift, 3 logical_downshift
#define SHIFTS(T, N)                                                                                                        \
    EXPORT void shift_##T(int op, const T *a, T *c, unsigned by, int rounding, int saturation)                               \
    {                                                                                                                       \
        set_modes(rounding, saturation);                                                                                    \
        const auto x = aie::load_v<N>(a);                                                                                   \
        aie::store_v(c, op == 0 ? aie::upshift(x, by) : op == 1 ? aie::downshift(x, by) : op == 2 ? aie::logical_upshift(x, by) : aie::logical_downshift(x, by)); \
        set_modes(0, 0);                                                                                                    \
    }
SHIFTS(int8, 32) SHIFTS(int16, 32) SHIFTS(int32, 16) SHIFTS(uint8, 32)

EXPORT void pack_i16(const int16 *a, int8 *c, int saturation)
{
    set_modes(0, saturation);
    aie::store_v(c, aie::load_v<32>(a).pack());
    set_modes(0, 0);
}
EXPORT void unpack_i8(const int8 *a, int16 *c) { aie::store_v(c, aie::load_v<32>(a).unpack()); }
EXPORT void unpack_u8(const uint8 *a, uint16 *c) { aie::store_v(c, aie::load_v<32>(a).unpack()); }
#define UNPACK_NIBBLES(N)                                                                                                    \
    EXPORT void unpack_i4_##N(const int8 *a, int8 *c) { aie::store_v(c, aie::load_v<N / 2>(a).cast_to<int4>().unpack()); }  \
    EXPORT void unpack_u4_##N(const uint8 *a, uint8 *c) { aie::store_v(c, aie::load_v<N / 2>(a).cast_to<uint4>().unpack()); }
UNPACK_NIBBLES(32) UNPACK_NIBBLES(64) UNPACK_NIBBLES(128)
#define PACK_NIBBLES(N)                                                                                                      \
    EXPORT void pack_i4_##N(const int8 *a, int8 *c, int saturation)                                                         \
    {                                                                                                                       \
        set_modes(0, saturation);                                                                                           \
        aie::store_v(c, aie::load_v<N>(a).pack<int4>().cast_to<int8>());                                                    \
        set_modes(0, 0);                                                                                                    \
    }                                                                                                                       \
    EXPORT void pack_u4_##N(const uint8 *a, uint8 *c, int saturation)                                                       \
    {                                                                                                                       \
        set_modes(0, saturation);                                                                                           \
        aie::store_v(c, aie::load_v<N>(a).pack<uint4>().cast_to<uint8>());                                                  \
        set_modes(0, 0);                                                                                                    \
    }
PACK_NIBBLES(32) PACK_NIBBLES(64) PACK_NIBBLES(128)
EXPORT void slices_of_i4(const int8 *a, int8 *c)
{
    const aie::vector<int4, 128> all = aie::load_v<64>(a).cast_to<int4>();
    for (int i = 0; i < 2; ++i)
        aie::store_v(c + i * 64, all.extract<64>(i).unpack());
    aie::store_v(c + 128, all.cast_to<int8>());
}

// ---- order of elements

template <typename T, unsigned N>
void reorder(int op, const T *a, const T *b, T *c, unsigned n)
{
    const auto x = aie::load_v<N>(a);
    const auto y = aie::load_v<N>(b);
    switch (op) {
    case 0: {
        auto [p, q] = aie::interleave_zip(x, y, n);
        aie::store_v(c, p);
        aie::store_v(c + N, q);
        break;
    }
    case 1: {
        auto [p, q] = aie::interleave_unzip(x, y, n);
        aie::store_v(c, p);
        aie::store_v(c + N, q);
        break;
    }
    case 2: aie::store_v(c, aie::transpose(x, n, N / n)); break;
    case 3:
        if constexpr (N * sizeof(T) >= 32)
            aie::store_v(c, aie::filter_even(x, n));
        break;
    case 4:
        if constexpr (N * sizeof(T) >= 32)
            aie::store_v(c, aie::filter_odd(x, n));
        break;
    case 5: aie::store_v(c, aie::reverse(x)); break;
    case 6: aie::store_v(c, aie::shuffle_down_rotate(x, n)); break;
    case 7: aie::store_v(c, aie::shuffle_up_rotate(x, n)); break;
    case 8: aie::store_v(c, aie::shuffle_down_fill(x, y, n)); break;
    case 9: aie::store_v(c, aie::shuffle_up_fill(x, y, n)); break;
    case 10: aie::store_v(c, aie::shuffle_down_replicate(x, n)); break;
    case 11: aie::store_v(c, aie::shuffle_up_replicate(x, n)); break;
    case 12: aie::store_v(c, aie::concat(x, y)); break;
    case 13:
        if constexpr (N * sizeof(T) >= 32)
            aie::store_v(c, aie::concat(x.template extract<N / 2>(1), y.template extract<N / 2>(0)));
        break;
    case 14:
        if constexpr (N * sizeof(T) >= 32) {
            auto z = x;
            z.insert(n, y.template extract<N / 2>(1 - n));
            z[1] = b[0];
            z.push(b[1]);
            aie::store_v(c, z);
        }
        break;
    }
}
#define REORDER(T, N)                                                                                                       \
    EXPORT void reorder_##T##_##N(int op, const T *a, const T *b, T *c, unsigned n) { reorder<T, N>(op, a, b, c, n); }
REORDER(int8, 16) REORDER(int8, 32) REORDER(int8, 64) REORDER(int8, 128) REORDER(int16, 8) REORDER(int16, 16) REORDER(int16, 32) REORDER(int16, 64)
REORDER(int32, 4) REORDER(int32, 8) REORDER(int32, 16) REORDER(int32, 32)

// ---- conversions

#define TO_FIXED(T)                                                                                                         \
    EXPORT void fixed_float_##T(const float *a, T *c, int shift, int n)                                                      \
    {                                                                                                                       \
        for (int i = 0; i < n; i += 32)                                                                                     \
            aie::store_v(c + i, aie::to_fixed<T>(aie::load_v<32>(a + i), shift));                                            \
    }                                                                                                                       \
    EXPORT void fixed_bf16_##T(const bfloat16 *a, T *c, int shift, int n)                                                    \
    {                                                                                                                       \
        for (int i = 0; i < n; i += 32)                                                                                     \
            aie::store_v(c + i, aie::to_fixed<T>(aie::load_v<32>(a + i), shift));                                            \
    }
TO_FIXED(int8) TO_FIXED(uint8) TO_FIXED(int16) TO_FIXED(int32)

#define TO_FLOAT(T)                                                                                                         \
    EXPORT void float_##T(const T *a, float *c, int shift, int n)                                                            \
    {                                                                                                                       \
        for (int i = 0; i < n; i += 32)                                                                                     \
            aie::store_v(c + i, aie::to_float(aie::load_v<32>(a + i), shift));                                               \
    }
TO_FLOAT(int8) TO_FLOAT(uint8) TO_FLOAT(int16) TO_FLOAT(int32)
EXPORT void bf16_int16(const int16 *a, bfloat16 *c, int shift, int rounding)
{
    set_modes(rounding, 0);
    aie::store_v(c, aie::to_float<bfloat16>(aie::load_v<32>(a), shift));
    set_modes(0, 0);
}
EXPORT void inverse(const float *a, float *c, float *d)
{
    aie::store_v(c, aie::inv(aie::load_v<16>(a)));
    aie::store_v(d, aie::invsqrt(aie::load_v<16>(a)));
}
EXPORT void inverse_bf16(const bfloat16 *a, bfloat16 *c, bfloat16 *d)
{
    aie::store_v(c, aie::inv(aie::load_v<32>(a)));
    aie::store_v(d, aie::invsqrt(aie::load_v<32>(a)));
}

EXPORT void scale_in_place(int16 *p, int n)
{
    auto in = aie::cbegin_restrict_vector<16>(p);
    auto out = aie::begin_vector<16>(p);
    for (int i = 0; i < n; i += 16)
        *out++ = aie::add(*in++, int16(7));
}

EXPORT void counts(uint64_t *out)
{
    aie::detail::op_counts = {};
    aie::mmul<4, 8, 8, int8, int8> m;
    const auto a = aie::zeros<int8, 32>();
    const auto b = aie::zeros<int8, 64>();
    m.mul(a, b);
    m.mac(a, b);
    out[0] = aie::detail::op_counts.mmul_macs;
    aie::detail::op_counts = {};
    const auto s = aie::add(aie::broadcast<int16, 32>(1), int16(2));
    out[1] = aie::detail::op_counts.vector_ops;
    out[2] = static_cast<uint64_t>(s.get(0));
}
