// A core of the array as a coroutine: it runs until an acquire cannot be satisfied, and is resumed by the
// scheduler of the thread it belongs to.
#pragma once

#include <coroutine>
#include <cstdint>
#include <cstring>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "abi.hpp"

#if __has_include(<aie_api/detail/state.hpp>)
#include <aie_api/detail/state.hpp>
#define AIEB_CORE_STATE 1
#endif

namespace aieb {

// Rounding and saturation belong to an AIE core; the AIE API's host headers keep them per thread, so the
// scheduler exchanges them when it switches cores.
#if defined(AIEB_CORE_STATE)
using ArithmeticState = aie::detail::core_state_t;
inline ArithmeticState& arithmetic_state() { return aie::detail::core_state; }
#else
struct ArithmeticState {};
inline ArithmeticState& arithmetic_state() {
  static ArithmeticState none;
  return none;
}
#endif

#if defined(AIEB_CORE_STATE) && defined(AIEBUILD_COUNT)
inline void take_counts(uint64_t* totals) {
  using Counts = aie::detail::op_counts_t;
  static_assert(sizeof(Counts) % sizeof(uint64_t) == 0 && sizeof(Counts) <= kCounterOps * sizeof(uint64_t));
  uint64_t values[sizeof(Counts) / sizeof(uint64_t)];
  std::memcpy(values, &aie::detail::op_counts, sizeof values);
  for (size_t i = 0; i < sizeof values / sizeof values[0]; ++i) totals[i] += values[i];
  aie::detail::op_counts = {};
}
#else
inline void take_counts(uint64_t*) {}
#endif

// What a suspended core waits for. ready() takes the objects when they are there.
struct Waitable {
  virtual bool ready(uint32_t n) = 0;
  virtual std::string describe(uint32_t n) const = 0;

 protected:
  ~Waitable() = default;
};

struct Core;

struct CoreTask {
  struct promise_type {
    CoreTask get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
  std::coroutine_handle<promise_type> handle;
};

// Scheduler's view of a core.
struct Core {
  uint32_t column = 0;
  uint32_t row = 0;
  std::string name;
  std::coroutine_handle<> handle;
  Waitable* waiting = nullptr;  // null: not started yet
  uint32_t wanted = 0;
  uint32_t line = 0;            // of the operation it waits in
  ArithmeticState arithmetic{};
  CoreCounters counters{};
};

// Base of the generated contexts: everything one core's body refers to.
struct CoreContext {
  Core core;

  struct Suspend {
    Core& core;
    Waitable& on;
    uint32_t n;
    uint32_t line;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<>) noexcept {
      core.waiting = &on;
      core.wanted = n;
      core.line = line;
    }
    void await_resume() const noexcept {}
  };
  Suspend wait(Waitable& on, uint32_t n, uint32_t line) { return {core, on, n, line}; }
};

inline int64_t floor_div(int64_t a, int64_t b) {
  const int64_t q = a / b;
  return q * b != a && (a < 0) != (b < 0) ? q - 1 : q;
}
inline int64_t ceil_div(int64_t a, int64_t b) {
  const int64_t q = a / b;
  return q * b != a && (a < 0) == (b < 0) ? q + 1 : q;
}

}  // namespace aieb

#if defined(AIEBUILD_COUNT)
#define AIEB_COUNT_CALL(c) ++(c).core.counters.kernel_calls
#else
#define AIEB_COUNT_CALL(c) ((void)0)
#endif
