// Vectors and accumulators from numbers, from others put together, and from each other.

#pragma once

#include <utility>
#include "accum.hpp"
#include "mask.hpp"

namespace aie {

template <typename T, unsigned Elems>
AIEBUILD_INLINE auto zeros()
{
    if constexpr (detail::is_accum_tag_v<T>)
        return accum<T, Elems>(detail::zero_storage<detail::accum_lane_t<T>, Elems>());
    else
        return vector<T, Elems>(detail::zero_storage<detail::raw_t<T>, Elems>());
}
template <ElemBaseType T, unsigned Elems = native_vector_length_v<T>, Elem E>
AIEBUILD_INLINE vector<T, Elems> broadcast(const E &e)
{
    return vector<T, Elems>(detail::splat<detail::raw_t<T>, Elems>(detail::to_raw<T>(detail::as_elem<T>(e))));
}

namespace detail {
template <typename X, typename... Xs>
AIEBUILD_INLINE auto concat_tree(const X &x, const Xs &...xs)
{
    constexpr unsigned n = 1 + sizeof...(Xs);
    static_assert(is_pow2(n), "concat: the number of arguments must be a power of two");
    if constexpr (n == 1)
        return x;
    else {
        const X all[n] = {x, xs...};
        return [&]<unsigned... I>(std::integer_sequence<unsigned, I...>) AIEBUILD_LAMBDA {
            return concat_tree(concat_storage(all[2 * I], all[2 * I + 1])...);
        }(std::make_integer_sequence<unsigned, n / 2>{});
    }
}
} // namespace detail

template <Vector V, Vector... Vs>
AIEBUILD_INLINE auto concat(const V &v, const Vs &...vs)
{
    static_assert((std::is_same_v<detail::vector_of<V>, detail::vector_of<Vs>> && ...), "concat: vectors differ in type");
    return vector<detail::elem_of<V>, detail::size_of<V> * (1 + sizeof...(Vs))>(
        detail::concat_tree(detail::as_vector(v).to_native(), detail::as_vector(vs).to_native()...));
}
template <Accum A, Accum... As>
AIEBUILD_INLINE auto concat(const A &a, const As &...as)
{
    return accum<typename A::value_type, A::size() * (1 + sizeof...(As))>(detail::concat_tree(a.to_native(), as.to_native()...));
}

template <typename U, Vector V>
AIEBUILD_INLINE auto vector_cast(const V &v)
{
    return detail::as_vector(v).template cast_to<U>();
}
template <typename Tag, Accum A>
AIEBUILD_INLINE auto accum_cast(const A &a)
{
    return a.template cast_to<Tag>();
}

template <AccumElemBaseType Tag, Vector V>
AIEBUILD_INLINE auto from_vector(const V &v, int shift = 0)
{
    return accum<Tag, detail::size_of<V>>(detail::as_vector(v), shift);
}
template <typename T, Accum A>
AIEBUILD_INLINE auto to_vector(const A &a, int shift = 0)
{
    return a.template to_vector<T>(shift);
}

} // namespace aie
