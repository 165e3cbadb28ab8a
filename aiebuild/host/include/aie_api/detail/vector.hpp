// aie::vector, and the places in memory and in other vectors that stand for one.

#pragma once

#include <array>
#include <tuple>

#include "convert.hpp"
#include "native.hpp"

namespace aie {

template <VectorElemType T, unsigned Elems = native_vector_length_v<T>>
class vector;
template <AccumElemBaseType Tag, unsigned Elems>
class accum;
template <unsigned Elems>
class mask;
template <typename T, unsigned Elems>
class vector_ref;
template <typename T, unsigned Elems>
class vector_elem_ref;
#if __AIE_ARCH__ == 21
template <typename T>
concept BlockType = std::is_same_v<T, bfp16ebs8>;
template <BlockType T, unsigned Elems>
class block_vector;
namespace detail {
template <BlockType T, unsigned N>
storage<float, N> from_blocks(const block_vector<T, N> &v);
template <BlockType T, unsigned N>
block_vector<T, N> to_blocks(const storage<float, N> &v);
} // namespace detail
#endif

namespace detail {

// Conversion between an element and its stored form.
template <typename T>
AIEBUILD_INLINE raw_t<T> to_raw(T v)
{
    if constexpr (std::is_same_v<T, bfloat16>)
        return v.bits;
    else
        return v;
}
template <typename T>
AIEBUILD_INLINE T from_raw(raw_t<T> v)
{
    if constexpr (std::is_same_v<T, bfloat16>)
        return bfloat16::from_bits(v);
    else
        return v;
}

template <typename T>
struct is_vector : std::false_type {};
template <typename T, unsigned N>
struct is_vector<vector<T, N>> : std::true_type {};
template <typename T>
struct is_vector_ref : std::false_type {};
template <typename T, unsigned N>
struct is_vector_ref<vector_ref<T, N>> : std::true_type {};
template <typename T>
struct is_accum : std::false_type {};
template <typename T, unsigned N>
struct is_accum<accum<T, N>> : std::true_type {};
template <typename T>
struct is_elem_ref : std::false_type {};
template <typename T, unsigned N>
struct is_elem_ref<vector_elem_ref<T, N>> : std::true_type {};

template <typename T>
struct wider_int { using type = void; };
template <> struct wider_int<int8> { using type = int16; };
template <> struct wider_int<uint8> { using type = uint16; };
template <> struct wider_int<int16> { using type = int32; };
template <> struct wider_int<uint16> { using type = uint32; };
template <typename T>
struct narrower_int { using type = void; };
template <> struct narrower_int<int16> { using type = int8; };
template <> struct narrower_int<uint16> { using type = uint8; };
template <> struct narrower_int<int32> { using type = int16; };
template <> struct narrower_int<uint32> { using type = uint16; };

} // namespace detail

template <typename T>
concept Vector = detail::is_vector<std::remove_cvref_t<T>>::value || detail::is_vector_ref<std::remove_cvref_t<T>>::value;
template <typename T>
concept Accum = detail::is_accum<std::remove_cvref_t<T>>::value;
template <typename T>
concept Elem = ElemBaseType<std::remove_cvref_t<T>> || detail::is_elem_ref<std::remove_cvref_t<T>>::value ||
               std::is_arithmetic_v<std::remove_cvref_t<T>>;

// Proxy of one element of a vector.
template <typename T, unsigned Elems>
class vector_elem_ref {
  public:
    using value_type = T;

    AIEBUILD_INLINE vector_elem_ref(vector<T, Elems> &v, unsigned i) : parent(v), offset(i) {}
    AIEBUILD_INLINE operator T() const { return parent.get(offset); }
    AIEBUILD_INLINE explicit operator float() const
        requires(std::is_same_v<T, bfloat16>)
    {
        return static_cast<float>(parent.get(offset));
    }
    AIEBUILD_INLINE T get() const { return parent.get(offset); }
    AIEBUILD_INLINE vector_elem_ref &operator=(const T &v)
    {
        parent.set(v, offset);
        return *this;
    }
    AIEBUILD_INLINE vector_elem_ref &operator=(const vector_elem_ref &r) { return *this = r.get(); }

