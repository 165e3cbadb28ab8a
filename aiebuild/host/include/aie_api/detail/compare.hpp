// Comparison, selection, and what is made of the two. max(a, b) is a > b ? a : b, min(a, b) is a < b ? a : b (zeros of
// either sign are equal, as for the compares).

#pragma once

#include "arith.hpp"

namespace aie {

#define AIEBUILD_COMPARE(name, op)                                                                                          \
    template <typename A, typename B>                                                                                       \
        requires detail::Operands<A, B>                                                                                     \
    AIEBUILD_INLINE auto name(const A &a, const B &b)                                                                       \
    {                                                                                                                       \
        using V = detail::vector_operand<A, B>;                                                                             \
        const V x = detail::operand<typename V::value_type, V::size()>(a);                                                  \
        const V y = detail::operand<typename V::value_type, V::size()>(b);                                                  \
        return detail::compare([](auto p, auto q) AIEBUILD_LAMBDA { return p op q; }, x, y);                                \
    }
AIEBUILD_COMPARE(lt, <)
AIEBUILD_COMPARE(le, <=)
AIEBUILD_COMPARE(gt, >)
AIEBUILD_COMPARE(ge, >=)
AIEBUILD_COMPARE(eq, ==)
AIEBUILD_COMPARE(neq, !=)
#undef AIEBUILD_COMPARE

template <typename A, typename B>
    requires detail::Operands<A, B>
AIEBUILD_INLINE bool equal(const A &a, const B &b) { return eq(a, b).full(); }
template <typename A, typename B>
    requires detail::Operands<A, B>
AIEBUILD_INLINE bool not_equal(const A &a, const B &b) { return !equal(a, b); }

// b where the mask is set, else a.
template <typename A, typename B, unsigned N>
    requires detail::Operands<A, B>
AIEBUILD_INLINE auto select(const A &a, const B &b, const mask<N> &m) -> detail::vector_operand<A, B>
{
    using V = detail::vector_operand<A, B>;
    static_assert(V::size() == N, "select: mask and vector differ in size");
    detail::count_vector(N);
    detail::slot_lanes<sizeof(typename V::value_type), false>(N);
    const V x = detail::operand<typename V::value_type, N>(a);
    const V y = detail::operand<typename V::value_type, N>(b);
    using S = typename detail::int_of_size<sizeof(typename V::value_type)>::type;
    const auto k = detail::from_mask<S>(m);
    return detail::map_parts<typename V::raw_type>([](auto p, auto q, auto t) AIEBUILD_LAMBDA { return t != 0 ? q : p; },
                                                   x.to_native(), y.to_native(), k);
}
template <Elem A, Elem B, unsigned N>
AIEBUILD_INLINE auto select(const A &a, const B &b, const mask<N> &m)
{
    using T = typename detail::scalar_type<A>::type;
    static_assert(std::is_same_v<T, typename detail::scalar_type<B>::type>, "select: values differ in type");
    return select(broadcast<T, N>(a), broadcast<T, N>(b), m);
}

template <Vector A, Vector B>
AIEBUILD_INLINE auto max_cmp(const A &a, const B &b)
{
    return std::make_tuple(aie::max(a, b), lt(a, b));
}
template <Vector A, Vector B>
AIEBUILD_INLINE auto min_cmp(const A &a, const B &b)
{
    return std::make_tuple(aie::min(a, b), ge(a, b));
}
// max(a - b, 0)
template <typename A, typename B>
    requires detail::Operands<A, B>
AIEBUILD_INLINE auto maxdiff(const A &a, const B &b)
{
    using V = detail::vector_operand<A, B>;
    using T = typename V::value_type;
    const V x = detail::operand<T, V::size()>(a);
    const V y = detail::operand<T, V::size()>(b);
    return select(zeros<T, V::size()>(), sub(x, y), lt(y, x));
}

} // namespace aie
