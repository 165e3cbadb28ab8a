// What the AIE compilers know without any header, as far as upstream's kernels use it: events, hints, `restrict`, and the
// cascade by plain vectors. Kernels are compiled with this file in front.
#pragma once

#include "detail/config.hpp"
#include "detail/native.hpp"
#include "detail/state.hpp"

using v16int32 = aie::detail::native<int32_t, 16>; // one step of the cascade
using v32int32 = aie::detail::native<int32_t, 32>; // two of them
using v32int16 = aie::detail::native<int16_t, 32>;
using v64int8 = aie::detail::native<int8_t, 64>;
using v64uint8 = aie::detail::native<uint8_t, 64>;
using v16bfloat16 = aie::detail::native<bfloat16, 16>;
using v32bfloat16 = aie::detail::native<bfloat16, 32>;

inline v16int32 undef_v16int32() { return {}; }
inline v32int32 undef_v32int32() { return {}; }
inline v16int32 broadcast_to_v16int32(int value)
{
    v16int32 v;
    for (int32_t &element : v.w) element = value;
    return v;
}
inline v32bfloat16 broadcast_zero_bfloat16()
{
    v32bfloat16 v;
    for (bfloat16 &element : v.w) element = bfloat16(0.0f);
    return v;
}

inline v16int32 upd_elem(v16int32 v, int index, int value) { return v.w[index & 15] = value, v; }
inline v32int32 upd_elem(v32int32 v, int index, int value) { return v.w[index & 31] = value, v; }
inline int ext_elem(const v16int32 &v, int index) { return v.w[index & 15]; }
inline int ext_elem(const v32int32 &v, int index) { return v.w[index & 31]; }
inline int extract_elem(const v16int32 &v, int index) { return v.w[index & 15]; }

inline v16int32 add(const v16int32 &a, const v16int32 &b)
{
    v16int32 v;
    for (unsigned i = 0; i < 16; ++i) v.w[i] = int32_t(uint32_t(a.w[i]) + uint32_t(b.w[i]));
    return v;
}
template <typename T, unsigned N>
inline aie::detail::native<T, N> max(const aie::detail::native<T, N> &a, const aie::detail::native<T, N> &b)
{
    aie::detail::native<T, N> v;
    for (unsigned i = 0; i < N; ++i) v.w[i] = float(a.w[i]) > float(b.w[i]) ? a.w[i] : b.w[i];
    return v;
}
template <unsigned N>
inline aie::detail::native<int32_t, N> max(const aie::detail::native<int32_t, N> &a, const aie::detail::native<int32_t, N> &b)
{
    aie::detail::native<int32_t, N> v;
    for (unsigned i = 0; i < N; ++i) v.w[i] = a.w[i] > b.w[i] ? a.w[i] : b.w[i];
    return v;
}
template <unsigned N>
inline aie::detail::native<int32_t, N> min(const aie::detail::native<int32_t, N> &a, const aie::detail::native<int32_t, N> &b)
{
    aie::detail::native<int32_t, N> v;
    for (unsigned i = 0; i < N; ++i) v.w[i] = a.w[i] < b.w[i] ? a.w[i] : b.w[i];
    return v;
}
// 64 bytes of `low` and `high`, one behind the other, from byte `bytes` on (taken modulo 64).
template <typename T, unsigned N>
inline aie::detail::native<T, N> shift_bytes(const aie::detail::native<T, N> &low, const aie::detail::native<T, N> &high, unsigned bytes)
{
    static_assert(sizeof low == 64, "shift_bytes: of vectors of 512 bits");
    char both[128];
    __builtin_memcpy(both, &low, 64);
    __builtin_memcpy(both + 64, &high, 64);
    aie::detail::native<T, N> v;
    __builtin_memcpy(&v, both + bytes % 64, 64);
    return v;
}

// Out to the neighbour in the south or east; waits while the queue in between is full.
inline void put_mcd(const v16int32 &v)
{
    aie::detail::cascade_word word;
    __builtin_memcpy(&word, &v, sizeof word);
    aie::detail::cascade_of("puts into").put(word);
}
inline void put_mcd(const v32int32 &v)
{
    for (int half = 0; half < 2; ++half) {
        v16int32 part;
        __builtin_memcpy(&part, &v.w[16 * half], sizeof part);
        put_mcd(part);
    }
}

// In from the neighbour in the north or west; waits while there is nothing.
inline v16int32 get_scd_v16int32()
{
    const aie::detail::cascade_word word = aie::detail::cascade_of("gets from").get();
    v16int32 v;
    __builtin_memcpy(&v, &word, sizeof v);
    return v;
}
inline v32int32 get_scd_v32int32()
{
    v32int32 v;
    for (int half = 0; half < 2; ++half) {
        const v16int32 part = get_scd_v16int32();
        __builtin_memcpy(&v.w[16 * half], &part, sizeof part);
    }
    return v;
}
