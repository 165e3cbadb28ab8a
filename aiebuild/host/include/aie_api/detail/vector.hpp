// aie::vector, aie::accum, aie::mask and access to memory.

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

template <unsigned Elems>
class mask {
  public:
    static constexpr unsigned words = (Elems + 63) / 64;
    static constexpr uint64 last = Elems % 64 ? (uint64{1} << (Elems % 64)) - 1 : ~uint64{0};

    static constexpr unsigned size() { return Elems; }

    constexpr explicit mask(bool set = false)
    {
        for (auto &x : w)
            x = set ? last : 0;
    }
    template <typename... W>
    static constexpr mask from_uint32(W... v)
    {
        static_assert(sizeof...(W) == (Elems + 31) / 32);
        const uint32 in[] = {static_cast<uint32>(v)...};
        mask r;
        for (unsigned i = 0; i < sizeof...(W); ++i)
            r.w[i / 2] |= static_cast<uint64>(in[i]) << (32 * (i % 2));
        r.w[words - 1] &= last;
        return r;
    }
    template <typename... W>
    static constexpr mask from_uint64(W... v)
    {
        static_assert(sizeof...(W) == words);
        const uint64 in[] = {static_cast<uint64>(v)...};
        mask r;
        for (unsigned i = 0; i < words; ++i)
            r.w[i] = in[i];
        r.w[words - 1] &= last;
        return r;
    }
    template <unsigned E, unsigned... Es>
    static constexpr mask from_masks(const mask<E> &m, const mask<Es> &...ms)
    {
        static_assert(E + (Es + ... + 0) == Elems);
        mask r;
        unsigned at = 0;
        const auto put = [&](const auto &x) {
            for (unsigned i = 0; i < x.size(); ++i, ++at)
                if (x.test(i))
                    r.set(at);
        };
        put(m);
        (put(ms), ...);
        return r;
    }

    constexpr bool test(unsigned i) const { return (w[i / 64] >> (i % 64)) & 1; }
    constexpr void set(unsigned i) { w[i / 64] |= uint64{1} << (i % 64); }
    constexpr void clear(unsigned i) { w[i / 64] &= ~(uint64{1} << (i % 64)); }
    constexpr void toggle(unsigned i) { w[i / 64] ^= uint64{1} << (i % 64); }
    constexpr bool operator==(const mask &m) const { return w == m.w; }
    constexpr mask operator&(const mask &m) const { return zip(m, [](uint64 a, uint64 b) { return a & b; }); }
    constexpr mask operator|(const mask &m) const { return zip(m, [](uint64 a, uint64 b) { return a | b; }); }
    constexpr mask operator^(const mask &m) const { return zip(m, [](uint64 a, uint64 b) { return a ^ b; }); }
    constexpr mask &operator&=(const mask &m) { return *this = *this & m; }
    constexpr mask &operator|=(const mask &m) { return *this = *this | m; }
    constexpr mask &operator^=(const mask &m) { return *this = *this ^ m; }
    constexpr mask operator~() const { return *this ^ mask(true); }
    constexpr mask operator<<(unsigned n) const
    {
        mask r;
        for (unsigned i = n; i < Elems; ++i)
            if (test(i - n))
                r.set(i);
        return r;
    }
    constexpr mask operator>>(unsigned n) const
    {
        mask r;
        for (unsigned i = n; i < Elems; ++i)
            if (test(i))
                r.set(i - n);
        return r;
    }
    constexpr bool empty() const { return *this == mask(); }
    constexpr bool full() const { return *this == mask(true); }
    constexpr unsigned count() const
    {
        unsigned n = 0;
        for (auto x : w)
            n += static_cast<unsigned>(std::popcount(x));
        return n;
    }
    // Leading and trailing zeros of the mask seen as one number.
    constexpr unsigned clz() const
    {
        unsigned n = 0;
        while (n < Elems && !test(Elems - 1 - n))
            ++n;
        return n;
    }
    constexpr unsigned ctz() const
    {
        unsigned n = 0;
        while (n < Elems && !test(n))
            ++n;
        return n;
    }
    template <unsigned Out>
    constexpr mask<Out> extract(unsigned idx) const
    {
        mask<Out> r;
        for (unsigned i = 0; i < Out; ++i)
            if (test(idx * Out + i))
                r.set(i);
        return r;
    }
    template <unsigned In>
    constexpr mask &insert(unsigned idx, const mask<In> &m)
    {
        for (unsigned i = 0; i < In; ++i) {
            clear(idx * In + i);
            if (m.test(i))
                set(idx * In + i);
        }
        return *this;
    }
    template <unsigned Out>
    constexpr mask<Out> grow(unsigned idx = 0) const
    {
        mask<Out> r;
        r.insert(idx, *this);
        return r;
    }
    constexpr uint64 word(unsigned i) const { return w[i]; }
    constexpr void set_word(unsigned i, uint64 v) { w[i] = v; }

