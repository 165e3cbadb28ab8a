// Lookup tables: aie::lut, aie::parallel_lookup, aie::linear_approx, for four accesses at a time, as the real headers have them
// for AIE2 and AIE2P.
//
// A table lies in memory in rows of 16 bytes, each twice, and that in two copies (ab and cd); all four hold the same values,
// and here the first is read. An entry is a value, of 8 bits in a word of 16; for an approximation it is the slope and behind
// it the offset (of bfloat16: two words of 32 bits, the slope in the upper half of its own).
//
//  parallel_lookup  entry (input >> step_bits) + bias; the shift rounds in the core's mode, as the header says. Out of range:
//                   saturate takes the first or the last entry, truncate the lower bits (signed: round the range from -bias).
//  linear_approx    integers: entry (input >> step_bits) + bias, at most the last; slope * (the step_bits left over) + (offset
//                   << shift_offset). bfloat16: entry (floor(input) >> step_bits) + bias, kept in range; slope * input + offset.

#pragma once

#include "elementary.hpp"

namespace aie {

enum class lut_oor_policy { saturate, truncate };

template <unsigned ParallelAccesses, typename OffsetType, typename SlopeType = OffsetType>
struct lut {
    static_assert(ParallelAccesses == 4, "lut: lookups are there for 4 parallel accesses only");
    using offset_type = OffsetType;
    using slope_type = SlopeType;

    lut(unsigned elems, const void *ab, const void *) : LUT_elems_(elems), LUT_ab_(static_cast<const uint8_t *>(ab)) {}

    unsigned LUT_elems_;
    const uint8_t *LUT_ab_;
};

namespace detail {

template <typename T>
inline constexpr bool is_lut_v = false;
template <typename O, typename S>
inline constexpr bool is_lut_v<lut<4, O, S>> = true;

// Bytes `at` on of a table, as if its rows were not repeated.
template <typename T>
AIEBUILD_INLINE T table_read(const uint8_t *table, int at)
{
    T value;
    std::memcpy(&value, table + at / 16 * 32 + at % 16, sizeof value);
    return value;
}

} // namespace detail

template <typename T>
concept ParallelLUT = detail::is_lut_v<T>;

template <typename T, ParallelLUT MyLUT, lut_oor_policy Policy = lut_oor_policy::saturate>
struct parallel_lookup {
    using value = typename MyLUT::offset_type;
    static_assert(std::is_same_v<value, typename MyLUT::slope_type>, "parallel_lookup: the table holds values of one type");
    static_assert(std::is_integral_v<T> && ElemBaseType<T>, "parallel_lookup: the keys are integers");

    parallel_lookup(const MyLUT &l, unsigned step_bits = 0)
        requires(std::is_unsigned_v<T>)
        : table(l), step(static_cast<int>(step_bits)), bias(0)
    {
    }
    parallel_lookup(const MyLUT &l, unsigned step_bits = 0, unsigned bias_ = 0)
        requires(std::is_signed_v<T>)
        : table(l), step(static_cast<int>(step_bits)), bias(static_cast<int>(bias_))
    {
    }

    template <Vector V, unsigned N = detail::size_of<V>>
    AIEBUILD_INLINE vector<value, N> fetch(const V &input)
    {
        static_assert(detail::size_of<V> == 16 || detail::size_of<V> == 32, "parallel_lookup: 16 or 32 keys at a time");
        static_assert(N <= detail::size_of<V> && N * sizeof(value) <= 64, "parallel_lookup: 512 bits of values at most");
        static_assert(std::is_same_v<detail::elem_of<V>, T>, "parallel_lookup: the keys are not of the type asked for");
        detail::count_vector(N);
        detail::slot_load(4 * N);
        // addresses: entries of two copies, in bytes; bits below an entry are there until the end
        constexpr int entry = sizeof(value) == 1 ? 2 : sizeof(value), scale = sizeof(value) <= 2 ? 2 : 3;
        const auto wide = detail::convert<int64>(detail::as_vector(input).to_native());
        const auto shift = step - scale;
        const auto keys = detail::srs<int32>(shift < 0 ? detail::ups<int64>(wide, -shift) : wide, shift < 0 ? 0 : shift,
                                             detail::core_state.rounding, detail::core_state.saturation);
        const int last = static_cast<int>(table.LUT_elems_ << scale) - 1, first = bias << scale;
        vector<value, N> r;
        for (unsigned i = 0; i < N; ++i) {
            int at = keys.get(i);
            if constexpr (Policy == lut_oor_policy::truncate)
                at = (at + first) & last;
            else
                at = (at > last - first ? last - first : at < -first ? -first : at) + first;
            r.set(detail::table_read<value>(table.LUT_ab_, (at >> scale) * entry), i);
        }
        return r;
    }
    template <unsigned N, Vector V>
    AIEBUILD_INLINE vector<value, N> fetch(const V &input)
    {
        return fetch<V, N>(input);
    }

