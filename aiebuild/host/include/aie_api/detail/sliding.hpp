// Sliding multiplication: sums of `Points` products whose data moves on from lane to lane.
//
//   out[l] = sum over p of coeff[coeff_start + p * CoeffStep] * data[data_start + l * DataStepY + p * DataStepX]
//
// and with channels C, l = output * C + channel:
//
//   out[l] = sum over p of coeff[(coeff_start + p * CoeffStep) * C + l % C] * data[(data_start + l / C + p) * C + l % C]
//
// Elements are taken round their vector. Types, steps and accumulators are those of the real headers' tables for AIE2 and
// AIE2P; any other is refused, as is sliding_mul_sym, which is the first generation's. Integers are exact modulo the
// accumulator's width; floats are added in the order of p, each to nearest even.

#pragma once

#include "compare.hpp"

namespace aie {

namespace detail {

// Whether there is a sliding product of these types and steps in `bits` accumulators (points: a multiple of the native
// ones where these are of 64 bits on AIE2).
template <typename Coeff, typename Data>
constexpr bool is_sliding(unsigned bits, unsigned points, int coeff_step, int data_x, int data_y)
{
    if (data_x != data_y || (data_x != 1 && data_x != 2) || (coeff_step != 1 && coeff_step != 2))
        return false;
    if (is_floating_point_v<Coeff> || is_floating_point_v<Data>)
        return std::is_same_v<Coeff, Data>;
    const unsigned a = sizeof(Coeff), b = sizeof(Data);
    if (bits == 32)
        return a == b && a <= 2;
    return a >= 2 && b >= 2 && coeff_step == 1 && (__AIE_ARCH__ == 21 || points % 4 == 0);
}
template <typename Coeff, typename Data>
constexpr bool is_sliding_ch(unsigned bits, unsigned channels, int coeff_step, int data_x, int data_y)
{
    if (coeff_step != 1 || data_x != 1 || data_y != 1 || is_floating_point_v<Coeff> || is_floating_point_v<Data>)
        return false;
    const unsigned a = sizeof(Coeff), b = sizeof(Data);
    if (__AIE_ARCH__ == 21)
        return channels == 8 && ((a == 1 && b == 1 && bits == 32) || (a == 2 && b == 2 && bits == 64));
    return a == 1 && b == 1 && bits == 32 && (channels == 4 || channels == 8);
}

template <typename Tag, unsigned Lanes, unsigned Channels, unsigned Points, int CoeffStep, int DataX, int DataY, typename VC, typename VD>
inline accum<Tag, Lanes> slide(accum<Tag, Lanes> acc, const VC &coeff, unsigned coeff_start, const VD &data, int data_start)
{
    using L = accum_lane_t<Tag>;
    constexpr int NC = size_of<VC>, ND = size_of<VD>;
    using Coeff = elem_of<VC>;
    using Data = elem_of<VD>;
    static_assert(NC * sizeof(Coeff) <= 64 && ND * sizeof(Data) <= 128, "sliding_mul: coefficients have 512 bits at most, data 1,024");
    count_vector(Lanes * Points);
    slot_vec(slots_for(Lanes * Points, sizeof(Coeff) == 1 && sizeof(Data) == 1 ? 256 : is_floating_point_v<Coeff> ? 16 : 64));
    L c[NC], d[ND];
    store_storage(c, lanes<L>(as_vector(coeff)));
    store_storage(d, lanes<L>(as_vector(data)));
    for (unsigned p = 0; p < Points; ++p) {
        L x[Lanes], y[Lanes];
        for (unsigned l = 0; l < Lanes; ++l) {
            const int output = static_cast<int>(l / Channels), channel = static_cast<int>(l % Channels), point = static_cast<int>(p);
            const int from = (static_cast<int>(coeff_start) + point * CoeffStep) * static_cast<int>(Channels) + channel;
            const int at = (data_start + output * DataY + point * DataX) * static_cast<int>(Channels) + channel;
            x[l] = c[(from % NC + NC) % NC];
            y[l] = d[(at % ND + ND) % ND];
        }
        acc = mac_lanes(acc.to_native(), load_storage<L, Lanes>(x), load_storage<L, Lanes>(y));
    }
    return acc;
}

} // namespace detail

template <unsigned Lanes, unsigned Points, int CoeffStep, int DataStepX, int DataStepY, ElemBaseType CoeffType, ElemBaseType DataType,
          AccumElemBaseType AccumTag = detail::default_accum_tag_t<CoeffType, DataType>>
struct sliding_mul_ops {
    using tag = detail::accum_tag_or_default_t<AccumTag, CoeffType, DataType>;
    using accum_type = accum<tag, Lanes>;
    using coeff_type = CoeffType;
    using data_type = DataType;
    static constexpr unsigned lanes = Lanes, points = Points;
    static_assert(detail::is_sliding<CoeffType, DataType>(accum_type::accum_bits(), Points, CoeffStep, DataStepX, DataStepY),
                  "sliding_mul: this core has none of these types, points, steps and accumulator");

