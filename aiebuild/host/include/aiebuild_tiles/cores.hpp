// Locks, and cores as coroutines that wait for them.
#pragma once

#include <aie_api/detail/state.hpp>
#include <aiebuild_host/abi.hpp>
#include <aiebuild_host/trace.hpp>
#include <aiebuild_tiles/cascade.hpp>

#include <coroutine>
#include <cstdint>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#if defined(AIEBUILD_SANITIZE)
#include <aiebuild_sanitize/watch.hpp>
#define AIEB_CHECKED(...) __VA_ARGS__
#else
#define AIEB_CHECKED(...)
#endif

#define AIEB_COUNT_CALL(c) ++(c).kernel_calls

namespace aieb {

using u8 = uint8_t;

struct Fault : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }
inline int64_t ceil_div(int64_t a, int64_t b) { return a / b + (a % b != 0 && (a < 0) == (b < 0)); }
template <class T>
T max(T a, T b) {
  return a > b ? a : b;
}
template <class T>
T min(T a, T b) {
  return a < b ? a : b;
}

// -- locks -------------------------------------------------------------------------------------------------

inline constexpr int kLockMaximum = 63;

struct Lock {
  std::string name;
  int initial = 0;
  int value = initial;
  AIEB_CHECKED(check::Clock clock;)  // of all who gave to it

  // Takes n; with `at_least` when there are n or more, else when there are exactly n.
  bool take(int n, bool at_least) {
    if (at_least ? value < n : value != n) return false;
    value -= n;
    return true;
  }
  void give(int n) {
    value += n;
    if (value > kLockMaximum || value < 0)
      throw Fault("@" + name + " would become " + std::to_string(value) + ", a lock holds 0 to " + std::to_string(kLockMaximum));
  }
};

// -- cores -------------------------------------------------------------------------------------------------

struct CoreTask {
  struct promise_type {
    std::exception_ptr error;
    CoreTask get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { error = std::current_exception(); }
  };
  std::coroutine_handle<promise_type> handle;
};

// One tile's end of an objectfifo that is kept in buffers and locks: `acquires` counts the objects it may take, `releases`
// those it hands on, both in steps of `scale`.
struct FifoEnd {
  const char* name = "";
  std::vector<u8*> objects;
  Lock* acquires = nullptr;  // null: not synchronised
  Lock* releases = nullptr;
  int scale = 1;
  uint64_t head = 0, acquired = 0;  // objects released and acquired so far

  int held() const { return int(acquired - head); }
  bool acquire(int n) {
    if (n <= held()) return true;
    if (acquires != nullptr && !acquires->take((n - held()) * scale, true)) return false;
    acquired = head + uint64_t(n);
    return true;
  }
  void release(int n) {
    if (n > held()) throw Fault("a core releases " + std::to_string(n) + " objects of @" + name + " and holds " + std::to_string(held()));
    if (releases != nullptr) releases->give(n * scale);
    head += uint64_t(n);
  }
  template <class T>
  T* at(uint64_t k) const {
    return reinterpret_cast<T*>(objects[k % objects.size()]);
  }
};

struct CoreContext {
  FifoEnd* end = nullptr;  // the objectfifo waited for
  Lock* wanted = nullptr;  // the lock waited for
  int amount = 0;
  bool at_least = false;
  uint32_t line = 0;
  uint64_t resumes = 0;
  uint64_t kernel_calls = 0;
  aie::detail::core_state_t state;

  auto wait(Lock& lock, int n, bool ge, uint32_t at) {
    wanted = &lock, amount = n, at_least = ge, line = at, end = nullptr;
    return std::suspend_always{};
  }
  auto wait(FifoEnd& fifo, int n, uint32_t at) {
    wanted = fifo.acquires, amount = (n - fifo.held()) * fifo.scale, at_least = true, line = at, end = &fifo;
    return std::suspend_always{};
  }
};

struct Core {
  uint32_t column, row;
  CoreContext* context;
  std::function<CoreTask()> restart;  // puts the context into its first state
  std::coroutine_handle<CoreTask::promise_type> handle{};
  bool enabled = true, reset = false;  // Core_Control: Enable, Reset
  CascadePort cascade;
  std::unique_ptr<Fiber> fiber;  // of a core with a cascade, whose kernels may wait in the middle

  // Runs until it waits; whether it moved.
  bool step() {
    if (reset || !enabled) return false;
    if (!handle) handle = restart().handle;
    if (handle.done()) return enabled = false;
    CoreContext& c = *context;
    if (c.wanted != nullptr) {
      if (!c.wanted->take(c.amount, c.at_least)) return false;
      if (c.end != nullptr) c.end->acquired += uint64_t(c.amount / c.end->scale);
      c.wanted = nullptr;
    }
    if (cascade.waits()) return false;
    ++c.resumes;
    std::swap(aie::detail::core_state, c.state);
    if (fiber == nullptr && cascade.connected()) fiber = std::make_unique<Fiber>();
    if (fiber != nullptr) {
      aie::detail::cascade = &cascade;
      fiber->run(cascade, [this] { handle.resume(); });
      aie::detail::cascade = nullptr;
    } else {
      handle.resume();
    }
    std::swap(aie::detail::core_state, c.state);
    if (handle.done() && handle.promise().error) std::rethrow_exception(handle.promise().error);
    return true;
  }
  void stop() {
    fiber.reset();
    if (handle) handle.destroy();
    handle = {};
    cascade.forget();
  }
};

}  // namespace aieb
