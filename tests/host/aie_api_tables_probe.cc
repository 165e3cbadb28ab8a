// Lookup tables and sliding multiplication behind plain C functions, for tests/host/test_aie_api_tables.py.

#include <aie_api/aie.hpp>

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

template <typename Key, typename Value, aie::lut_oor_policy Policy, unsigned N>
void look_up(const Key *keys, Value *out, const void *table, unsigned elems, unsigned step, unsigned bias)
{
    using lut = aie::lut<4, Value>;
    const lut l(elems, table, table);
    if constexpr (std::is_signed_v<Key>) {
        aie::parallel_lookup<Key, lut, Policy> lookup(l, step, bias);
        aie::store_v(out, lookup.fetch(aie::load_v<N>(keys)));
    }
    else {
        aie::parallel_lookup<Key, lut, Policy> lookup(l, step);
        aie::store_v(out, lookup.fetch(aie::load_v<N>(keys)));
    }
}

} // namespace

#define LOOKUP(KEY, VALUE, N)                                                                                                \
    EXPORT void saturate_##KEY##_##VALUE(const KEY *k, VALUE *o, const void *t, unsigned n, unsigned s, unsigned b)           \
    {                                                                                                                        \
        look_up<KEY, VALUE, aie::lut_oor_policy::saturate, N>(k, o, t, n, s, b);                                              \
    }                                                                                                                        \
    EXPORT void truncate_##KEY##_##VALUE(const KEY *k, VALUE *o, const void *t, unsigned n, unsigned s, unsigned b)           \
    {                                                                                                                        \
        look_up<KEY, VALUE, aie::lut_oor_policy::truncate, N>(k, o, t, n, s, b);                                              \
    }
LOOKUP(int8, int16, 32)
LOOKUP(uint8, uint16, 16)
LOOKUP(uint16, int8, 32)
LOOKUP(int16, int32, 16)
LOOKUP(int16, float, 16)

#define APPROX(T, OFFSET, SLOPE, LANE, N)                                                                                    \
    EXPORT void approx_##T##_##OFFSET(const T *in, LANE *out, const void *table, unsigned n, int step, int bias, int shift)   \
    {                                                                                                                        \
        using lut = aie::lut<4, OFFSET, SLOPE>;                                                                              \
        aie::linear_approx<T, lut> approx(lut(n, table, table), step, bias, shift);                                           \
        aie::detail::store_storage(out, approx.compute(aie::load_v<N>(in)).to_native());                                      \
    }
APPROX(int8, int8, int8, int32, 32)
APPROX(int16, int16, int16, int64, 16)
APPROX(int16, int32, int32, int64, 16)
APPROX(bfloat16, float, bfloat16, float, 16)

#define SLIDE(NAME, LANES, POINTS, CS, DS, C, NC, D, ND, TAG, LANE)                                                          \
    EXPORT void NAME(const C *c, const D *d, LANE *out, int how)                                                             \
    {                                                                                                                        \
        using ops = aie::sliding_mul_xy_ops<LANES, POINTS, CS, DS, C, D, TAG>;                                                \
        const auto x = aie::load_v<NC>(c);                                                                                    \
        const auto y = aie::load_v<ND>(d);                                                                                    \
        aie::accum<TAG, LANES> acc(aie::detail::load_storage<LANE, LANES>(out));                                              \
        if (how == 0)                                                                                                        \
            acc = ops::mul(x, 3, y, 5);                                                                                       \
        else if (how == 1)                                                                                                   \
            acc = ops::mac(acc, x, 1, y, -2);                                                                                 \
        else if (how == 2)                                                                                                   \
            acc = ops::negmul(x, 0, y, 0);                                                                                    \
        else                                                                                                                 \
            acc = aie::sliding_mac<LANES, POINTS, CS, DS>(acc, x, 2, y, 7);                                                   \
        aie::detail::store_storage(out, acc.to_native());                                                                     \
    }
SLIDE(slide_8, 32, 8, 1, 1, int8, 32, uint8, 64, acc32, int32)
SLIDE(slide_8_long, 64, 19, 1, 1, int8, 64, int8, 128, acc32, int32)
SLIDE(slide_8_steps, 16, 5, 2, 2, int8, 32, int8, 64, acc32, int32)
SLIDE(slide_16, 16, 4, 1, 1, int16, 16, int16, 32, acc32, int32)
SLIDE(slide_16_wide, 16, 8, 1, 2, int16, 16, int16, 32, acc64, int64)
SLIDE(slide_16_32, 16, 4, 1, 1, int16, 16, int32, 32, acc64, int64)
SLIDE(slide_32_16, 16, 4, 1, 1, int32, 16, int16, 32, acc64, int64)
SLIDE(slide_bf16, 16, 3, 1, 1, bfloat16, 16, bfloat16, 32, accfloat, float)

EXPORT void slide_channels(const int8 *c, const int8 *d, int32 *out)
{
    aie::store_v(out, aie::sliding_mul_ch<4, 8, 4>(aie::load_v<64>(c), 1, aie::load_v<64>(d), 2).to_vector<int32>());
}
EXPORT void slide_four_channels(const int8 *c, const int8 *d, int32 *out)
{
    const auto acc = aie::sliding_mul_ch<8, 4, 7>(aie::load_v<64>(c), 0, aie::load_v<64>(d), 3);
    aie::store_v(out, aie::sliding_mac_ch<8, 4, 8>(acc, aie::load_v<64>(c), 2, aie::load_v<64>(d), 0).to_vector<int32>());
}
EXPORT void saturation(int mode) { aie::set_saturation(static_cast<aie::saturation_mode>(mode)); }
