// What generated overlay code sees of the engine: cores as coroutines, the ends of objectfifo paths that
// they acquire from and release to, and the builder that ties them together. Kept free of heavy headers,
// as every overlay compiles it; the engine itself is compiled once, from src/engine.cc.
#pragma once

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <new>

#include <aiebuild_host/trace.hpp>

namespace aieb {

using u8 = unsigned char;

inline constexpr size_t kLine = 128;      // two cache lines: the adjacent one is prefetched with it
inline constexpr uint32_t kMaxHeld = 16;  // objects one endpoint can have under way
inline constexpr uint32_t kOps = 16;      // operation counters of a core

struct Text;      // a string that is being put together
struct Core;
struct Source;
struct Sink;
struct Ring;
struct View;
struct Entry;
struct Near;

// A count of objects that one thread advances and others read. The engine places counters: those of one path
// and thread share a line, so that whoever waits for them takes few cache misses.
struct Counter {
  std::atomic<uint64_t> value{0};
  uint64_t get() const { return value.load(std::memory_order_acquire); }
  void set(uint64_t v) { value.store(v, std::memory_order_release); }
};

// What a suspended core waits for. ready() takes the objects when they are there.
struct Waitable {
  virtual bool ready(uint32_t n) = 0;
  virtual void describe(uint32_t n, Text& to) const = 0;
  // The core that keeps it from being ready, and in a few words why; null where the sequence does.
  virtual const Core* blocker(uint32_t n, Text& why) const = 0;

 protected:
  ~Waitable() = default;
};

// ---------------------------------------------------------------------------------------------------
// Cores.

struct CoreTask {
  struct promise_type {
    // Frames on lines of their own: cores of different threads write theirs all the time.
    static void* operator new(size_t n) { return ::operator new((n + kLine - 1) / kLine * kLine, std::align_val_t(kLine)); }
    static void operator delete(void* p) { ::operator delete(p, std::align_val_t(kLine)); }
    CoreTask get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { __builtin_abort(); }
  };
  std::coroutine_handle<promise_type> handle;
};

struct InEnd;

// The scheduler's view of a core.
struct Core {
  std::coroutine_handle<> handle;
  Waitable* waiting = nullptr;  // null: not started yet
  uint32_t wanted = 0;
  uint32_t line = 0;            // of the operation it waits in
  uint32_t column = 0;
  uint32_t row = 0;
  alignas(8) u8 arithmetic[16] = {};  // rounding and saturation modes, while another core runs
  InEnd* stream = nullptr;      // of those that it takes from DDR, one that is worth fetching ahead
  uint64_t resumes = 0;
  uint64_t kernel_calls = 0;
  uint64_t ops[kOps] = {};
};

// Base of the generated contexts: everything one core's body refers to.
struct alignas(kLine) CoreContext {
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

// ---------------------------------------------------------------------------------------------------
// Ends of paths. Objects of a path are numbered from 0 for the life of the overlay: an end holds
// [head, acquired). acquire() is true when n objects are held; only then may the core go on.

struct EndCounters {
  uint64_t aliased = 0;
  uint64_t copied = 0;
  uint64_t copied_bytes = 0;
};

struct End : Waitable {
  uint64_t head = 0;
  uint64_t acquired = 0;
  uint64_t limit = 0;  // objects below this one may be acquired, as far as known
  u8* held[kMaxHeld] = {};
  uint32_t depth = 0;
  Core* core = nullptr;
  const char* name = "";
  bool alone = true;  // nobody else's bytes lie beside an object's

  template <class T>
  T* at(uint64_t object) const {
    return reinterpret_cast<T*>(held[object % kMaxHeld]);
  }

 protected:
  ~End() = default;
};

// Consumer of a path that starts in DDR.
struct InEnd final : End {
  Source* source = nullptr;
  View* view = nullptr;
  Near* near = nullptr;       // what this thread knows of the source
  const Entry* entry = nullptr;
  uint64_t entry_begin = 0;
  uint64_t entry_end = 0;
  const u8* in_place = nullptr;  // of the entry's first object for this end, where objects are `step` apart
  int64_t step = 0;
  uint32_t share = 0;            // bytes to prefetch for each object taken; 0: none
  uint64_t last_turn = UINT64_MAX;  // of the core in which this end took an object
  uint32_t quantum = UINT32_MAX; // objects it may take in one turn of the core
  uint32_t taken = 0;            // in this turn
  EndCounters counters;
  Counter* released = nullptr;

  // Where a broadcast goes to several threads, cores take turns, half of the path's capacity each: threads can
  // then drift apart further than if each core used up all of it at once.
  bool acquire(uint32_t n) { return head + n <= acquired || ((last_turn != core->resumes || taken < quantum) && take(n)); }
  void release(uint32_t n) { released->set(head += n); }
  bool take(uint32_t n);
  bool ready(uint32_t n) override;
  void describe(uint32_t n, Text& to) const override;
  const Core* blocker(uint32_t n, Text& why) const override;

  u8* locate(uint64_t object);
  void fill(const Entry& e, uint64_t index, u8* to);
  void begin(uint64_t object);  // of a sequence, whose first one is `object`
  void fetch_ahead(uint32_t bytes, uint64_t from, uint32_t objects);
  void next_entry();
};

// Producer of a path that ends in DDR.
struct OutEnd final : End {
  Sink* sink = nullptr;
  uint32_t index = 0;      // of the producer in the sink: its view in the plans
  uint64_t pending = 0;    // first released object that has not reached DDR
  const Entry* entry = nullptr;       // cursor of acquires
  uint64_t entry_begin = 0;
  uint64_t entry_end = 0;
  const Entry* out_entry = nullptr;   // cursor of deliveries
  uint64_t out_begin = 0;
  uint64_t out_end = 0;
  bool alias[kMaxHeld] = {};
  EndCounters counters;
  uint32_t bytes = 0;      // of an object
  uint32_t slots = 0;
  size_t pitch = 0;
  u8* data = nullptr;
  Counter* delivered = nullptr;       // objects that are in DDR

