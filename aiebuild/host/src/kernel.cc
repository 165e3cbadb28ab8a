// The checking mode: kernels. A kernel is run on the core's memory as it is, then once more on the same memory with
// other bytes in every place that was never written, is not held, or lies between buffers. What differs afterwards
// depends on bytes that the kernel had no business reading. The stack is painted before the first run.
#include <aie_api/detail/state.hpp>
#include <aiebuild_sanitize/session.hpp>

#include <link.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

namespace aieb::check {
namespace {

// -- stack ---------------------------------------------------------------------------------------------------------

constexpr size_t kPainted = 96 * 1024;
constexpr u8 kPaint = 0xB7;
constexpr uint64_t kPaintedWord = 0xB7B7B7B7B7B7B7B7;

__attribute__((noinline)) void paint() {
  alignas(8) volatile u8 area[kPainted];
  std::memset(const_cast<u8*>(area), kPaint, kPainted);
  asm volatile("" ::"r"(area) : "memory");
}

// Bytes of the painted area that were used since; stacks grow down here.
__attribute__((noinline)) size_t used() {
  alignas(8) volatile u8 area[kPainted];
  asm volatile("" ::"r"(area) : "memory");
  const auto* words = reinterpret_cast<const volatile uint64_t*>(area);
  size_t k = 0;
  while (k < kPainted / 8 && words[k] == kPaintedWord) ++k;
  return kPainted - 8 * k;
}

// -- running what may crash --------------------------------------------------------------------------------------

constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
constexpr double kEndless = 10;  // seconds of processor time after which a kernel is taken to be endless

struct Guard {
  sigjmp_buf to;
};
thread_local Guard* guard = nullptr;

void caught(int signal) {
  if (guard != nullptr) siglongjmp(guard->to, signal);
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

// Runs `run` for at most `seconds`; 0, or the signal that ended it. `deepest`: bytes of stack that it used.
int guarded(void (*run)(void*), void* with, double seconds, size_t* deepest = nullptr) {
  std::vector<u8>& spare = session().spare;  // for handlers: the stack may be what is wrong
  spare.resize(65536);
  const int alarm = SIGRTMAX - 2;
  stack_t stack{}, before_stack{};
  stack.ss_sp = spare.data(), stack.ss_size = spare.size();
  sigaltstack(&stack, &before_stack);
  struct sigaction action {}, before[5];
  action.sa_handler = caught;
  action.sa_flags = SA_ONSTACK | SA_NODEFER;
  for (int k = 0; k < 4; ++k) sigaction(kSignals[k], &action, &before[k]);
  sigaction(alarm, &action, &before[4]);
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = alarm;
  event._sigev_un._tid = pid_t(syscall(SYS_gettid));
  timer_t timer;
  const bool timed = timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &timer) == 0;
  itimerspec limit{};
  limit.it_value.tv_sec = time_t(seconds);
  limit.it_value.tv_nsec = long((seconds - double(limit.it_value.tv_sec)) * 1e9) + 1;
  Guard here;
  const int signal = sigsetjmp(here.to, 1);
  if (signal == 0) {
    guard = &here;
    if (timed) timer_settime(timer, 0, &limit, nullptr);
    if (deepest != nullptr) paint();
    run(with);
    if (deepest != nullptr) *deepest = used();
  }
  guard = nullptr;
  if (timed) timer_delete(timer);
  for (int k = 0; k < 4; ++k) sigaction(kSignals[k], &before[k], nullptr);
  sigaction(alarm, &before[4], nullptr);
  sigaltstack(&before_stack, nullptr);
  return signal;
}

const char* named(int signal) {
  switch (signal) {
    case SIGSEGV:
    case SIGBUS: return "reaches an address where there is no memory";
    case SIGFPE: return "divides by zero";
    case SIGILL: return "runs into an instruction that is none";
    default: return "does not end";
  }
}

// -- images of a core's memory -------------------------------------------------------------------------------------

u8* first_of(const Region& r) { return r.data - (r.zones ? kZone : 0); }
size_t size_of(const Region& r) { return r.bytes + (r.zones ? 2 * kZone : 0); }

// Zones and data of regions, one after the other.
struct Image {
  std::vector<std::vector<u8>> of;