    template <typename VC, typename VD>
    static AIEBUILD_INLINE accum_type mul(const VC &coeff, unsigned coeff_start, const VD &data, unsigned data_start)
    {
        return mac(accum_type(detail::zero_storage<typename accum_type::lane_type, Lanes>()), coeff, coeff_start, data, data_start);
    }
    template <typename VC, typename VD>
    static AIEBUILD_INLINE accum_type mac(const accum_type &acc, const VC &coeff, unsigned coeff_start, const VD &data, unsigned data_start)
    {
        static_assert(std::is_same_v<detail::elem_of<VC>, CoeffType> && std::is_same_v<detail::elem_of<VD>, DataType>,
                      "sliding_mul: vectors are not of the types asked for");
        return detail::slide<tag, Lanes, 1, Points, CoeffStep, DataStepX, DataStepY>(acc, coeff, coeff_start, data, static_cast<int>(data_start));
    }
    template <typename VC, typename VD>
    static AIEBUILD_INLINE accum_type negmul(const VC &coeff, unsigned coeff_start, const VD &data, unsigned data_start)
    {
        return neg(mul(coeff, coeff_start, data, data_start));
    }
};

template <unsigned Lanes, unsigned Points, int CoeffStep, int DataStepX, ElemBaseType C, ElemBaseType D, AccumElemBaseType Tag = detail::default_accum_tag_t<C, D>>
using sliding_mul_x_ops = sliding_mul_ops<Lanes, Points, CoeffStep, DataStepX, 1, C, D, Tag>;
template <unsigned Lanes, unsigned Points, int CoeffStep, int DataStepY, ElemBaseType C, ElemBaseType D, AccumElemBaseType Tag = detail::default_accum_tag_t<C, D>>
using sliding_mul_y_ops = sliding_mul_ops<Lanes, Points, CoeffStep, 1, DataStepY, C, D, Tag>;
template <unsigned Lanes, unsigned Points, int CoeffStep, int DataStepXY, ElemBaseType C, ElemBaseType D, AccumElemBaseType Tag = detail::default_accum_tag_t<C, D>>
using sliding_mul_xy_ops = sliding_mul_ops<Lanes, Points, CoeffStep, DataStepXY, DataStepXY, C, D, Tag>;

template <unsigned Lanes, unsigned Points, int CoeffStep = 1, int DataStepX = 1, int DataStepY = DataStepX, AccumElemBaseType Tag = accauto, Vector VC, Vector VD>
AIEBUILD_INLINE auto sliding_mul(const VC &coeff, unsigned coeff_start, const VD &data, unsigned data_start)
{
    using ops = sliding_mul_ops<Lanes, Points, CoeffStep, DataStepX, DataStepY, detail::elem_of<VC>, detail::elem_of<VD>, Tag>;
    return ops::mul(coeff, coeff_start, data, data_start);
}
template <unsigned Lanes, unsigned Points, int CoeffStep = 1, int DataStepX = 1, int DataStepY = DataStepX, Accum Acc, Vector VC, Vector VD>
AIEBUILD_INLINE auto sliding_mac(const Acc &acc, const VC &coeff, unsigned coeff_start, const VD &data, unsigned data_start)
{
    using ops = sliding_mul_ops<Lanes, Points, CoeffStep, DataStepX, DataStepY, detail::elem_of<VC>, detail::elem_of<VD>, typename Acc::value_type>;
    return ops::mac(acc, coeff, coeff_start, data, data_start);
}

template <unsigned Lanes, unsigned Points, int CoeffStep, int DataStepX, int DataStepY, ElemBaseType C, ElemBaseType D, AccumElemBaseType Tag = accauto>
struct sliding_mul_sym_ops {
    static_assert(detail::always_false<C>, "sliding_mul_sym: of the first generation of AI Engines only");
};

template <unsigned Outputs, unsigned Channels, unsigned Points, int CoeffStep, int DataStepX, int DataStepY, ElemBaseType CoeffType, ElemBaseType DataType,
          AccumElemBaseType AccumTag = detail::default_accum_tag_t<CoeffType, DataType>>
struct sliding_mul_ch_ops {
    static constexpr unsigned Lanes = Outputs * Channels;
    using tag = detail::accum_tag_or_default_t<AccumTag, CoeffType, DataType>;
    using accum_type = accum<tag, Lanes>;
    static_assert(detail::is_sliding_ch<CoeffType, DataType>(accum_type::accum_bits(), Channels, CoeffStep, DataStepX, DataStepY),
                  "sliding_mul_ch: this core has none of these types, channels, steps and accumulator");

