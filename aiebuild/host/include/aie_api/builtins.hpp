// What the AIE compilers know without any header, as far as upstream's kernels use it: events, hints, `restrict`, and the
// cascade by plain vectors. Kernels are compiled with this file in front.
#pragma once

#include "detail/config.hpp"
#include "detail/state.hpp"

// 16 and 32 words: one and two steps of the cascade.
struct v16int32 {
    int32_t w[16];
};
struct v32int32 {
    int32_t w[32];
};

inline v16int32 undef_v16int32() { return {}; }
inline v32int32 undef_v32int32() { return {}; }

inline v16int32 upd_elem(v16int32 v, int index, int value) { return v.w[index & 15] = value, v; }
inline v32int32 upd_elem(v32int32 v, int index, int value) { return v.w[index & 31] = value, v; }
inline int ext_elem(const v16int32 &v, int index) { return v.w[index & 15]; }
inline int ext_elem(const v32int32 &v, int index) { return v.w[index & 31]; }

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
