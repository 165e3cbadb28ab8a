// Configuration of the host implementation of the AIE API: macros, loop hints, width of a host register.
//
// The host headers follow Xilinx/aie_api (include/aie_api) for AIE-ML / XDNA 1 ("AIE2") and XDNA 2 ("AIE2P"): same names,
// same template parameters, same results where the array's behaviour is documented there. What the core lacks is refused by
// static_assert.
//
// Compile kernels with -ffp-contract=off: otherwise the compiler may fuse a product of one API call with a sum of
// another one, and results depend on the optimisation level. Where the array fuses, these headers ask for it explicitly.

#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__AVX512F__) || defined(__AVX2__) || defined(__SSE2__)
#include <immintrin.h>
#endif
#if defined(__ARM_NEON)
#include <arm_neon.h>
#endif

// The core: AIE2 (AIE-ML, XDNA 1), or AIE2P (XDNA 2) with -DAIEBUILD_AIE2P.
#if defined(AIEBUILD_AIE2P)
#define __AIE_ARCH__ 21
#else
#define __AIE_ARCH__ 20
#endif
#define __AIE_API_HOST__ 1

// Instruction sets the specialised paths are written for. AVX512 without VNNI or VBMI is used as AVX2. AIEBUILD_GENERIC
// asks for the portable paths.
#if !defined(AIEBUILD_GENERIC)
#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VL__) && defined(__AVX512DQ__) && \
    defined(__AVX512VNNI__) && defined(__AVX512VBMI__)
#define AIEBUILD_AVX512 1
#if defined(__AVX512BF16__)
#define AIEBUILD_BF16 1
#endif
#endif
#if defined(__AVX2__) && defined(__FMA__)
#define AIEBUILD_AVX2 1
#endif
#if defined(__ARM_NEON) && defined(__aarch64__)
#define AIEBUILD_NEON 1
#endif
#endif

#define __aie_inline __attribute__((always_inline))
#define __aie_noinline __attribute__((noinline))
#define AIEBUILD_INLINE __attribute__((always_inline)) inline
// Room for initial-exec variables is for a few dozen libraries of a process; the overlays of a model are three.
#if defined(AIEBUILD_MANY_LIBRARIES)
#define AIEBUILD_CORE_LOCAL __attribute__((visibility("hidden"))) inline thread_local
#else
#define AIEBUILD_CORE_LOCAL __attribute__((visibility("hidden"), tls_model("initial-exec"))) inline thread_local
#endif
#define AIEBUILD_LAMBDA __attribute__((always_inline))
// Rare cases, out of line with arguments by value so that the common path keeps its registers.
#define AIEBUILD_COLD __attribute__((noinline, cold, visibility("hidden")))

#ifndef restrict
#define restrict __restrict
#endif

// Hints of the two AIE compilers: nothing to say on the host.
#define AIE_LOOP_UNROLL(x)
#define AIE_LOOP_UNROLL_FULL
#define AIE_LOOP_NO_UNROLL
#define AIE_LOOP_MIN_ITERATION_COUNT(x)
#define AIE_LOOP_MAX_ITERATION_COUNT(x)
#define AIE_LOOP_RANGE(a, ...)
#define AIE_PREPARE_FOR_PIPELINING
#define AIE_NO_PREPARE_FOR_PIPELINING
#define AIE_MODULO_SCHEDULING_BUDGET_RATIO(x)
#define AIE_KEEP_SW_LOOP
#define AIE_PEEL_PIPELINED_LOOP(x)
#define AIE_KEEP_FREE_FOR_PIPELINING(x)
#define AIE_ALLOCATE(x)
#define AIE_NO_HW_LOOP
#define AIE_TRY_INITIATION_INTERVAL(x)
#define AIE_PREPARE_FOR_POSTPIPELINING
#define AIE_LOOP_FLATTEN
#define chess_prepare_for_pipelining
#define chess_loop_range(...)
#define chess_unroll_loop(...)
#define chess_flatten_loop
#define chess_no_hw_loop
#define chess_storage(...)
#define chess_protect_access
#define chess_separator()
#define chess_separator_scheduler(...)
#define chess_memory_fence()
#define __aie_register(...)
#define __aie_dm_resource_a
#define __aie_dm_resource_b
#define __aie_dm_resource_c
#define __aie_dm_resource_d

namespace aie::detail {

// Bytes of the widest host register a part of an API vector is kept in.
#if defined(AIEBUILD_AVX512)
inline constexpr unsigned native_bytes = 64;
#elif defined(__AVX2__)
inline constexpr unsigned native_bytes = 32;
#else
inline constexpr unsigned native_bytes = 16;
#endif

template <typename...>
inline constexpr bool always_false = false;

} // namespace aie::detail

// Trace events of the core: no effect on the host.
AIEBUILD_INLINE void event0() {}
AIEBUILD_INLINE void event1() {}
AIEBUILD_INLINE void event2() {}
AIEBUILD_INLINE void event3() {}
