// The checking mode: what memory of the array there is, which of its bytes were written, which objects a core holds,
// and who may use what at the same time. Included by generated code and by both engines when AIEBUILD_SANITIZE is
// defined; what is found is kept as findings and read through overlay_findings().
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace aieb::check {

using u8 = unsigned char;

inline constexpr size_t kZone = 1024;     // bytes before and after each buffer that nothing may touch
inline constexpr u8 kZoneByte = 0x9D;
inline constexpr u8 kNever = 0xC2;        // stands in for what was never written when a kernel runs a second time

// -- findings ----------------------------------------------------------------------------------------------

// One thing that is wrong. `times`: how often it was met at this line, tile and buffer.
struct Finding {
  std::string kind, operation, buffer, text;
  uint32_t line = 0, column = 0, row = 0;
  uint64_t times = 1;
};

// -- who does things at the same time -----------------------------------------------------------------------

// Cores and DMA channels are agents. A clock says what each agent has certainly done before.
struct Clock {
  std::vector<uint32_t> at;
  uint32_t of(size_t agent) const { return agent < at.size() ? at[agent] : 0; }
  void join(const Clock& o) {
    if (at.size() < o.at.size()) at.resize(o.at.size());
    for (size_t k = 0; k < o.at.size(); ++k) at[k] = at[k] < o.at[k] ? o.at[k] : at[k];
  }
  void tick(size_t agent) {
    if (at.size() <= agent) at.resize(agent + 1);
    ++at[agent];
  }
};

struct Agent {
  size_t number = 0;
  std::string name;
  Clock clock;
};

// When an agent last read and wrote each word of a region, in its own clock; 0: never.
struct Accesses {
  const Agent* agent;
  std::vector<uint32_t> read, wrote;
  uint32_t line = 0;  // of its last access
};

// -- memory ------------------------------------------------------------------------------------------------

enum class Kind : u8 { kBuffer, kConsumed, kProduced, kLocal };

// A buffer, or the place of one object of an objectfifo, with zones before and after it.
struct Region {
  std::string name;
  Kind kind = Kind::kBuffer;
  uint32_t column = 0, row = 0;
  u8* data = nullptr;
  size_t bytes = 0;
  bool zones = true;
  bool held = true;             // by the core; false for an object that it has released or not yet acquired
  std::vector<u8> written;      // of each byte: whether it was
  std::vector<Accesses> accesses;

  bool whole() const { return std::memchr(written.data(), 0, written.size()) == nullptr; }
  size_t first_unwritten(size_t from, size_t n) const {
    for (size_t k = from; k < from + n; ++k)
      if (!written[k]) return k;
    return from + n;
  }
};

// A buffer of the design with its zones.
template <class T, size_t N>
struct Guarded {
  alignas(64) u8 before[kZone];
  alignas(64) T data[N];
  u8 after[kZone];
};

// -- the run -----------------------------------------------------------------------------------------------

void begin();  // forgets everything: an overlay is opened
void report(const char* kind, uint32_t line, uint32_t column, uint32_t row, std::string operation, std::string buffer, std::string text);
Region* add_region(std::string name, Kind kind, uint32_t column, uint32_t row, void* data, size_t bytes, bool written, bool zones = true);
void drop_region(Region* region);
Region* region_at(const void* data);  // the one that begins there
void mark_written(const void* data, size_t bytes);  // by the runtime sequence
Agent* add_agent(std::string name);
// An access to bytes of a region that another agent may be using: reports what no lock keeps apart.
void touch(Region& region, Agent& agent, size_t offset, size_t bytes, bool write, uint32_t line, const std::string& operation);
// The values of a lock that it can hold, as the engine is about to change it; reports and says false beyond them.
bool lock_fits(const std::string& lock, int value, uint32_t line, uint32_t column, uint32_t row, const std::string& operation);

void transferred();                 // to or from the host's memory: steps count anew
const std::string& stop_reason();   // why cores were ended; empty while they run

// -- one core ----------------------------------------------------------------------------------------------

// What a core knows of one of its objectfifo ends.
struct EndWatch {
  const void* end;
  uint64_t known = 0;      // objects below were seen when they were acquired
  uint32_t acquire_line = 0;
  uint32_t repeat_of = 0;  // line of the last acquire since which nothing was released
};

class Watch {
 public:
  uint32_t column = 0, row = 0, line = 0;
  size_t stack_size = 0;
  size_t locals = 0;  // bytes of memref.alloca
  size_t deepest = 0;  // bytes of stack that a kernel took with them, on this machine
  Agent* agent = nullptr;
  bool once = false;      // its kernels may wait in the middle, for a cascade: they run once, and are not looked at
  std::vector<Region*> regions;  // what the core can reach

  void start(uint32_t column, uint32_t row, uint32_t line, size_t stack_size);
  void reaches(Region* region);
  Region* find(const void* data) const;
  Region* object(const char* name, bool produce, u8* data, size_t bytes);
  EndWatch& end(const void* e);
  u8* missing(size_t bytes);  // memory in place of an object that was never there

  void say(const char* kind, uint32_t at, std::string operation, std::string buffer, std::string text) const {
    report(kind, at, column, row, std::move(operation), std::move(buffer), std::move(text));
  }
  bool read(const void* data, int64_t offset, size_t size, size_t bytes, uint32_t at);
  bool write(const void* data, int64_t offset, size_t size, size_t bytes, uint32_t at);
  void ends(uint32_t at);  // the core's body has ended
  // Runs a kernel on `pointers` twice, the second time with other bytes where nothing was written: what then differs
  // depends on memory that it must not read. `result`: of `size` bytes, or null.
  void kernel(const char* name, uint32_t at, const void* const* pointers, size_t count, void (*run)(void*), void* with, void* result, size_t size);
  // Counts the passes of a loop; whether the body must end, as the budget is spent.
  bool step(uint32_t at, uint64_t n = 1);
  const std::map<uint32_t, uint64_t>& steps() const { return steps_; }
  void forget_steps() { steps_.clear(); }

 private:
  bool inside(const char* verb, const void* data, int64_t offset, size_t size, size_t bytes, uint32_t at) const;
  std::map<const void*, EndWatch> ends_;
  std::vector<std::unique_ptr<u8[]>> missing_;
  std::map<uint32_t, uint64_t> steps_;  // by line, since the last transfer
};

inline std::string count(uint64_t n, const char* what) { return std::to_string(n) + " " + what + (n == 1 ? "" : "s"); }

// -- objectfifos: E is an end of design.hpp ------------------------------------------------------------------

template <class E>
void acquiring(Watch& w, E& e, uint32_t n, bool produce, uint32_t at) {
  EndWatch& known = w.end(&e);
  const std::string op = "acquire @" + std::string(e.name) + (produce ? "(Produce, " : "(Consume, ") + std::to_string(n) + ")";
  const uint64_t have = e.acquired - e.head;
  if (n <= have && known.repeat_of == at)
    w.say("missing release", at, op, e.name,
          count(have, "object") + (have == 1 ? " is" : " are") + " held since this line ran before and none was released; on the array nothing new is waited for, the core " +
              (produce ? "writes the same object again and nothing is sent" : "sees the same object again"));
  known.repeat_of = at;
}

template <class E>
void acquired(Watch& w, E& e, size_t bytes, bool produce, uint32_t at) {
  if constexpr (requires { e.acquires->clock; })  // an end in locks: what was done before they were given is known
    if (e.acquires != nullptr && w.agent != nullptr) w.agent->clock.join(e.acquires->clock);
  EndWatch& known = w.end(&e);
  known.acquire_line = at;
  for (uint64_t k = known.known < e.head ? e.head : known.known; k < e.acquired; ++k) {
    Region* r = w.object(e.name, produce, e.template at<u8>(k), bytes);
    r->held = true;
    std::memset(r->written.data(), !produce, bytes);
  }
  known.known = e.acquired;
}

template <class E>
void release(Watch& w, E& e, uint32_t n, bool produce, uint32_t at) {
  const std::string op = "release @" + std::string(e.name) + (produce ? "(Produce, " : "(Consume, ") + std::to_string(n) + ")";
  const uint64_t have = e.acquired - e.head;
  if (n > have) {
    w.say("double release", at, op, e.name,
          count(have, "object") + (have == 1 ? " is" : " are") + " held; on the array the lock counts an object that is not there, and " +
              (produce ? "stale data is sent" : "the DMA overwrites what is still to be read"));
    n = uint32_t(have);
  }
  for (uint64_t k = e.head; k < e.head + n; ++k) {
    Region* r = w.find(e.template at<u8>(k));
    if (r == nullptr) continue;
    if (produce && !r->whole()) {
      const size_t first = r->first_unwritten(0, r->bytes);
      size_t missing = 0;
      for (const u8 byte : r->written) missing += !byte;
      w.say("uninitialised", at, op, e.name,
            std::to_string(missing) + " of " + count(r->bytes, "byte") + " were not written since it was acquired, the first is byte " + std::to_string(first) +
                "; on the array what an earlier object left there is sent");
    }
    r->held = false;
  }
  w.end(&e).repeat_of = 0;
  if constexpr (requires { e.releases->clock; })
    if (e.releases != nullptr && w.agent != nullptr) {
      e.releases->clock.join(w.agent->clock);
      w.agent->clock.tick(w.agent->number);
    }
  e.release(n);
}

// Object `k` of an end, as T; reported unless the core holds it.
template <class T, class E>
T* object(Watch& w, E& e, uint64_t k, uint64_t n, uint32_t at) {
  if (k < e.head) {
    w.say("use after release", at, "use of an object of @" + std::string(e.name), e.name,
          "it was released " + count(e.head - k, "object") + " ago; on the array the DMA may be " + "using it, and what is read or written here depends on time");
  } else if (k >= e.acquired) {
    w.say("not held", at, "use of an object of @" + std::string(e.name), e.name,
          count(e.acquired - e.head, "object") + " held, this is number " + std::to_string(k - e.head + 1) + "; on the array the DMA may be using it");
  }
  T* p = e.template at<T>(k);
  return p != nullptr ? p : reinterpret_cast<T*>(w.missing(n * sizeof(T)));
}

// -- accesses of bodies ------------------------------------------------------------------------------------

template <class T>
T load(Watch& w, const T* data, int64_t index, int64_t n, uint32_t at) {
  return w.read(data, index * int64_t(sizeof(T)), sizeof(T), size_t(n) * sizeof(T), at) ? data[index] : T{};
}
template <class T, class V>
void store(Watch& w, T* data, int64_t index, int64_t n, uint32_t at, V value) {
  if (w.write(data, index * int64_t(sizeof(T)), sizeof(T), size_t(n) * sizeof(T), at)) data[index] = T(value);
}

// A memref.alloca of a body: on the core's stack.
template <class T, size_t N>
struct Local {
  Guarded<T, N> memory;
  Watch& watch;
  Region* region;
  Local(Watch& w, uint32_t line) : watch(w), region(add_region("alloca of line " + std::to_string(line), Kind::kLocal, w.column, w.row, memory.data, sizeof memory.data, false)) {
    w.locals += sizeof memory.data;
    w.reaches(region);
  }
  ~Local() {
    watch.locals -= sizeof memory.data;
    std::erase(watch.regions, region);
    drop_region(region);
  }
  Local(const Local&) = delete;
  Local& operator=(const Local&) = delete;
  operator T*() { return memory.data; }
};

// -- kernels -----------------------------------------------------------------------------------------------

template <class R, class... P, class... A>
R call(Watch& w, const char* name, uint32_t at, R (*kernel)(P...), A... values) {
  const void* pointers[sizeof...(A) + 1];
  size_t count = 0;
  auto note = [&](auto v) {
    if constexpr (std::is_pointer_v<decltype(v)>) pointers[count++] = v;
  };
  (note(values), ...);
  if constexpr (std::is_void_v<R>) {
    auto run = [&] { kernel(P(values)...); };
    w.kernel(name, at, pointers, count, [](void* f) { (*static_cast<decltype(run)*>(f))(); }, &run, nullptr, 0);
  } else {
    R result{};
    auto run = [&] { result = kernel(P(values)...); };
    w.kernel(name, at, pointers, count, [](void* f) { (*static_cast<decltype(run)*>(f))(); }, &run, &result, sizeof result);
    return result;
  }
}

// -- locks: L is one of tiles.hpp ----------------------------------------------------------------------------

template <class L>
void take(Watch& w, L& lock) {
  if (w.agent != nullptr) w.agent->clock.join(lock.clock);
}
template <class L>
void give(Watch& w, L& lock, int n, uint32_t at) {
  lock_fits(lock.name, lock.value + n, at, w.column, w.row, "use_lock Release of " + std::to_string(n));
  if (w.agent != nullptr) {
    lock.clock.join(w.agent->clock);
    w.agent->clock.tick(w.agent->number);
  }
  lock.give(n);
}

}  // namespace aieb::check