  void take(const std::vector<Region*>& regions) {
    of.resize(regions.size());
    for (size_t k = 0; k < regions.size(); ++k) of[k].assign(first_of(*regions[k]), first_of(*regions[k]) + size_of(*regions[k]));
  }
  void put(const std::vector<Region*>& regions) const {
    for (size_t k = 0; k < regions.size(); ++k) std::memcpy(first_of(*regions[k]), of[k].data(), of[k].size());
  }
};

// The statics of the library: kernels must find the same in both runs. What the run itself keeps is not among them.
struct Statics {
  u8* at = nullptr;
  std::vector<u8> bytes;

  Statics() {
    dl_iterate_phdr(
        [](dl_phdr_info* info, size_t, void* self) {
          auto* s = static_cast<Statics*>(self);
          const auto here = reinterpret_cast<uintptr_t>(&kSignals);
          bool own = false;
          uintptr_t begin = 0, end = 0, relro = 0;
          for (int k = 0; k < info->dlpi_phnum; ++k) {
            const auto& p = info->dlpi_phdr[k];
            const uintptr_t from = info->dlpi_addr + p.p_vaddr, to = from + p.p_memsz;
            if (p.p_type == PT_LOAD && here >= from && here < to) own = true;
            if (p.p_type == PT_LOAD && (p.p_flags & PF_W) != 0) begin = from, end = to;
            if (p.p_type == PT_GNU_RELRO) relro = (to + 4095) / 4096 * 4096;
          }
          if (!own) return 0;
          begin = std::max(begin, relro);
          if (begin < end) s->at = reinterpret_cast<u8*>(begin), s->bytes.assign(s->at, s->at + (end - begin));
          return 1;
        },
        this);
  }
  void save() { std::copy(at, at + bytes.size(), bytes.begin()); }
  void put() const { std::copy(bytes.begin(), bytes.end(), at); }
};

struct Outcome {
  Image began, memory;  // before and after
  aie::detail::core_state_t state;
  std::vector<u8> result;
  int signal = 0;
};

// -- one call ------------------------------------------------------------------------------------------------------

// What is replaced by other bytes for a second run.
enum Part : unsigned { kNone = 0, kUnwritten = 1, kAround = 2, kUnheld = 4, kAll = 7 };

struct Call {
  Watch& watch;
  const char* name;
  uint32_t line;
  void (*run)(void*);
  void* with;
  void* result;
  size_t result_bytes;
  std::vector<Region*> regions;  // of the core, as they are when the call begins
  Image before{};
  Statics statics{};
  aie::detail::core_state_t state = aie::detail::core_state;
  std::vector<const void*> given{};  // the pointers among its arguments
  std::vector<Region*> doubtful{};  // told about: which of their bytes are written is not known

  std::string operation() const { return "call @" + std::string(name); }
  void say(const char* kind, const Region& r, std::string text) const { watch.say(kind, line, operation(), r.name, std::move(text)); }

  // The bytes that a second run begins with, for region k.
  std::vector<u8> replaced(size_t k, unsigned parts) const {
    const Region& r = *regions[k];
    std::vector<u8> bytes = before.of[k];
    const size_t zone = r.zones ? kZone : 0;
    if ((parts & kAround) != 0 && r.zones) {
      std::memset(bytes.data(), kNever, kZone);
      std::memset(bytes.data() + kZone + r.bytes, kNever, kZone);
    }
    if (!r.held) {
      if ((parts & kUnheld) != 0) std::memset(bytes.data() + zone, kNever, r.bytes);
    } else if ((parts & kUnwritten) != 0) {
      for (size_t i = 0; i < r.bytes; ++i)
        if (!r.written[i]) bytes[zone + i] = bytes[zone + i] == kNever ? u8(~kNever) : kNever;
    }
    return bytes;
  }