    template <typename VC, typename VD>
    static AIEBUILD_INLINE accum_type mul(const VC &coeff, unsigned coeff_start, const VD &data, unsigned data_start)
    {
        return mac(accum_type(detail::zero_storage<typename accum_type::lane_type, Lanes>()), coeff, coeff_start, data, data_start);
    }
    template <typename VC, typename VD>
    static AIEBUILD_INLINE accum_type mac(const accum_type &acc, const VC &coeff, unsigned coeff_start, const VD &data, unsigned data_start)
    {
        return detail::slide<tag, Lanes, Channels, Points, 1, 1, 1>(acc, coeff, coeff_start, data, static_cast<int>(data_start));
    }
    template <typename VC, typename VD>
    static AIEBUILD_INLINE accum_type negmul(const VC &coeff, unsigned coeff_start, const VD &data, unsigned data_start)
    {
        return neg(mul(coeff, coeff_start, data, data_start));
    }
};
template <unsigned Outputs, unsigned Channels, unsigned Points, int CoeffStep, int DataStep, ElemBaseType C, ElemBaseType D, AccumElemBaseType Tag = detail::default_accum_tag_t<C, D>>
using sliding_mul_ch_x_ops = sliding_mul_ch_ops<Outputs, Channels, Points, CoeffStep, DataStep, 1, C, D, Tag>;
template <unsigned Outputs, unsigned Channels, unsigned Points, int CoeffStep, int DataStep, ElemBaseType C, ElemBaseType D, AccumElemBaseType Tag = detail::default_accum_tag_t<C, D>>
using sliding_mul_ch_y_ops = sliding_mul_ch_ops<Outputs, Channels, Points, CoeffStep, 1, DataStep, C, D, Tag>;
template <unsigned Outputs, unsigned Channels, unsigned Points, int CoeffStep, int DataStep, ElemBaseType C, ElemBaseType D, AccumElemBaseType Tag = detail::default_accum_tag_t<C, D>>
using sliding_mul_ch_xy_ops = sliding_mul_ch_ops<Outputs, Channels, Points, CoeffStep, DataStep, DataStep, C, D, Tag>;

template <unsigned Outputs, unsigned Channels, unsigned Points, int CoeffStep = 1, int DataStepX = 1, int DataStepY = DataStepX, AccumElemBaseType Tag = accauto, Vector VC, Vector VD>
AIEBUILD_INLINE auto sliding_mul_ch(const VC &coeff, unsigned coeff_start, const VD &data, unsigned data_start)
{
    using ops = sliding_mul_ch_ops<Outputs, Channels, Points, CoeffStep, DataStepX, DataStepY, detail::elem_of<VC>, detail::elem_of<VD>, Tag>;
    return ops::mul(coeff, coeff_start, data, data_start);
}
template <unsigned Outputs, unsigned Channels, unsigned Points, int CoeffStep = 1, int DataStepX = 1, int DataStepY = DataStepX, Accum Acc, Vector VC, Vector VD>
AIEBUILD_INLINE auto sliding_mac_ch(const Acc &acc, const VC &coeff, unsigned coeff_start, const VD &data, unsigned data_start)
{
    using ops = sliding_mul_ch_ops<Outputs, Channels, Points, CoeffStep, DataStepX, DataStepY, detail::elem_of<VC>, detail::elem_of<VD>, typename Acc::value_type>;
    return ops::mac(acc, coeff, coeff_start, data, data_start);
}

} // namespace aie