    vector<T, Elems> &parent;
    unsigned offset;
};

template <VectorElemType T, unsigned Elems>
class vector {
    static_assert(detail::is_pow2(Elems) && Elems * sizeof(T) >= 16,
                  "vectors of AIE2 have 128, 256, 512 or 1024 bits (larger ones are made of those)");

  public:
    using value_type = T;
    using raw_type = detail::raw_t<T>;
    using storage_t = detail::storage<raw_type, Elems>;
    using native_type = storage_t;

    static constexpr unsigned type_bits() { return sizeof(T) * 8; }
    static constexpr unsigned size() { return Elems; }
    static constexpr unsigned bits() { return type_bits() * Elems; }
    static constexpr unsigned bytes() { return bits() / 8; }
    static constexpr bool is_signed() { return detail::is_signed_v<T>; }
    static constexpr bool is_complex() { return false; }
    static constexpr bool is_real() { return true; }
    static constexpr bool is_integral() { return !is_floating_point(); }
    static constexpr bool is_floating_point() { return detail::is_floating_point_v<T>; }

    vector() = default;
    AIEBUILD_INLINE vector(const storage_t &s) : data(s) {}
    AIEBUILD_INLINE vector(const detail::native<T, Elems> &v) : data(detail::load_storage<raw_type, Elems>(v.w)) {}
    AIEBUILD_INLINE operator detail::native<T, Elems>() const
    {
        detail::native<T, Elems> v;
        detail::store_storage(v.w, data);
        return v;
    }
    // The first elements; the rest is zero.
    template <typename... Values>
        requires(sizeof...(Values) > 0 && sizeof...(Values) < Elems)
    AIEBUILD_INLINE explicit vector(value_type v, Values... values)
    {
        const T all[Elems] = {v, static_cast<T>(values)...};
        data = detail::load_storage<raw_type, Elems>(all);
    }
    AIEBUILD_INLINE explicit vector(value_type v) : data(detail::splat<raw_type, Elems>(detail::to_raw<T>(v))) {}

    AIEBUILD_INLINE const storage_t &to_native() const { return data; }

    template <typename U>
    AIEBUILD_INLINE auto cast_to() const
    {
        static_assert(VectorElemType<U>, "cast_to: not an element type of AIE2");
        if constexpr (detail::is_nibble_v<U>)
            return vector<U, bytes() * 2>(detail::bitcast<uint8>(data));
        else
            return vector<U, Elems * sizeof(T) / sizeof(U)>(detail::bitcast<detail::raw_t<U>>(data));
    }

    AIEBUILD_INLINE T get(unsigned i) const
    {
        detail::count_scalar();
        detail::slot_mv(1);
        return detail::from_raw<T>(data.get(i));
    }
    AIEBUILD_INLINE void set(T v, unsigned i)
    {
        detail::count_scalar();
        detail::slot_mv(1);
        data.set(i, detail::to_raw<T>(v));
    }
    AIEBUILD_INLINE T operator[](unsigned i) const { return get(i); }
    AIEBUILD_INLINE vector_elem_ref<T, Elems> operator[](unsigned i) { return {*this, i}; }
    AIEBUILD_INLINE vector_elem_ref<T, Elems> elem_ref(unsigned i) { return {*this, i}; }
    AIEBUILD_INLINE T elem_const_ref(unsigned i) const { return get(i); }

    AIEBUILD_INLINE vector &push(T v)
    {
        raw_type all[Elems + 1];
        detail::store_storage(all + 1, data);
        all[0] = detail::to_raw<T>(v);
        data = detail::load_storage<raw_type, Elems>(all);
        return *this;
    }