  void end(Outcome& o) const {
    o.memory.take(regions);
    o.state = aie::detail::core_state;
    if (result != nullptr) o.result.assign(static_cast<u8*>(result), static_cast<u8*>(result) + result_bytes);
  }
  Outcome again(unsigned parts, const Region* only, double seconds) {
    Outcome o;
    o.began.of.resize(regions.size());
    for (size_t k = 0; k < regions.size(); ++k) o.began.of[k] = replaced(k, only == nullptr || only == regions[k] ? parts : unsigned(kNone));
    o.began.put(regions);
    o.began.take(regions);  // neighbours share the zone between them
    statics.put();
    aie::detail::core_state = state;
    o.signal = guarded(run, with, seconds);
    end(o);
    return o;
  }

  // Whether byte i of region k was written in either run.
  bool written(size_t k, size_t i, const Outcome& a, const Outcome& b) const {
    return a.memory.of[k][i] != before.of[k][i] || b.memory.of[k][i] != b.began.of[k][i];
  }
  bool untouched(size_t k, const Outcome& a, const Outcome& b) const { return a.memory.of[k] == before.of[k] && b.memory.of[k] == b.began.of[k]; }
  // Whether what was written differs between the runs.
  bool differ(const Outcome& a, const Outcome& b) const {
    if (a.signal != b.signal || a.result != b.result) return true;
    for (size_t k = 0; k < regions.size(); ++k) {
      if (a.memory.of[k] == b.memory.of[k] || untouched(k, a, b)) continue;
      for (size_t i = 0; i < before.of[k].size(); ++i)
        if (a.memory.of[k][i] != b.memory.of[k][i] && written(k, i, a, b)) return true;
    }
    return false;
  }

