// Modes of an AIE core and counters of the counting build.
//
// The modes belong to a core, not to a thread: a scheduler that runs several cores on one thread exchanges
// aie::detail::core_state (and aie::detail::op_counts) when it switches. A core starts with floor and no saturation.

#pragma once

#include "types.hpp"

#include "slots.hpp"
#include <cstdio>
#include <cstdlib>

namespace aie {

enum class saturation_mode : unsigned {
    none = 0,     // values wrap
    truncate = 1, // old name of saturate
    saturate = 1, // [min, max]
    symmetric = 3 // [-max, max] for signed types
};

enum class rounding_mode : unsigned {
    floor = 0,
    ceil = 1,
    symmetric_floor = 2, // towards zero
    symmetric_ceil = 3,  // away from zero
    negative_inf = 8,    // to nearest, ties down
    positive_inf = 9,    // to nearest, ties up
    symmetric_zero = 10, // to nearest, ties towards zero
    symmetric_inf = 11,  // to nearest, ties away from zero
    conv_even = 12,
    conv_odd = 13
};

namespace detail {

struct core_state_t {
    rounding_mode rounding = rounding_mode::floor;
    saturation_mode saturation = saturation_mode::none;
};

struct op_counts_t {
    uint64_t mmul_macs = 0;  // M*K*N of each mmul::mul and mmul::mac
    uint64_t vector_ops = 0; // lanes of each elementwise, reshaping, reducing or converting vector operation
    uint64_t scalar_ops = 0; // elements read from and put into vectors, results of reductions, scalar reciprocals;
                             // arithmetic on plain C++ scalars is not seen
};

AIEBUILD_CORE_LOCAL constinit core_state_t core_state{};
AIEBUILD_CORE_LOCAL constinit op_counts_t op_counts{};

// The cascade of the core that runs: 512 bits at a time to and from its neighbours; null where it has none.
struct cascade_word {
    uint32_t w[16];
};
struct cascade_t {
    virtual void put(const cascade_word& word) = 0;
    virtual cascade_word get() = 0;

  protected:
    ~cascade_t() = default;
};
AIEBUILD_CORE_LOCAL constinit cascade_t* cascade = nullptr;

[[noreturn]] inline void no_cascade(const char* what)
{
    std::fprintf(stderr, "a kernel %s the cascade of a core that has no such aie.cascade_flow\n", what);
    std::abort();
}
AIEBUILD_INLINE cascade_t& cascade_of(const char* what)
{
    if (cascade == nullptr) no_cascade(what);
    return *cascade;
}

#if defined(AIEBUILD_COUNT)
AIEBUILD_INLINE void count_mmul(unsigned macs) { op_counts.mmul_macs += macs; }
AIEBUILD_INLINE void count_vector(unsigned lanes) { op_counts.vector_ops += lanes; }
AIEBUILD_INLINE void count_scalar() { ++op_counts.scalar_ops; }
#else
AIEBUILD_INLINE void count_mmul(unsigned) {}
AIEBUILD_INLINE void count_vector(unsigned) {}
AIEBUILD_INLINE void count_scalar() {}
#endif

} // namespace detail

AIEBUILD_INLINE void set_rounding(rounding_mode m) { detail::core_state.rounding = m; }
AIEBUILD_INLINE rounding_mode get_rounding() { return detail::core_state.rounding; }
AIEBUILD_INLINE rounding_mode swap_rounding(rounding_mode m)
{
    const rounding_mode old = detail::core_state.rounding;
    detail::core_state.rounding = m;
    return old;
}
AIEBUILD_INLINE void clear_rounding() { detail::core_state.rounding = rounding_mode::floor; }

AIEBUILD_INLINE void set_saturation(saturation_mode m) { detail::core_state.saturation = m; }
AIEBUILD_INLINE saturation_mode get_saturation() { return detail::core_state.saturation; }
AIEBUILD_INLINE saturation_mode swap_saturation(saturation_mode m)
{
    const saturation_mode old = detail::core_state.saturation;
    detail::core_state.saturation = m;
    return old;
}
AIEBUILD_INLINE void clear_saturation() { detail::core_state.saturation = saturation_mode::none; }

// The mode setters of aie::tile; identity of the tile is not modelled.
class tile {
  public:
    static AIEBUILD_INLINE tile current() { return {}; }
    AIEBUILD_INLINE void set_rounding(rounding_mode m) { aie::set_rounding(m); }
    AIEBUILD_INLINE rounding_mode get_rounding() const { return aie::get_rounding(); }
    AIEBUILD_INLINE void set_saturation(saturation_mode m) { aie::set_saturation(m); }
    AIEBUILD_INLINE saturation_mode get_saturation() const { return aie::get_saturation(); }
};

} // namespace aie