    // Elements outside the copied region are undefined on the array; here they are zero.
    template <unsigned Out>
    AIEBUILD_INLINE vector<T, Out> grow(unsigned idx = 0) const
    {
        static_assert(Out >= Elems);
        vector<T, Out> r(detail::zero_storage<raw_type, Out>());
        r.insert(idx, *this);
        return r;
    }
    template <unsigned Out>
    AIEBUILD_INLINE vector<T, Out> grow_replicate() const
    {
        if constexpr (Out == Elems)
            return *this;
        else {
            const vector<T, 2 * Elems> two(detail::concat_storage(data, data));
            return two.template grow_replicate<Out>();
        }
    }
    template <unsigned Out>
    AIEBUILD_INLINE vector<T, Out> extract(unsigned idx) const
    {
        static_assert(Out <= Elems);
        return detail::extract_storage<Out>(data, idx);
    }
    template <unsigned Out>
    AIEBUILD_INLINE vector<T, Out> grow_extract(unsigned idx) const
    {
        if constexpr (Out > Elems)
            return grow<Out>();
        else
            return extract<Out>(idx);
    }
    template <unsigned In>
    AIEBUILD_INLINE vector &insert(unsigned idx, const vector<T, In> &v)
    {
        static_assert(In <= Elems);
        detail::insert_storage(data, idx, v.to_native());
        return *this;
    }
    template <typename... V>
    AIEBUILD_INLINE vector &upd_all(const V &...v)
    {
        unsigned i = 0;
        (insert(i++, v), ...);
        return *this;
    }
    template <unsigned Out>
    AIEBUILD_INLINE auto split() const
    {
        return [&]<unsigned... I>(std::integer_sequence<unsigned, I...>) AIEBUILD_LAMBDA {
            return std::make_tuple(extract<Out>(I)...);
        }(std::make_integer_sequence<unsigned, Elems / Out>{});
    }

    // Widening keeps the value; narrowing goes through srs with shift 0, as on the array.
    template <typename U = typename detail::wider_int<T>::type>
    AIEBUILD_INLINE vector<U, Elems> unpack() const
    {
        static_assert(std::is_integral_v<U> && !is_floating_point() && sizeof(U) > sizeof(T), "unpack: to a wider integer type");
        detail::count_vector(Elems);
        detail::slot_widen(detail::slots_for(Elems * sizeof(U), 64));
        return detail::convert<U>(data);
    }
    template <typename U = typename detail::narrower_int<T>::type>
        requires(!detail::is_nibble_v<U>)
    AIEBUILD_INLINE vector<U, Elems> pack() const
    {
        static_assert(std::is_integral_v<U> && !is_floating_point() && sizeof(U) < sizeof(T), "pack: to a narrower integer type");
        detail::count_vector(Elems);
        detail::slot_narrowed(Elems * sizeof(U));
        if constexpr (std::is_signed_v<T>)
            return detail::srs<U>(data, 0, detail::core_state.rounding, detail::core_state.saturation);
        else
            return detail::srs<U>(detail::convert<int64>(data), 0, detail::core_state.rounding, detail::core_state.saturation);
    }

    // To four bits: the first element is a byte's low half.
    template <typename U>
        requires(detail::is_nibble_v<U>)
    AIEBUILD_INLINE vector<U, Elems> pack() const
    {
        constexpr bool is_signed = std::is_same_v<U, int4>;
        static_assert(std::is_same_v<T, std::conditional_t<is_signed, int8, uint8>>, "pack: to four bits from eight");
        detail::count_vector(Elems);
        detail::slot_narrowed(Elems / 2);
        const unsigned mode = static_cast<unsigned>(detail::core_state.saturation);
        const T low = is_signed ? (mode == 3 ? -7 : -8) : 0, high = is_signed ? 7 : 15;
        using P = typename detail::storage<raw_type, Elems>::part_t;
        const auto limited = detail::map_parts<raw_type>(
            [=](P x) AIEBUILD_LAMBDA {
                const P least = P{} + low, most = P{} + high;
                x = x < least ? least : x;
                return x > most ? most : x;
            },
            data);
        using H = typename detail::storage<uint16, Elems / 2>::part_t;
        return detail::convert<uint8>(detail::map_parts<uint16>(
            [](H x) AIEBUILD_LAMBDA { return (x & 0x0f) | ((x >> 4) & 0xf0); },
            detail::bitcast<uint16>(mode == 0 ? data : limited)));
    }

    AIEBUILD_INLINE void load(const T *ptr)
    {
        detail::slot_load(bytes());
        data = detail::load_storage<raw_type, Elems>(ptr);
    }
    AIEBUILD_INLINE void store(T *ptr) const
    {
        detail::slot_store(bytes());
        detail::store_storage(ptr, data);
    }
    AIEBUILD_INLINE void load_unaligned(const T *ptr, unsigned = 1) { load(ptr); }
    AIEBUILD_INLINE void store_unaligned(T *ptr, unsigned = 1) const { store(ptr); }

