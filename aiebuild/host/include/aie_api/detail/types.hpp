// Element types, accumulator tags and their properties on AIE2.

#pragma once

#include <bit>
#include <type_traits>

#include "config.hpp"

using int8 = int8_t;
using int16 = int16_t;
using int32 = int32_t;
using int64 = int64_t;
using uint8 = uint8_t;
using uint16 = uint16_t;
using uint32 = uint32_t;
using uint64 = uint64_t;

// Upper half of an IEEE binary32. A scalar conversion from float rounds to nearest even, as the compiler folds
// constants, and gives zero for denormal numbers (see convert.hpp); vector conversions (accum::to_vector) follow the core's rounding mode.
struct bfloat16 {
    uint16_t bits;

    bfloat16() = default;
    constexpr bfloat16(float f) : bits(round(f)) {}
    constexpr bfloat16(double d) : bfloat16(static_cast<float>(d)) {}
    constexpr bfloat16(int i) : bfloat16(static_cast<float>(i)) {}

    static constexpr bfloat16 from_bits(uint16_t b)
    {
        bfloat16 r(0.0f);
        r.bits = b;
        return r;
    }

    constexpr operator float() const { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

    constexpr bfloat16 &operator+=(float f) { return *this = bfloat16(float(*this) + f); }
    constexpr bfloat16 &operator-=(float f) { return *this = bfloat16(float(*this) - f); }
    constexpr bfloat16 &operator*=(float f) { return *this = bfloat16(float(*this) * f); }
    constexpr bfloat16 &operator/=(float f) { return *this = bfloat16(float(*this) / f); }

  private:
    static AIEBUILD_INLINE constexpr uint16_t round(float f)
    {
#if defined(AIEBUILD_BF16)
        if (!std::is_constant_evaluated() && !__builtin_constant_p(f))
            return static_cast<uint16_t>(_mm_cvtsi128_si32(reinterpret_cast<__m128i>(_mm_cvtneps_pbh(_mm_set_ss(f)))));
#endif
        const uint32_t u = std::bit_cast<uint32_t>(f);
        if ((u & 0x7fffffffu) > 0x7f800000u)
            return static_cast<uint16_t>((u >> 16) | 0x40u);
        if ((u & 0x7f800000u) == 0)
            return static_cast<uint16_t>((u >> 16) & 0x8000u);
        return static_cast<uint16_t>((u + 0x7fffu + ((u >> 16) & 1u)) >> 16);
    }
};
static_assert(sizeof(bfloat16) == 2);

// Elements of four bits, two in a byte: the first in the low half. Only vectors of them have a meaning here.
struct int4 {};
struct uint4 {};

#if __AIE_ARCH__ == 21
// Element of block floating point, see block_vector.hpp; only pointers to it have a meaning.
struct bfp16ebs8 {};
#endif

// Accumulator tags. acc32 and acc64 are the native integer widths of AIE2; narrower tags round up to them.
struct acc16 {};
struct acc24 {};
struct acc32 {};
struct acc40 {};
struct acc48 {};
struct acc56 {};
struct acc64 {};
struct accfloat {};
struct accauto {};

enum class aie_dm_resource { none, a, b, c, d };

namespace aie {

inline constexpr unsigned vector_decl_align = 32;
inline constexpr unsigned vector_ldst_align = 32;
template <typename T, unsigned Elems>
inline constexpr unsigned vector_ldst_align_v = (Elems * sizeof(T) >= 32) ? 32 : 16;

namespace detail {

enum class AccumClass { Int, FP };

template <typename T, typename... Ts>
inline constexpr bool is_one_of_v = (std::is_same_v<T, Ts> || ...);

template <typename T>
inline constexpr bool is_floating_point_v = is_one_of_v<T, float, bfloat16>;
template <typename T>
inline constexpr bool is_signed_v = is_one_of_v<T, int8, int16, int32, int64, float, bfloat16>;
template <typename T>
inline constexpr bool is_elem_type_v = is_one_of_v<T, int8, int16, int32, uint8, uint16, uint32, float, bfloat16>;
template <typename T>
inline constexpr bool is_nibble_v = is_one_of_v<T, int4, uint4>;
template <typename T>
inline constexpr bool is_accum_tag_v = is_one_of_v<T, acc16, acc24, acc32, acc40, acc48, acc56, acc64, accfloat>;
template <typename T>
inline constexpr unsigned type_bits_v = sizeof(T) * 8;

// Storage element of a vector: bfloat16 is kept as its bits.
template <typename T>
using raw_t = std::conditional_t<std::is_same_v<T, bfloat16>, uint16, T>;

// Storage element of an accumulator lane.
template <typename Tag>
struct accum_lane {
    static_assert(is_accum_tag_v<Tag>, "not an accumulator type of AIE2 (acc16..acc64, accfloat)");
    using type = std::conditional_t<std::is_same_v<Tag, accfloat>, float,
                                    std::conditional_t<is_one_of_v<Tag, acc16, acc24, acc32>, int32, int64>>;
};
template <typename Tag>
using accum_lane_t = typename accum_lane<Tag>::type;

// Native tag of the same class and width (acc48 is kept as acc64).
template <typename Tag>
using native_tag_t = std::conditional_t<std::is_same_v<Tag, accfloat>, accfloat,
                                        std::conditional_t<is_one_of_v<Tag, acc16, acc24, acc32>, acc32, acc64>>;

// Products AIE2 offers (is_valid_mul_op of the real headers, complex types left out).
template <typename A, typename B>
inline constexpr bool is_valid_mul_v =
    (is_one_of_v<B, int8, uint8> && is_one_of_v<A, int8, uint8, int16, uint16>) ||
    (is_one_of_v<B, int16, uint16> && is_one_of_v<A, int8, uint8, int16, uint16, int32, uint32>) ||
    (is_one_of_v<B, int32, uint32> && is_one_of_v<A, int16, uint16, int32, uint32>) ||
    (std::is_same_v<A, B> && is_floating_point_v<A>);

// Default accumulator of a product (default_accum_bits of the real headers).
template <typename A, typename B>
using default_accum_tag_t = std::conditional_t<is_floating_point_v<A>, accfloat,
                                               std::conditional_t<(sizeof(A) == 4 && sizeof(B) == 4), acc64,
                                                                  std::conditional_t<(sizeof(A) == 4 || sizeof(B) == 4), acc48, acc32>>>;
template <typename Tag, typename A, typename B = A>
using accum_tag_or_default_t = std::conditional_t<std::is_same_v<Tag, accauto>, default_accum_tag_t<A, B>, Tag>;

constexpr unsigned log2u(unsigned n) { return n <= 1 ? 0 : 1 + log2u(n / 2); }
constexpr bool is_pow2(unsigned n) { return n && !(n & (n - 1)); }

} // namespace detail

template <typename T>
concept ElemBaseType = detail::is_elem_type_v<T>;
// What a vector may be of: nothing but widening, slices and other types of element is there for four bits.
template <typename T>
concept VectorElemType = ElemBaseType<T> || detail::is_nibble_v<T>;
template <typename T>
concept AccumElemBaseType = detail::is_accum_tag_v<T> || std::is_same_v<T, accauto>;

template <typename T>
inline constexpr unsigned native_vector_length_v = detail::is_nibble_v<T> ? 128 : 64 / sizeof(T);

} // namespace aie
