// Bit operations and shifts. upshift and downshift are ups followed by srs in the core's modes.

#pragma once

#include "operands.hpp"

namespace aie {

#define AIEBUILD_BITOP(name, op)                                                                                            \
    template <typename A, typename B>                                                                                       \
        requires detail::Operands<A, B>                                                                                     \
    AIEBUILD_INLINE auto name(const A &a, const B &b) -> detail::vector_operand<A, B>                                       \
    {                                                                                                                       \
        using V = detail::vector_operand<A, B>;                                                                             \
        static_assert(V::is_integral(), #name ": integers only");                                                           \
        detail::count_vector(V::size());                                                                                    \
        detail::slot_lanes<sizeof(typename V::value_type), false>(V::size());                                                   \
        const V x = detail::operand<typename V::value_type, V::size()>(a);                                                  \
        const V y = detail::operand<typename V::value_type, V::size()>(b);                                                  \
        return detail::map_parts<typename V::raw_type>([](auto p, auto q) AIEBUILD_LAMBDA { return p op q; },               \
                                                       x.to_native(), y.to_native());                                      \
    }
AIEBUILD_BITOP(bit_and, &)
AIEBUILD_BITOP(bit_or, |)
AIEBUILD_BITOP(bit_xor, ^)
#undef AIEBUILD_BITOP

template <Vector V>
AIEBUILD_INLINE auto bit_not(const V &v) -> detail::vector_of<V>
{
    static_assert(detail::vector_of<V>::is_integral(), "bit_not: integers only");
    detail::count_vector(detail::size_of<V>);
    detail::slot_lanes<sizeof(detail::elem_of<V>), false>(detail::size_of<V>);
    return detail::map_parts<detail::elem_of<V>>([](auto p) AIEBUILD_LAMBDA { return ~p; }, detail::as_vector(v).to_native());
}

namespace detail {
template <typename T>
using shift_lane_t = std::conditional_t<(sizeof(T) == 4), int64, int32>;
}

template <Vector V>
AIEBUILD_INLINE auto upshift(const V &v, unsigned shift) -> detail::vector_of<V>
{
    using T = detail::elem_of<V>;
    static_assert(detail::vector_of<V>::is_integral(), "upshift: integers only");
    detail::count_vector(detail::size_of<V>);
    detail::slot_widen(detail::slots_for(detail::size_of<V> * sizeof(T), 64));
    detail::slot_narrowed(detail::size_of<V> * sizeof(T));
    return detail::srs<T>(detail::ups<detail::shift_lane_t<T>>(detail::as_vector(v).to_native(), static_cast<int>(shift)), 0,
                          detail::core_state.rounding, detail::core_state.saturation);
}
template <Vector V>
AIEBUILD_INLINE auto downshift(const V &v, unsigned shift) -> detail::vector_of<V>
{
    using T = detail::elem_of<V>;
    static_assert(detail::vector_of<V>::is_integral(), "downshift: integers only");
    detail::count_vector(detail::size_of<V>);
    detail::slot_widen(detail::slots_for(detail::size_of<V> * sizeof(T), 64));
    detail::slot_narrowed(detail::size_of<V> * sizeof(T));
    const auto x = detail::as_vector(v).to_native();
    if constexpr (std::is_signed_v<T> && sizeof(T) > 1)
        return detail::srs<T>(x, static_cast<int>(shift), detail::core_state.rounding, detail::core_state.saturation);
    else
        return detail::srs<T>(detail::convert<detail::shift_lane_t<T>>(x), static_cast<int>(shift), detail::core_state.rounding,
                              detail::core_state.saturation);
}
template <Vector V>
AIEBUILD_INLINE auto logical_downshift(const V &v, unsigned shift) -> detail::vector_of<V>
{
    using T = detail::elem_of<V>;
    static_assert(detail::vector_of<V>::is_integral(), "logical_downshift: integers only");
    constexpr unsigned N = detail::size_of<V>;
    detail::count_vector(N);
    detail::slot_widen(detail::slots_for(N * sizeof(T), 64));
    detail::slot_narrowed(N * sizeof(T));
    if (shift >= sizeof(T) * 8)
        return zeros<T, N>();
    using VU = typename detail::storage<detail::unsigned_t<T>, N>::part_t;
    return detail::map_parts<T>([&](auto p) AIEBUILD_LAMBDA { return reinterpret_cast<VU>(p) >> static_cast<int>(shift); },
                                detail::as_vector(v).to_native());
}
template <Vector V>
AIEBUILD_INLINE auto logical_upshift(const V &v, unsigned shift) -> detail::vector_of<V>
{
    using T = detail::elem_of<V>;
    static_assert(detail::vector_of<V>::is_integral(), "logical_upshift: integers only");
    constexpr unsigned N = detail::size_of<V>;
    detail::count_vector(N);
    detail::slot_widen(detail::slots_for(N * sizeof(T), 64));
    detail::slot_narrowed(N * sizeof(T));
    if (shift >= sizeof(T) * 8)
        return zeros<T, N>();
    using VU = typename detail::storage<detail::unsigned_t<T>, N>::part_t;
    return detail::map_parts<T>([&](auto p) AIEBUILD_LAMBDA { return reinterpret_cast<VU>(p) << static_cast<int>(shift); },
                                detail::as_vector(v).to_native());
}

template <typename U, Vector V>
AIEBUILD_INLINE auto pack(const V &v) { return detail::as_vector(v).template pack<U>(); }
template <Vector V>
AIEBUILD_INLINE auto pack(const V &v) { return detail::as_vector(v).pack(); }
template <typename U, Vector V>
AIEBUILD_INLINE auto unpack(const V &v) { return detail::as_vector(v).template unpack<U>(); }
template <Vector V>
AIEBUILD_INLINE auto unpack(const V &v) { return detail::as_vector(v).unpack(); }

} // namespace aie