  private:
    template <typename F>
    constexpr mask zip(const mask &m, F f) const
    {
        mask r;
        for (unsigned i = 0; i < words; ++i)
            r.w[i] = f(w[i], m.w[i]);
        return r;
    }
    std::array<uint64, words> w{};
};

// ---- memory

template <unsigned Elems, aie_dm_resource R = aie_dm_resource::none, typename T>
AIEBUILD_INLINE auto load_v(const T *ptr) -> vector<T, Elems>
{
    vector<T, Elems> v;
    v.load(ptr);
    return v;
}
template <typename T>
AIEBUILD_INLINE auto load_v(const T *ptr) -> vector<T, native_vector_length_v<T>>
{
    return load_v<native_vector_length_v<T>>(ptr);
}
template <unsigned Elems, aie_dm_resource R = aie_dm_resource::none, typename T>
AIEBUILD_INLINE auto load_unaligned_v(const T *ptr, unsigned = 1) -> vector<T, Elems>
{
    return load_v<Elems>(ptr);
}
// The address is rounded down to the vector's load alignment.
template <unsigned Elems, typename T>
AIEBUILD_INLINE auto load_floor_v(const T *ptr) -> vector<T, Elems>
{
    const auto a = reinterpret_cast<uintptr_t>(ptr) & ~uintptr_t{vector_ldst_align_v<T, Elems> - 1};
    return load_v<Elems>(reinterpret_cast<const T *>(a));
}
template <aie_dm_resource R = aie_dm_resource::none, typename T, Vector V>
AIEBUILD_INLINE T *store_v(T *ptr, const V &v)
{
    static_assert(std::is_same_v<T, detail::elem_of<V>>, "store_v: pointer and vector have different element types");
    detail::as_vector(v).store(ptr);
    return ptr;
}
template <aie_dm_resource R = aie_dm_resource::none, typename T, Vector V>
AIEBUILD_INLINE T *store_unaligned_v(T *ptr, const V &v, unsigned = 1)
{
    return store_v(ptr, v);
}

// ---- iterators: *it is a place that converts to and is assigned from a vector

template <typename T, unsigned Elems>
class vector_iterator {
  public:
    using value_type = vector<std::remove_const_t<T>, Elems>;
    using difference_type = std::ptrdiff_t;
    using reference = std::conditional_t<std::is_const_v<T>, value_type, vector_ref<T, Elems>>;

    AIEBUILD_INLINE explicit vector_iterator(T *p) : ptr(p) {}
    AIEBUILD_INLINE reference operator*() const { return at(0); }
    AIEBUILD_INLINE reference operator[](difference_type n) const { return at(n); }
    AIEBUILD_INLINE vector_iterator &operator++() { return *this += 1; }
    AIEBUILD_INLINE vector_iterator &operator--() { return *this -= 1; }
    AIEBUILD_INLINE vector_iterator operator++(int) { return post(1); }
    AIEBUILD_INLINE vector_iterator operator--(int) { return post(-1); }
    AIEBUILD_INLINE vector_iterator &operator+=(difference_type n)
    {
        ptr += n * static_cast<difference_type>(Elems);
        return *this;
    }
    AIEBUILD_INLINE vector_iterator &operator-=(difference_type n) { return *this += -n; }
    AIEBUILD_INLINE vector_iterator operator+(difference_type n) const { return vector_iterator(*this) += n; }
    AIEBUILD_INLINE vector_iterator operator-(difference_type n) const { return vector_iterator(*this) += -n; }
    AIEBUILD_INLINE bool operator==(const vector_iterator &) const = default;

  private:
    AIEBUILD_INLINE reference at(difference_type n) const
    {
        T *p = ptr + n * static_cast<difference_type>(Elems);
        if constexpr (std::is_const_v<T>)
            return load_v<Elems>(p);
        else
            return vector_ref<T, Elems>(p);
    }
    AIEBUILD_INLINE vector_iterator post(difference_type n)
    {
        const vector_iterator old = *this;
        *this += n;
        return old;
    }
    T *ptr;
};

#define AIEBUILD_BEGIN(name, constness)                                                                                     \
    template <unsigned Elems, aie_dm_resource R = aie_dm_resource::none, typename T>                                        \
    AIEBUILD_INLINE vector_iterator<constness T, Elems> name(constness T *p)                                                \
    {                                                                                                                       \
        return vector_iterator<constness T, Elems>(p);                                                                      \
    }
AIEBUILD_BEGIN(begin_vector, )
AIEBUILD_BEGIN(begin_restrict_vector, )
AIEBUILD_BEGIN(begin_unaligned_vector, )
AIEBUILD_BEGIN(cbegin_vector, const)
AIEBUILD_BEGIN(cbegin_restrict_vector, const)
AIEBUILD_BEGIN(cbegin_unaligned_vector, const)
#undef AIEBUILD_BEGIN

// ---- construction

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
