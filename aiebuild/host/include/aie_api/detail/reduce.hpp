// Reductions of a vector to a scalar.
//
// Rules.
//  reduce_add: integers of 8 and 16 bits as on the array: pairwise halving that wraps down to 16 (8) elements, then an exact
//  sum converted by srs; 32 bits wrap. float: parts of 16 elements are added in sequence as the real header does, then
//  halves are added pairwise. bfloat16: see reduce_add.

#pragma once

#include "bits.hpp"
#include "compare.hpp"

namespace aie {

template <Vector V>
AIEBUILD_INLINE auto reduce_max(const V &v) -> detail::elem_of<V>
{
    detail::count_scalar();
    return detail::reduce_extreme<true>(detail::as_vector(v));
}
template <Vector V>
AIEBUILD_INLINE auto reduce_min(const V &v) -> detail::elem_of<V>
{
    detail::count_scalar();
    return detail::reduce_extreme<false>(detail::as_vector(v));
}

template <Vector V>
AIEBUILD_INLINE auto reduce_add(const V &vr) -> detail::elem_of<V>
{
    using T = detail::elem_of<V>;
    constexpr unsigned N = detail::size_of<V>;
    const auto &v = detail::as_vector(vr);
    detail::count_vector(N);
    detail::slot_fold<sizeof(T), detail::is_floating_point_v<T>>(N, true);
    detail::count_scalar();
    auto sum = [](auto x, auto y) AIEBUILD_LAMBDA { return x + y; };
    if constexpr (std::is_same_v<T, float>) {
        auto x = detail::extract_storage<(N < 16 ? N : 16)>(v.to_native(), 0);
        if constexpr (N == 32)
            x = detail::add_lanes(x, detail::extract_const<16, 1>(v.to_native()));
        else if constexpr (N > 32) {
            auto y = detail::extract_const<16, N / 32>(v.to_native());
            detail::unroll<N / 32 - 1>([&](auto i) AIEBUILD_LAMBDA {
                x = detail::add_lanes(x, detail::extract_const<16, i + 1>(v.to_native()));
                y = detail::add_lanes(y, detail::extract_const<16, N / 32 + i + 1>(v.to_native()));
            });
            x = detail::add_lanes(x, y);
        }
        return detail::fold<1>(sum, x).get(0);
    }
    else if constexpr (std::is_same_v<T, bfloat16>) {
        // Sums of 8 neighbours (products with one on the matrix unit, pair order of mmul), vectors of 32 in sequence; then
        // of the four rows r0 + r2, r1 + r3 and their sum.
        float rows[4] = {0, 0, 0, 0};
        float all[N];
        detail::store_storage(all, detail::bf16_to_float(v.to_native()));
        for (unsigned b = 0; b < N; b += 32)
            for (unsigned r = 0; r < 4 && b + 8 * r < N; ++r)
                for (unsigned k = 0; k < 8; ++k)
                    rows[r] += all[b + 8 * r + (k ^ 1)];
        if constexpr (N > 16)
            rows[0] += rows[2], rows[1] += rows[3];
        if constexpr (N > 8)
            rows[0] += rows[1];
        return to_vector<bfloat16>(accum<accfloat, 8>(detail::splat<float, 8>(rows[0]))).get(0);
    }
    else {
        using VU = detail::unsigned_t<T>;
        auto x = detail::bitcast<VU>(v.to_native());
        if constexpr (sizeof(T) == 4)
            return static_cast<T>(detail::fold<1>(sum, x).get(0));
        else {
            constexpr unsigned last = sizeof(T) == 1 ? 16 : 8;
            using W = detail::shift_lane_t<T>;
            auto few = detail::extract_storage<(N < last ? N : last)>(detail::bitcast<T>(detail::fold<last>(sum, x)), 0);
            auto wide = detail::convert<int64>(few);
            static_cast<void>(sizeof(W));
            auto total = detail::fold<1>(sum, wide).get(0);
            return detail::srs<T>(detail::splat<int64, 16>(total), 0, detail::core_state.rounding, detail::core_state.saturation).get(0);
        }
    }
}

template <Vector V>
AIEBUILD_INLINE auto reduce_mul(const V &vr) -> detail::elem_of<V>
{
    using T = detail::elem_of<V>;
    const auto &v = detail::as_vector(vr);
    static_assert(!std::is_same_v<T, bfloat16>, "reduce_mul: not for bfloat16 on the host");
    detail::count_vector(detail::size_of<V>);
    detail::slot_fold<sizeof(T), detail::is_floating_point_v<T>>(detail::size_of<V>, true);
    if constexpr (std::is_same_v<T, float>)
        return detail::fold<1>([](auto x, auto y) AIEBUILD_LAMBDA { return x * y; }, v.to_native()).get(0);
    else
        return static_cast<T>(detail::fold<1>([](auto x, auto y) AIEBUILD_LAMBDA { return x * y; },
                                              detail::bitcast<detail::unsigned_t<T>>(v.to_native()))
                                  .get(0));
}

// Element i of the result is the sum of argument i; the rest is zero.
template <Vector V, Vector... Vs>
AIEBUILD_INLINE auto reduce_add_v(const V &v, const Vs &...vs)
{
    auto r = zeros<detail::elem_of<V>, detail::size_of<V>>();
    unsigned i = 0;
    r.set(reduce_add(v), i++);
    (r.set(reduce_add(vs), i++), ...);
    return r;
}

} // namespace aie
