// Loads, stores, and iterators over memory: *it is a place that converts to and is assigned from a vector.

#pragma once

#include "vector.hpp"

namespace aie {

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

} // namespace aie