  private:
    MyLUT table;
    int step, bias;
};

template <typename T, ParallelLUT MyLUT>
struct linear_approx {
    using offset = typename MyLUT::offset_type;
    using slope = typename MyLUT::slope_type;
    static constexpr bool fp = std::is_same_v<T, bfloat16>;
    static_assert((std::is_same_v<T, int8> && std::is_same_v<offset, int8> && std::is_same_v<slope, int8>) ||
                      (std::is_same_v<T, int16> && std::is_same_v<offset, slope> && detail::is_one_of_v<offset, int16, int32>) ||
                      (fp && std::is_same_v<offset, float> && std::is_same_v<slope, bfloat16>),
                  "linear_approx: int8 by int8, int16 by int16 or int32, bfloat16 by float offsets and bfloat16 slopes");
    using tag = std::conditional_t<fp, accfloat, std::conditional_t<sizeof(T) == 1, acc32, acc64>>;

    linear_approx(const MyLUT &l, unsigned step_bits, int bias_ = 0, int shift_offset = 0)
        : table(l), step(static_cast<int>(step_bits)), bias(bias_), shift(shift_offset)
    {
    }

    template <Vector V>
    AIEBUILD_INLINE auto compute(const V &input) -> accum<tag, detail::size_of<V>>
    {
        constexpr unsigned N = detail::size_of<V>;
        static_assert(std::is_same_v<detail::elem_of<V>, T>, "linear_approx: the input is not of the type asked for");
        static_assert(N <= (sizeof(T) == 1 ? 32 : 16), "linear_approx: 32 values of int8 at a time, 16 of the others");
        detail::count_vector(N);
        detail::slot_load(4 * N);
        detail::slot_vec(1);
        using L = detail::accum_lane_t<tag>;
        const auto v = detail::as_vector(input);
        L out[N];
        const int last = static_cast<int>(table.LUT_elems_) - 1;
        if constexpr (fp) {
            // addresses of 16 bytes an entry; step_bits may be negative
            const auto keys = detail::floor_int32(detail::scale_pow2(detail::bf16_to_float(v.to_native()), 4 - step));
            for (unsigned i = 0; i < N; ++i) {
                const int high = 16 * (last + 1 - bias) - 1, low = -16 * bias;
                const int key = keys.get(i) > high ? high : keys.get(i) < low ? low : keys.get(i);
                const int at = ((key >> 4) + bias) * 8;
                const bfloat16 a = bfloat16::from_bits(detail::table_read<uint16_t>(table.LUT_ab_, at + 2));
                // the product is exact, the sum is rounded once
                out[i] = static_cast<float>(a) * static_cast<float>(v.get(i)) + detail::table_read<float>(table.LUT_ab_, at + 4);
            }
        }
        else {
            for (unsigned i = 0; i < N; ++i) {
                const int x = v.get(i), rest = x & ((1 << step) - 1);
                int at = ((x - rest) >> step) + bias;
                if (at < 0) // unsigned: clamped to 0 where the core saturates, else far beyond the end
                    at = detail::core_state.saturation == saturation_mode::none ? last : 0;
                at = (at > last ? last : at) * 2 * static_cast<int>(sizeof(slope));
                const L a = detail::table_read<slope>(table.LUT_ab_, at);
                const L b = detail::table_read<offset>(table.LUT_ab_, at + static_cast<int>(sizeof(slope)));
                out[i] = static_cast<L>(static_cast<std::make_unsigned_t<L>>(b) << shift) + a * rest;
            }
        }
        return detail::load_storage<L, N>(out);
    }

  private:
    MyLUT table;
    int step, bias, shift;
};

} // namespace aie
