// aie::accum: accumulators.

#pragma once

#include "vector.hpp"

namespace aie {

template <AccumElemBaseType Tag, unsigned Elems>
class accum {
  public:
    using value_type = Tag;
    using lane_type = detail::accum_lane_t<Tag>;
    using storage_t = detail::storage<lane_type, Elems>;
    static_assert(std::is_same_v<lane_type, float> || Elems * sizeof(lane_type) >= 32,
                  "AIE2's integer accumulators have 256 bits at least");

    static constexpr detail::AccumClass value_class()
    {
        return std::is_same_v<lane_type, float> ? detail::AccumClass::FP : detail::AccumClass::Int;
    }
    static constexpr unsigned accum_bits() { return sizeof(lane_type) * 8; }
    static constexpr unsigned value_bits() { return accum_bits(); }
    static constexpr unsigned memory_bits() { return accum_bits(); }
    static constexpr unsigned size() { return Elems; }
    static constexpr unsigned bits() { return accum_bits() * Elems; }
    static constexpr bool is_complex() { return false; }
    static constexpr bool is_real() { return true; }
    static constexpr bool is_floating_point() { return value_class() == detail::AccumClass::FP; }

    accum() = default;
    AIEBUILD_INLINE accum(const storage_t &s) : data(s) {}
    AIEBUILD_INLINE accum(const detail::native_accum<lane_type, Elems> &a) : data(detail::load_storage<lane_type, Elems>(a.w)) {}
    AIEBUILD_INLINE operator detail::native_accum<lane_type, Elems>() const
    {
        detail::native_accum<lane_type, Elems> a;
        detail::store_storage(a.w, data);
        return a;
    }
    template <typename Tag2>
        requires(!std::is_same_v<Tag2, Tag> && std::is_same_v<detail::native_tag_t<Tag2>, detail::native_tag_t<Tag>>)
    AIEBUILD_INLINE accum(const accum<Tag2, Elems> &a) : data(a.to_native())
    {
    }
    template <typename T>
    AIEBUILD_INLINE explicit accum(const vector<T, Elems> &v, int shift = 0)
    {
        from_vector(v, shift);
    }
    template <typename T>
    AIEBUILD_INLINE accum &operator=(const vector<T, Elems> &v)
    {
        from_vector(v);
        return *this;
    }

#if __AIE_ARCH__ == 21
    template <BlockType T>
        requires(std::is_same_v<lane_type, float>)
    AIEBUILD_INLINE explicit accum(const block_vector<T, Elems> &v) : data(detail::from_blocks(v))
    {
    }
    template <BlockType T>
    AIEBUILD_INLINE block_vector<T, Elems> to_vector(int = 0) const
        requires(is_floating_point())
    {
        detail::count_vector(Elems);
        detail::slot_narrowed(Elems);
        return detail::to_blocks<T>(data);
    }
#endif

    AIEBUILD_INLINE const storage_t &to_native() const { return data; }

    template <typename DstTag>
    AIEBUILD_INLINE auto cast_to() const
    {
        using D = detail::accum_lane_t<DstTag>;
        return accum<DstTag, Elems * sizeof(lane_type) / sizeof(D)>(detail::bitcast<D>(data));
    }

    template <unsigned Out>
    AIEBUILD_INLINE accum<Tag, Out> grow() const
    {
        accum<Tag, Out> r(detail::zero_storage<lane_type, Out>());
        r.insert(0, *this);
        return r;
    }
    template <unsigned Out>
    AIEBUILD_INLINE accum<Tag, Out> extract(unsigned idx) const
    {
        return detail::extract_storage<Out>(data, idx);
    }
    template <unsigned Out>
    AIEBUILD_INLINE accum<Tag, Out> grow_extract(unsigned idx) const
    {
        if constexpr (Out > Elems)
            return grow<Out>();
        else
            return extract<Out>(idx);
    }
    template <typename Tag2, unsigned In>
    AIEBUILD_INLINE accum &insert(unsigned idx, const accum<Tag2, In> &a)
    {
        detail::insert_storage(data, idx, a.to_native());
        return *this;
    }
    template <unsigned Out>
    AIEBUILD_INLINE auto split() const
    {
        return [&]<unsigned... I>(std::integer_sequence<unsigned, I...>) AIEBUILD_LAMBDA {
            return std::make_tuple(extract<Out>(I)...);
        }(std::make_integer_sequence<unsigned, Elems / Out>{});
    }

    template <typename T>
    AIEBUILD_INLINE void from_vector(const vector<T, Elems> &v, int shift = 0)
    {
        detail::count_vector(Elems);
        if constexpr (is_floating_point()) {
            static_assert(detail::is_floating_point_v<T>, "accfloat is made from float or bfloat16 (see aie::to_float)");
            detail::slot_to_accum(Elems * sizeof(T));
            if constexpr (std::is_same_v<T, float>)
                data = v.to_native();
            else
                data = detail::bf16_to_float(v.to_native());
        }
        else {
            static_assert(!detail::is_floating_point_v<T>, "integer accumulators are made from integers (see aie::to_fixed)");
            detail::slot_to_accum(Elems * sizeof(T));
            data = detail::ups<lane_type>(v.to_native(), shift);
        }
    }

    template <ElemBaseType T>
    AIEBUILD_INLINE vector<T, Elems> to_vector(int shift = 0) const
    {
        detail::count_vector(Elems);
        if constexpr (is_floating_point()) {
            static_assert(detail::is_floating_point_v<T>, "accfloat gives float or bfloat16 (see aie::to_fixed)");
            if constexpr (std::is_same_v<T, float>)
                return data;
            else {
                detail::slot_narrowed(Elems * sizeof(T));
                return detail::float_to_bf16(data, detail::core_state.rounding);
            }
        }
        else {
            static_assert(!detail::is_floating_point_v<T>, "integer accumulators give integers (see aie::to_float)");
            if constexpr (sizeof(T) < sizeof(lane_type))
                detail::slot_narrowed(Elems * sizeof(T));
            return detail::srs<T>(data, shift, detail::core_state.rounding, detail::core_state.saturation);
        }
    }
    AIEBUILD_INLINE vector<float, Elems> to_vector() const
        requires(is_floating_point())
    {
        return data;
    }
    template <typename T>
    AIEBUILD_INLINE vector<T, Elems> to_vector_sign(bool sign, int shift = 0) const
    {
        if constexpr (detail::is_floating_point_v<T>)
            return to_vector<T>(shift);
        else if (sign)
            return to_vector<std::make_signed_t<T>>(shift).template cast_to<T>();
        else
            return to_vector<std::make_unsigned_t<T>>(shift).template cast_to<T>();
    }
    template <typename T>
    AIEBUILD_INLINE operator vector<T, Elems>() const
        requires(detail::is_floating_point_v<T> && is_floating_point())
    {
        return to_vector<T>();
    }

  private:
    storage_t data;
};

} // namespace aie