  bool acquire(uint32_t n) { return head + n <= acquired || take(n); }
  void release(uint32_t n) {
    head += n;
    pump();
  }
  bool take(uint32_t n);
  bool pump();             // moves released objects to DDR as far as tasks for them have been started
  bool has_pending() const { return pending != head; }
  bool ready(uint32_t n) override;
  void describe(uint32_t n, Text& to) const override;
  const Core* blocker(uint32_t n, Text& why) const override;

  u8* slot(uint64_t object) const { return data + (object % slots) * pitch; }
  void seek(const Entry** e, uint64_t* begin, uint64_t* end, uint64_t object) const;
  void scatter(uint64_t object);
};

// Producer and consumer of a path between cores.
struct RingOut final : End {
  Ring* ring = nullptr;
  uint32_t offset = 0;
  Counter* released = nullptr;

  bool acquire(uint32_t n) { return head + n <= acquired || take(n); }
  void release(uint32_t n) { released->set(head += n); }
  bool take(uint32_t n);
  bool ready(uint32_t n) override;
  void describe(uint32_t n, Text& to) const override;
  const Core* blocker(uint32_t n, Text& why) const override;
};

struct LongRun;
struct RingIn final : End {
  Ring* ring = nullptr;
  uint32_t offset = 0;
  uint32_t repeat = 1;
  size_t pitch = 0;
  u8* data = nullptr;            // own slots where the data layout changes on the way
  const LongRun* runs = nullptr;
  size_t run_count = 0;
  Counter* released = nullptr;

  bool acquire(uint32_t n) { return head + n <= acquired || take(n); }
  void release(uint32_t n) { released->set(head += n); }
  bool take(uint32_t n);
  bool ready(uint32_t n) override;
  void describe(uint32_t n, Text& to) const override;
  const Core* blocker(uint32_t n, Text& why) const override;
};

// ---------------------------------------------------------------------------------------------------
// Building.

// One level of a nested pattern: `n` steps, `stride` apart.
struct Dim {
  int64_t n;
  int64_t stride;
};
using Dims = std::initializer_list<Dim>;

// The bytes [offset, offset + bytes) of a path's object, permuted: `memory` is the pattern at the memory
// tile on the shim's side, `link` the one there on the core's side, `core` the one at the core; in elements
// of `element` bytes, outermost first, empty where linear.
struct Part {
  uint32_t offset;
  uint32_t bytes;
  uint32_t element;
  Dims memory;
  Dims link;
  Dims core;
  bool own = false;  // a consumer that writes into its objects: nobody else may see them
};

// A memory tile that passes objects on from shim to shim.
struct Relay : CoreContext {
  InEnd in;
  OutEnd out;
};
CoreTask relay(Relay& c);

enum class IdleEnd { kIn, kOut, kRingIn, kRingOut };

class Overlay;

// Builds an overlay; called by generated code only.
class Builder {
 public:
  explicit Builder(Overlay& to) : to_(to) {}
  void core(CoreContext& context, uint32_t column, uint32_t row, CoreTask task);
  void buffer(const char* name, void* data, uint64_t words);
  // A path; the ends added next belong to it.
  void source(const char* name, uint32_t column, uint32_t channel, uint32_t bytes, uint32_t memory_depth);
  void sink(const char* name, uint32_t column, uint32_t channel, uint32_t bytes, uint32_t memory_depth);
  void ring(const char* name, uint32_t bytes, uint32_t slots);
  void consumer(InEnd& end, CoreContext& context, const char* name, uint32_t depth, uint32_t repeat, Part part);
  void consumer(RingIn& end, CoreContext& context, const char* name, uint32_t depth, uint32_t repeat, Part part);
  void producer(OutEnd& end, CoreContext& context, const char* name, uint32_t depth, Part part);
  void producer(RingOut& end, CoreContext& context, const char* name, uint32_t depth, Part part);
  // An end that no core uses: nothing is ever taken from or put into it.
  void idle(IdleEnd kind, const char* name, uint32_t depth, uint32_t repeat, Part part);

 private:
  Overlay& to_;
};

// Defined by generated code.
void* make_design(Builder& builder);
void free_design(void* design);
extern const char* const kDesignInfo;  // JSON
extern const char* const kDesignFile;

inline int64_t floor_div(int64_t a, int64_t b) {
  const int64_t q = a / b;
  return q * b != a && (a < 0) != (b < 0) ? q - 1 : q;
}
inline int64_t ceil_div(int64_t a, int64_t b) {
  const int64_t q = a / b;
  return q * b != a && (a < 0) == (b < 0) ? q + 1 : q;
}
template <class T>
inline T max(T a, T b) {
  return a < b ? b : a;
}
template <class T>
inline T min(T a, T b) {
  return b < a ? b : a;
}

}  // namespace aieb

#if defined(AIEBUILD_COUNT)
#define AIEB_COUNT_CALL(c) ++(c).core.kernel_calls
#else
#define AIEB_COUNT_CALL(c) ((void)0)
#endif
