// aie::mask: a bit for each element.

#pragma once

#include <array>
#include "vector.hpp"

namespace aie {

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

} // namespace aie