  private:
    storage_t data;
};

// Vectors of four-bit elements: to be widened.
template <VectorElemType T, unsigned Elems>
    requires(detail::is_nibble_v<T>)
class vector<T, Elems> {
    static_assert(detail::is_pow2(Elems) && Elems >= 32,
                  "vectors of AIE2 have 128, 256, 512 or 1024 bits (larger ones are made of those)");

  public:
    using value_type = T;
    using wide_type = std::conditional_t<std::is_same_v<T, int4>, int8, uint8>;
    using storage_t = detail::storage<uint8, Elems / 2>;

    static constexpr unsigned type_bits() { return 4; }
    static constexpr unsigned size() { return Elems; }
    static constexpr unsigned bits() { return 4 * Elems; }
    static constexpr unsigned bytes() { return Elems / 2; }
    static constexpr bool is_signed() { return std::is_same_v<T, int4>; }
    static constexpr bool is_complex() { return false; }
    static constexpr bool is_real() { return true; }
    static constexpr bool is_integral() { return true; }
    static constexpr bool is_floating_point() { return false; }

    vector() = default;
    AIEBUILD_INLINE vector(const storage_t &s) : data(s) {}
    AIEBUILD_INLINE const storage_t &to_native() const { return data; }

    template <typename U>
    AIEBUILD_INLINE auto cast_to() const
    {
        static_assert(VectorElemType<U>, "cast_to: not an element type of AIE2");
        if constexpr (detail::is_nibble_v<U>)
            return vector<U, Elems>(data);
        else
            return vector<uint8, Elems / 2>(data).template cast_to<U>();
    }
    template <unsigned Out>
    AIEBUILD_INLINE vector<T, Out> extract(unsigned idx) const
    {
        static_assert(Out <= Elems);
        return detail::extract_storage<Out / 2>(data, idx);
    }

    AIEBUILD_INLINE vector<wide_type, Elems> unpack() const
    {
        detail::count_vector(Elems);
        detail::slot_widen(detail::slots_for(Elems, 64));
        // each byte in a lane of 16 bits, its high half moved up to the next byte
        using H = detail::storage<uint16, Elems / 2>;
        const auto halves = detail::map_parts<uint16>(
            [](typename H::part_t x) AIEBUILD_LAMBDA { return (x | (x << 4)) & 0x0f0f; }, detail::convert<uint16>(data));
        const auto wide = detail::bitcast<uint8>(halves);
        if constexpr (is_signed()) {
            using P = typename detail::storage<uint8, Elems>::part_t;
            return detail::bitcast<int8>(detail::map_parts<uint8>([](P x) AIEBUILD_LAMBDA { return (x ^ 8) - 8; }, wide));
        }
        else
            return wide;
    }

  private:
    storage_t data;
};

// Place of a vector in memory.
template <typename T, unsigned Elems>
class vector_ref {
  public:
    using value_type = std::remove_const_t<T>;
    using vector_type = vector<value_type, Elems>;
    static constexpr unsigned size() { return Elems; }

    AIEBUILD_INLINE explicit vector_ref(T *p) : ptr(p) {}
    AIEBUILD_INLINE operator vector_type() const { return get(); }
    AIEBUILD_INLINE vector_type get() const
    {
        vector_type v;
        v.load(ptr);
        return v;
    }
    AIEBUILD_INLINE const vector_ref &operator=(const vector_type &v) const
    {
        v.store(ptr);
        return *this;
    }
    AIEBUILD_INLINE vector_ref &operator=(const vector_ref &r)
    {
        r.get().store(ptr);
        return *this;
    }

  private:
    T *ptr;
};

namespace detail {

template <typename T, unsigned N>
AIEBUILD_INLINE const vector<T, N> &as_vector(const vector<T, N> &v) { return v; }
template <typename T, unsigned N>
AIEBUILD_INLINE vector<std::remove_const_t<T>, N> as_vector(const vector_ref<T, N> &v) { return v.get(); }

template <typename V>
using vector_of = std::remove_cvref_t<decltype(as_vector(std::declval<const V &>()))>;
template <typename V>
using elem_of = typename vector_of<V>::value_type;
template <typename V>
inline constexpr unsigned size_of = vector_of<V>::size();

template <typename T, typename E>
AIEBUILD_INLINE T as_elem(const E &e)
{
    if constexpr (is_elem_ref<E>::value)
        return static_cast<T>(e.get());
    else
        return static_cast<T>(e);
}

} // namespace detail

} // namespace aie