  void blame(const Outcome& a, double seconds);
  void compare(const Outcome& a, const Outcome& b);
  void zones(const Region& r, size_t k, const Outcome& a);
};

// Finds which memory the result depends on: one place at a time is replaced.
void Call::blame(const Outcome& a, double seconds) {
  bool found = false;
  auto depends = [&](unsigned part, const Region& r) {
    return differ(a, again(part, &r, seconds));
  };
  for (Region* r : regions) {
    if (r->held && !r->whole() && depends(kUnwritten, *r)) {
      const size_t first = r->first_unwritten(0, r->bytes);
      size_t missing = 0;
      for (const u8 byte : r->written) missing += !byte;
      say("uninitialised", *r,
          "its result depends on bytes that were never written (" + std::to_string(missing) + " of " + std::to_string(r->bytes) + ", the first is byte " + std::to_string(first) +
              "); on the array they are what was left there");
      found = true;
    }
    if (!r->held && depends(kUnheld, *r)) {
      say("use after release", *r, "its result depends on an object that the core does not hold; on the array the DMA may be writing it");
      found = true;
    }
    if (r->zones && depends(kAround, *r)) {
      say("out of bounds", *r, "it reads outside of the buffer, and its result depends on that; on the array what lies beside it in the tile's memory is read");
      found = true;
    }
  }
  if (!found) watch.say("uninitialised", line, operation(), "", "its result depends on memory that was never written or is not held");
}

void Call::zones(const Region& r, size_t k, const Outcome& a) {
  auto look = [&](size_t from, bool after) {
    size_t first = kZone, last = 0, n = 0;
    static const std::vector<u8> clean(kZone, kZoneByte);
    if (std::memcmp(&a.memory.of[k][from], clean.data(), kZone) == 0) return;
    for (size_t i = 0; i < kZone; ++i)
      if (a.memory.of[k][from + i] != kZoneByte && first_of(r)[from + i] != kZoneByte) first = std::min(first, i), last = i, ++n;
    if (n == 0) return;
    std::memset(first_of(r) + from, kZoneByte, kZone);
    const std::string where = after ? "bytes " + std::to_string(r.bytes + first) + " to " + std::to_string(r.bytes + last) + " of " + std::to_string(r.bytes)
                                    : "bytes -" + std::to_string(kZone - first) + " to -" + std::to_string(kZone - last);
    say("out of bounds", r, "it writes " + where + "; on the array what lies " + (after ? "behind" : "before") + " it in the tile's memory is overwritten");
  };
  look(kZone + r.bytes, true);
  look(0, false);
}

// Puts the first run's results in place and says what is wrong with them.
void Call::compare(const Outcome& a, const Outcome& b) {
  a.memory.put(regions);
  for (size_t k = 0; k < regions.size(); ++k)
    if (regions[k]->zones) zones(*regions[k], k, a);
  for (Region* r : doubtful) std::memset(r->written.data(), 1, r->bytes);
  for (size_t k = 0; k < regions.size(); ++k) {
    Region& r = *regions[k];
    if (untouched(k, a, b)) continue;
    const size_t zone = r.zones ? kZone : 0;
    size_t first = r.bytes, end = 0, n = 0;
    for (size_t i = 0; i < r.bytes; ++i) {
      if (!written(k, zone + i, a, b)) continue;
      r.written[i] = 1;
      first = std::min(first, i), end = i + 1, ++n;
    }
    if (n == 0) continue;
    const std::string what = "it writes " + std::to_string(n) + " of " + std::to_string(r.bytes) + " bytes, the first is byte " + std::to_string(first);
    if (!r.held)
      say("use after release", r, what + ", of an object that the core does not hold; on the array the DMA may be sending or filling it");
    else if (r.kind == Kind::kConsumed)
      say("input written", r, what + ", of an object that the core consumes; on the array that is its own copy, without --sanitize it may be the argument itself or another core's");
    else if (std::find(given.begin(), given.end(), r.data) == given.end())
      say("out of bounds", r, what + ", of memory that it was not given; on the array that is overwritten");
    if (watch.agent != nullptr) touch(r, *watch.agent, first, end - first, true, line, operation());
  }
}

}  // namespace

void Watch::kernel(const char* name, uint32_t at, const void* const* pointers, size_t count, void (*run)(void*), void* with, void* result, size_t size) {
  if (session().stopped) return;
  if (once) {
    run(with);
    for (size_t k = 0; k < count; ++k)
      if (Region* r = find(pointers[k])) r->written.assign(r->bytes, 1);
    return;
  }
  Call call{*this, name, at, run, with, result, size, regions};
  call.before.take(regions);
  call.given.assign(pointers, pointers + count);
  const auto cpu = [] {
    timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return double(t.tv_sec) + 1e-9 * double(t.tv_nsec);
  };
  const double start = cpu();
  call.statics.save();
  size_t taken = 0;
  const int signal = guarded(run, with, kEndless, &taken);
  taken += locals;
  deepest = std::max(deepest, taken);
  Outcome a;
  a.signal = signal;
  call.end(a);
  Statics after;
  if (signal != 0) {
    say("crash", at, call.operation(), "", std::string("the kernel ") + named(signal));
    session().stopped = true;
    session().stop = "crash: " + call.operation() + " " + named(signal);
    return;
  }
  if (stack_size != 0 && taken > stack_size + session().spills)
    say("stack", at, call.operation(), "stack",
        "its frames take " + std::string(taken >= kPainted - 4096 ? "at least " : "") + std::to_string(taken) + " bytes on this machine" +
            (session().spills != 0 ? ", of which at most " + std::to_string(session().spills) + " may be vector registers on the array" : ", an estimate of the array's") + "; stack_size is " +
            std::to_string(stack_size) + "; on the array the stack grows into the buffers above it without an error");
  for (size_t k = 0; k < count; ++k)
    if (Region* r = find(pointers[k]); r != nullptr && agent != nullptr) touch(*r, *agent, 0, r->bytes, false, at, call.operation());
  const double limit = std::min(kEndless, 1 + 10 * (cpu() - start));
  const Outcome b = call.again(kAll, nullptr, limit);
  if (call.differ(a, b)) {
    const auto& told = session().findings;
    if (std::none_of(told.begin(), told.end(), [&](const Finding& f) {
          return f.line == at && f.column == column && f.row == row && (f.kind == "uninitialised" || f.kind == "out of bounds");
        }))
      call.blame(a, limit);
    for (size_t k = 0; k < count; ++k)
      if (Region* r = find(pointers[k]); r != nullptr && r->held) call.doubtful.push_back(r);
  }
  call.compare(a, b);
  if (result != nullptr) std::memcpy(result, a.result.data(), size);
  aie::detail::core_state = a.state;
  after.put();
}

}  // namespace aieb::check
