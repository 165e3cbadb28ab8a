// Vector and accumulator types of the compilers: elements, with no operators of their own.

#pragma once

#include "types.hpp"

namespace aie::detail {

template <typename T, unsigned N>
struct native {
    native() = default;
    // The bits of another type.
    template <typename U, unsigned M>
        requires(!std::is_same_v<T, U> && sizeof(T) * N == sizeof(U) * M)
    explicit native(const native<U, M> &other)
    {
        __builtin_memcpy(w, other.w, sizeof w);
    }

    T w[N];
};

template <typename L, unsigned N>
struct native_accum {
    L w[N];
};

} // namespace aie::detail
