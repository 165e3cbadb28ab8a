// Element-wise sums, differences, extremes and products.
//
// Rules.
//  Integer add, sub, neg, abs wrap at the element width (saturating_add and saturating_sub clamp).
//  bfloat16 add and sub are computed in fp32 and converted in the core's rounding mode.
//  mul gives an accumulator: integers exact modulo the accumulator width; bfloat16 products are exact in fp32.
//  mac and msc of accfloat round once where the product is exact (bfloat16); float x float is fused where the host has a
//  fused multiply-add and else rounds twice (the array emulates it from bfloat16 pieces; agreement is to about 2^-22).

#pragma once

#include "operands.hpp"

namespace aie {

// ---- sums, differences and relatives: vector with vector or scalar, accumulator with accumulator, vector or scalar

template <typename A, typename B>
    requires detail::Operands<A, B>
AIEBUILD_INLINE auto add(const A &a, const B &b) -> detail::vector_operand<A, B>
{
    using V = detail::vector_operand<A, B>;
    using T = typename V::value_type;
    constexpr unsigned N = V::size();
    detail::count_vector(N);
    detail::slot_sum<sizeof(T), detail::is_floating_point_v<T>>(N);
    const V x = detail::operand<T, N>(a);
    const V y = detail::operand<T, N>(b);
    if constexpr (std::is_same_v<T, bfloat16>)
        return detail::to_bf16(detail::add_lanes(detail::lanes<float>(x), detail::lanes<float>(y)));
    else
        return detail::add_lanes(x.to_native(), y.to_native());
}

template <typename A, typename B>
    requires detail::Operands<A, B>
AIEBUILD_INLINE auto sub(const A &a, const B &b) -> detail::vector_operand<A, B>
{
    using V = detail::vector_operand<A, B>;
    using T = typename V::value_type;
    constexpr unsigned N = V::size();
    detail::count_vector(N);
    detail::slot_sum<sizeof(T), detail::is_floating_point_v<T>>(N);
    const V x = detail::operand<T, N>(a);
    const V y = detail::operand<T, N>(b);
    if constexpr (std::is_same_v<T, bfloat16>)
        return detail::to_bf16(detail::sub_lanes(detail::lanes<float>(x), detail::lanes<float>(y)));
    else
        return detail::sub_lanes(x.to_native(), y.to_native());
}

template <typename A, typename B>
    requires detail::Operands<A, B>
AIEBUILD_INLINE auto saturating_add(const A &a, const B &b) -> detail::vector_operand<A, B>
{
    using V = detail::vector_operand<A, B>;
    using T = typename V::value_type;
    constexpr unsigned N = V::size();
    static_assert(V::is_integral(), "saturating_add: integers only");
    detail::count_vector(N);
    detail::slot_sum<sizeof(T), detail::is_floating_point_v<T>>(N);
    const V x = detail::operand<T, N>(a);
    const V y = detail::operand<T, N>(b);
    return detail::srs<T>(detail::add_lanes(detail::convert<int64>(x.to_native()), detail::convert<int64>(y.to_native())), 0,
                          rounding_mode::floor, saturation_mode::saturate);
}

template <typename A, typename B>
    requires detail::Operands<A, B>
AIEBUILD_INLINE auto saturating_sub(const A &a, const B &b) -> detail::vector_operand<A, B>
{
    using V = detail::vector_operand<A, B>;
    using T = typename V::value_type;
    constexpr unsigned N = V::size();
    static_assert(V::is_integral(), "saturating_sub: integers only");
    detail::count_vector(N);
    detail::slot_sum<sizeof(T), detail::is_floating_point_v<T>>(N);
    const V x = detail::operand<T, N>(a);
    const V y = detail::operand<T, N>(b);
    return detail::srs<T>(detail::sub_lanes(detail::convert<int64>(x.to_native()), detail::convert<int64>(y.to_native())), 0,
                          rounding_mode::floor, saturation_mode::saturate);
}

template <Accum A, typename B>
AIEBUILD_INLINE A add(const A &acc, const B &b)
{
    constexpr unsigned N = A::size();
    detail::count_vector(N);
    detail::slot_accum(N, sizeof(typename A::lane_type));
    if constexpr (Accum<B>) {
        static_assert(std::is_same_v<typename A::lane_type, typename B::lane_type> && B::size() == N);
        return detail::add_lanes(acc.to_native(), b.to_native());
    }
    else if constexpr (Vector<B>) {
        static_assert(std::is_same_v<typename A::lane_type, float> == detail::is_floating_point_v<detail::elem_of<B>>,
                      "add: integers into floats or the reverse");
        return detail::add_lanes(acc.to_native(), detail::lanes<typename A::lane_type>(detail::as_vector(b)));
    }
    else
        return detail::add_lanes(acc.to_native(),
                                 detail::splat<typename A::lane_type, N>(detail::as_elem<typename A::lane_type>(b)));
}
template <Accum A, typename B>
AIEBUILD_INLINE A sub(const A &acc, const B &b)
{
    constexpr unsigned N = A::size();
    detail::count_vector(N);
    detail::slot_accum(N, sizeof(typename A::lane_type));
    if constexpr (Accum<B>) {
        static_assert(std::is_same_v<typename A::lane_type, typename B::lane_type> && B::size() == N);
        return detail::sub_lanes(acc.to_native(), b.to_native());
    }
    else if constexpr (Vector<B>) {
        static_assert(std::is_same_v<typename A::lane_type, float> == detail::is_floating_point_v<detail::elem_of<B>>,
                      "sub: integers into floats or the reverse");
        return detail::sub_lanes(acc.to_native(), detail::lanes<typename A::lane_type>(detail::as_vector(b)));
    }
    else
        return detail::sub_lanes(acc.to_native(),
                                 detail::splat<typename A::lane_type, N>(detail::as_elem<typename A::lane_type>(b)));
}

template <Vector V>
AIEBUILD_INLINE auto neg(const V &v) -> detail::vector_of<V>
{
    using T = detail::elem_of<V>;
    static_assert(detail::is_signed_v<T>, "neg: signed types only");
    constexpr unsigned N = detail::size_of<V>;
    detail::count_vector(N);
    detail::slot_lanes<sizeof(T), false>(N);
    const auto x = detail::as_vector(v).to_native();
    if constexpr (std::is_same_v<T, bfloat16>)
        return detail::map_parts<uint16>([](auto p) AIEBUILD_LAMBDA { return p ^ 0x8000; }, x);
    else if constexpr (std::is_same_v<T, float>)
        return detail::map_parts<float>([](auto p) AIEBUILD_LAMBDA { return -p; }, x);
    else
        return detail::sub_lanes(detail::zero_storage<T, N>(), x);
}
template <Accum A>
AIEBUILD_INLINE A neg(const A &a)
{
    detail::count_vector(A::size());
    detail::slot_accum(A::size(), sizeof(typename A::lane_type));
    if constexpr (A::is_floating_point())
        return detail::map_parts<float>([](auto p) AIEBUILD_LAMBDA { return -p; }, a.to_native());
    else
        return detail::sub_lanes(detail::zero_storage<typename A::lane_type, A::size()>(), a.to_native());
}

template <Vector V>
AIEBUILD_INLINE auto abs(const V &v) -> detail::vector_of<V>
{
    using T = detail::elem_of<V>;
    static_assert(!std::is_same_v<T, float>, "abs: AIE2's intrinsic takes the bits of floats as integers, which is wrong for "
                                             "negative numbers; clear the sign with bit_and");
    constexpr unsigned N = detail::size_of<V>;
    detail::count_vector(N);
    detail::slot_lanes<sizeof(T), false>(N);
    const auto x = detail::as_vector(v).to_native();
    if constexpr (std::is_same_v<T, bfloat16>)
        return detail::map_parts<uint16>([](auto p) AIEBUILD_LAMBDA { return p & 0x7fff; }, x);
    else if constexpr (std::is_unsigned_v<T>)
        return x;
    else {
        using U = detail::unsigned_t<T>;
        using VU = typename detail::storage<U, N>::part_t;
        return detail::map_parts<T>(
            [](auto p) AIEBUILD_LAMBDA { return p < 0 ? -reinterpret_cast<VU>(p) : reinterpret_cast<VU>(p); }, x);
    }
}

template <typename A, typename B>
    requires detail::Operands<A, B>
AIEBUILD_INLINE auto max(const A &a, const B &b) -> detail::vector_operand<A, B>
{
    using V = detail::vector_operand<A, B>;
    const V x = detail::operand<typename V::value_type, V::size()>(a);
    const V y = detail::operand<typename V::value_type, V::size()>(b);
    return detail::extreme<true>(x, y);
}
template <typename A, typename B>
    requires detail::Operands<A, B>
AIEBUILD_INLINE auto min(const A &a, const B &b) -> detail::vector_operand<A, B>
{
    using V = detail::vector_operand<A, B>;
    const V x = detail::operand<typename V::value_type, V::size()>(a);
    const V y = detail::operand<typename V::value_type, V::size()>(b);
    return detail::extreme<false>(x, y);
}
template <Vector V, typename L, typename H>
AIEBUILD_INLINE auto clamp(const V &v, const L &lo, const H &hi)
{
    return aie::min(aie::max(v, lo), hi);
}

// ---- products

namespace detail {

// Element type of a factor. A scalar has the vector's unless it is of an integer type of its own that has a product with it.
template <typename X, typename Other>
struct factor {
    using type = elem_of<X>;
};
template <typename X, typename Other>
    requires(!Vector<X>)
struct factor<X, Other> {
    using T = elem_of<Other>;
    static constexpr bool own = ElemBaseType<X> && !is_floating_point_v<X> && !is_floating_point_v<T> && is_valid_mul_v<T, X>;
    static_assert(own || !ElemBaseType<X> || std::is_same_v<X, T>, "product: AIE2 has none of this vector and scalar type");
    using type = std::conditional_t<own, X, T>;
};
template <typename X, typename Other>
using factor_t = typename factor<X, Other>::type;

// A factor as accumulator lanes.
template <typename L, typename E, unsigned N, typename X>
AIEBUILD_INLINE storage<L, N> factor_lanes(const X &x)
{
    if constexpr (Vector<X>) {
        static_assert(size_of<X> == N, "product: operands differ in size");
        return lanes<L>(as_vector(x));
    }
    else
        return splat<L, N>(static_cast<L>(as_elem<E>(x)));
}

} // namespace detail

template <AccumElemBaseType Tag = accauto, typename A, typename B>
    requires detail::Operands<A, B>
AIEBUILD_INLINE auto mul(const A &a, const B &b)
{
    using TA = detail::factor_t<A, B>;
    using TB = detail::factor_t<B, A>;
    static_assert(detail::is_valid_mul_v<TA, TB>, "mul: AIE2 has no product of these element types");
    using tag = detail::accum_tag_or_default_t<Tag, TA, TB>;
    using L = detail::accum_lane_t<tag>;
    constexpr unsigned N = detail::vector_operand<A, B>::size();
    detail::count_vector(N);
    detail::slot_product<sizeof(TA), sizeof(TB), detail::is_floating_point_v<TA>>(N);
    return accum<tag, N>(detail::mul_lanes(detail::factor_lanes<L, TA, N>(a), detail::factor_lanes<L, TB, N>(b)));
}

template <Accum Acc, typename A, typename B>
    requires detail::Operands<A, B>
AIEBUILD_INLINE Acc mac(const Acc &acc, const A &a, const B &b)
{
    using TA = detail::factor_t<A, B>;
    using TB = detail::factor_t<B, A>;
    static_assert(detail::is_valid_mul_v<TA, TB>, "mac: AIE2 has no product of these element types");
    using L = typename Acc::lane_type;
    static_assert(std::is_same_v<L, float> == detail::is_floating_point_v<TA>, "mac: integers into floats or the reverse");
    constexpr unsigned N = Acc::size();
    detail::count_vector(N);
    detail::slot_product<sizeof(TA), sizeof(TB), detail::is_floating_point_v<TA>>(N);
    return detail::mac_lanes(acc.to_native(), detail::factor_lanes<L, TA, N>(a), detail::factor_lanes<L, TB, N>(b));
}

template <Accum Acc, typename A, typename B>
    requires detail::Operands<A, B>
AIEBUILD_INLINE Acc msc(const Acc &acc, const A &a, const B &b)
{
    using TA = detail::factor_t<A, B>;
    using TB = detail::factor_t<B, A>;
    static_assert(detail::is_valid_mul_v<TA, TB>, "msc: AIE2 has no product of these element types");
    using L = typename Acc::lane_type;
    static_assert(std::is_same_v<L, float> == detail::is_floating_point_v<TA>, "msc: integers into floats or the reverse");
    constexpr unsigned N = Acc::size();
    detail::count_vector(N);
    detail::slot_product<sizeof(TA), sizeof(TB), detail::is_floating_point_v<TA>>(N);
    return detail::msc_lanes(acc.to_native(), detail::factor_lanes<L, TA, N>(a), detail::factor_lanes<L, TB, N>(b));
}

template <AccumElemBaseType Tag = accauto, typename A, typename B>
    requires detail::Operands<A, B>
AIEBUILD_INLINE auto negmul(const A &a, const B &b)
{
    return neg(mul<Tag>(a, b));
}
template <AccumElemBaseType Tag = accauto, Vector V>
AIEBUILD_INLINE auto mul_square(const V &v)
{
    return mul<Tag>(v, v);
}
template <Accum Acc, Vector V>
AIEBUILD_INLINE Acc mac_square(const Acc &acc, const V &v)
{
    return mac(acc, v, v);
}
template <Accum Acc, Vector V>
AIEBUILD_INLINE Acc msc_square(const Acc &acc, const V &v)
{
    return msc(acc, v, v);
}

// Sum over i of coeff[start + i] * data_i.
template <unsigned Lanes, Accum Acc, Vector C, Vector D, Vector... Ds>
    requires(Acc::size() == Lanes)
AIEBUILD_INLINE Acc accumulate(const Acc &acc, const C &coeff, unsigned start, const D &data, const Ds &...next)
{
    Acc r = mac(acc, broadcast<detail::elem_of<C>, Lanes>(detail::as_vector(coeff).get(start)), data);
    unsigned i = start;
    ((r = mac(r, broadcast<detail::elem_of<C>, Lanes>(detail::as_vector(coeff).get(++i)), next)), ...);
    return r;
}
template <unsigned Lanes, AccumElemBaseType Tag = accauto, Vector C, Vector D, Vector... Ds>
AIEBUILD_INLINE auto accumulate(const C &coeff, unsigned start, const D &data, const Ds &...next)
{
    auto r = mul<Tag>(broadcast<detail::elem_of<C>, Lanes>(detail::as_vector(coeff).get(start)), data);
    unsigned i = start;
    ((r = mac(r, broadcast<detail::elem_of<C>, Lanes>(detail::as_vector(coeff).get(++i)), next)), ...);
    return r;
}

} // namespace aie
