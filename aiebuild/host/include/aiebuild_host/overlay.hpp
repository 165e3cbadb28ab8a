// An opened overlay: its paths, cores and buffers, the scheduler of each thread and the controller that
// executes runtime sequences.
#pragma once

#include <aie_api/detail/state.hpp>
#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <type_traits>
#include <vector>

#include "abi.hpp"
#include "design.hpp"
#include "loader.hpp"
#include "paths.hpp"
#include "pool.hpp"

namespace aieb {

// A buffer of a core that the sequence can write (run-time parameters).
struct BufferRef {
  std::string name;
  u8* data;
  uint64_t words;  // of 32 bits
};

// Rounding and saturation belong to an AIE core; the AIE API's host headers keep them per thread, so the
// scheduler exchanges them when it switches cores. The same goes for the counts of the counting build.
using ArithmeticState = aie::detail::core_state_t;
static_assert(sizeof(ArithmeticState) <= sizeof(Core::arithmetic) && std::is_trivially_copyable_v<ArithmeticState>);

inline void switch_in(const Core& c) { std::memcpy(&aie::detail::core_state, c.arithmetic, sizeof(ArithmeticState)); }
inline void switch_out(Core& c) {
  std::memcpy(c.arithmetic, &aie::detail::core_state, sizeof(ArithmeticState));
#if defined(AIEBUILD_COUNT)
  using Counts = aie::detail::op_counts_t;
  static_assert(sizeof(Counts) % sizeof(uint64_t) == 0 && sizeof(Counts) <= kOps * sizeof(uint64_t));
  uint64_t values[sizeof(Counts) / sizeof(uint64_t)];
  std::memcpy(values, &aie::detail::op_counts, sizeof values);
  for (size_t i = 0; i < sizeof values / sizeof values[0]; ++i) c.ops[i] += values[i];
  aie::detail::op_counts = {};
#endif
}

class Overlay {
 public:
  std::deque<Source> sources;
  std::deque<Sink> sinks;
  std::deque<Ring> rings;
  std::vector<Core*> cores;          // in column-major order
  std::vector<OutEnd*> outs;
  std::vector<InEnd*> ins;
  std::vector<BufferRef> buffers;
  std::vector<std::coroutine_handle<>> handles;
  std::vector<AlignedBytes> memory;  // of ends' slots
  std::deque<std::vector<LongRun>> layouts;
  std::deque<InEnd> idle_ins;
  std::deque<OutEnd> idle_outs;
  std::deque<RingIn> idle_ring_ins;
  std::deque<RingOut> idle_ring_outs;
  EngineCounters engine{};
  std::string error;
  bool broken = false;

  explicit Overlay(uint32_t threads) {
    Builder builder(*this);
    design_ = make_design(builder);
    spread(threads);
    place();
  }
  ~Overlay() {
    for (auto handle : handles) handle.destroy();
    if (design_) free_design(design_);
  }
  Overlay(const Overlay&) = delete;
  Overlay& operator=(const Overlay&) = delete;

  // --- use ------------------------------------------------------------------------------------------
  std::unique_ptr<Sequence> load(const u8* data, size_t n) {
    std::vector<SequenceLoader::BufferInfo> infos;
    for (const BufferRef& b : buffers) infos.push_back({b.name, b.words});
    return SequenceLoader(sources, sinks, infos).load(data, n);
  }

  // Runs one sequence to its end. Returns 0, or 1 with `error` set.
  int dispatch(Pool* pool, Sequence& seq, const Arg* args, uint32_t nargs, uint32_t flags) {
    error.clear();
    if (broken) return fail("the overlay stopped in an earlier dispatch; reopen it");
    if (nargs != seq.args.size())
      return fail("sequence `" + seq.name + "` takes " + std::to_string(seq.args.size()) + " arguments, got " + std::to_string(nargs));
    uint32_t in_place = kChecked || (flags & kFlagNoAlias) ? 0u : ~0u;  // arguments whose objects may be used where they lie
    for (uint32_t i = 0; i < nargs; ++i) {
      const ArgExtent& need = seq.args[i];
      const auto address = reinterpret_cast<uintptr_t>(args[i].data);
      if (address % kArgAlignment != 0)
        return fail("argument " + std::to_string(i) + " of `" + seq.name + "` is not aligned to " + std::to_string(kArgAlignment) + " bytes");
      if (need.needed > args[i].bytes)
        return fail(seq.file + ":" + std::to_string(need.line) + ": transfer on @" + need.symbol + " reaches byte " + std::to_string(need.needed) +
                    " of argument " + std::to_string(i) + ", which has " + std::to_string(args[i].bytes) + " bytes");
      if (need.needed > 0 && !args[i].data) return fail("argument " + std::to_string(i) + " of `" + seq.name + "` is null");
      for (uint32_t k = 0; k < i; ++k) {
        const auto other = reinterpret_cast<uintptr_t>(args[k].data);
        // Two arguments over the same memory: the loader could not see which transfers touch.
        if (address < other + args[k].bytes && other < address + args[i].bytes) in_place &= ~(1u << i | 1u << k);
      }
    }
    const uint64_t start = now_ns();
    seq.bind(args, in_place);
    for (const auto& [source, view] : seq.copied) sources[source].views[view]->allocate();
    if (in_place != ~0u)
      for (uint32_t s : seq.in_used)
        for (auto& v : sources[s].views) v->allocate();
    for (InEnd* e : ins)
      if (e->core) e->core->stream = nullptr;
    for (uint32_t s : seq.in_used) sources[s].begin(&seq.in[s]);
    for (uint32_t s : seq.out_used) sinks[s].begin(&seq.out[s]);
    seq_ = &seq;
    flags_ = flags;
    pc_ = 0;
    armed_ = false;
    waiting_.clear();
    wait_at_ = 0;
    consumed_.assign(sources.size(), 0);
    left_over_ = false;
    stop_.store(false, std::memory_order_relaxed);
    check_ = 0;
    for (auto& t : threads_) t->acknowledged.value.store(0, std::memory_order_relaxed);
    asked_.value.store(0, std::memory_order_relaxed);
    pool->active = pool->strain >= kStrained && seq.pace.choose_half() ? (pool->threads + 1) / 2 : pool->threads;
    active_ = pool->active;
    stalled_ = 0;
    pool->run(pool, [](void* self, uint32_t thread) { static_cast<Overlay*>(self)->run(thread); }, this);
    if (error.empty()) {
      std::string rest;
      for (const OutEnd* e : outs)
        if (e->has_pending()) rest += (rest.empty() ? "" : ", ") + std::to_string(e->head - e->pending) + " in @" + e->name;
      if (!rest.empty()) {
        left_over_ = true;
        if (flags & kFlagStrict) error = "sequence `" + seq.name + "` ends with objects that no task takes: " + rest;
      }
    }
    seq_ = nullptr;
    settle(pool, seq, now_ns() - start);
    ++engine.dispatches;
    engine.tasks += seq.tasks;
    engine.syncs += seq.syncs;
    engine.nanoseconds += now_ns() - start;
    if (left_over_) ++engine.leftover;
    if (error.empty()) return 0;
    broken = true;
    return 1;
  }

  EngineCounters counters() const {
    EngineCounters c = engine;
    for (const InEnd* e : ins) c.aliased += e->counters.aliased, c.copied += e->counters.copied, c.copied_bytes += e->counters.copied_bytes;
    for (const OutEnd* e : outs) c.aliased += e->counters.aliased, c.copied += e->counters.copied, c.copied_bytes += e->counters.copied_bytes;
    return c;
  }
  void clear_counters() {
    engine = {};
    for (InEnd* e : ins) e->counters = {};
    for (OutEnd* e : outs) e->counters = {};
    for (Core* c : cores) {
      c->resumes = c->kernel_calls = 0;
      std::fill(c->ops, c->ops + kOps, 0);
    }
  }
  int fail(std::string text) {
    error = std::move(text);
    return 1;
  }

 private:
  struct alignas(kLine) Thread {
    std::vector<Core*> cores;
    std::vector<OutEnd*> outs;
    alignas(kLine) Counter work;  // odd while a core runs
    Counter acknowledged;  // the last quiescence check that found nothing to do here
  };

  // Assigns cores to threads in column-major order, neighbours together.
  void spread(uint32_t threads) {
    const uint32_t count = std::max(1u, std::min(threads, uint32_t(cores.size())));
    for (uint32_t t = 0; t < count; ++t) threads_.push_back(std::make_unique<Thread>());
    for (size_t k = 0; k < cores.size(); ++k) {
      const size_t index = k * count / cores.size();
      Thread& t = *threads_[index];
      t.cores.push_back(cores[k]);
      for (OutEnd* e : outs)
        if (e->core == cores[k]) t.outs.push_back(e);
    }
  }

  // Lays out the counters: those of one path that one thread writes on lines of their own; those that the
  // controller writes, which it advances in bursts, side by side.
  void place() {
    auto line = [&](size_t n) {
      memory.push_back(aligned_bytes(n * sizeof(Counter)));
      return new (memory.back().get()) Counter[n];
    };
    auto thread_of = [&](const Core* core) {
      for (size_t k = 0; k < cores.size(); ++k)
        if (cores[k] == core) return k * threads_.size() / cores.size();
      return threads_.size();
    };
    // Places the counters of all ends of some paths, thread by thread.
    auto group = [&](auto& paths, auto&& ends_of, auto&& counter) {
      for (size_t t = 0; t <= threads_.size(); ++t) {
        size_t n = 0;
        for (auto* p : paths)
          for (auto* e : ends_of(*p)) n += thread_of(e->core) == t;
        Counter* next = n ? line(n) : nullptr;
        for (auto* p : paths)
          for (auto* e : ends_of(*p))
            if (thread_of(e->core) == t) counter(*e) = next++;
      }
    };
    std::vector<Source*> ordered;  // those that threads share first: what one waits for then lies side by side
    for (const bool shared : {true, false})
      for (Source& s : sources) {
        bool mixed = false;
        for (const InEnd* e : s.consumers) mixed = mixed || thread_of(e->core) != thread_of(s.consumers[0]->core);
        if (mixed == shared) ordered.push_back(&s);
      }
    for (Source& s : sources) source_at_.push_back(&s);
    for (Sink& s : sinks) sink_at_.push_back(&s);
    group(ordered, [](Source& s) -> auto& { return s.consumers; }, [](InEnd& e) -> Counter*& { return e.released; });
    group(sink_at_, [](Sink& s) -> auto& { return s.producers; }, [](OutEnd& e) -> Counter*& { return e.delivered; });
    Counter* bells = line(sources.size());
    for (Source& s : sources) {
      s.available = bells++;
      for (const InEnd* e : s.consumers) s.taps.push_back({e->released, e->depth, e->view->repeat});
    }
    bells = line(sinks.size());
    for (Sink& s : sinks) {
      s.started = bells++;
      for (const OutEnd* e : s.producers) s.arrived.push_back(e->delivered);
    }
    for (Ring& r : rings) {
      std::vector<Ring*> one{&r};
      group(one, [](Ring& x) -> auto& { return x.producers; }, [](RingOut& e) -> Counter*& { return e.released; });
      group(one, [](Ring& x) -> auto& { return x.consumers; }, [](RingIn& e) -> Counter*& { return e.released; });
      for (const RingOut* e : r.producers) r.written.push_back(e->released);
      for (const RingIn* e : r.consumers) r.taps.push_back({e->released, e->depth, e->repeat});
    }
    for (Source& s : sources)
      for (size_t t = 0; t < threads_.size(); ++t) s.near.push_back(std::make_unique<Near>(s.taps.size()));
    for (InEnd* e : ins) {
      if (const size_t t = thread_of(e->core); t < threads_.size()) ++(e->near = e->source->near[t].get())->consumers;
      for (const InEnd* c : e->source->consumers)
        if (thread_of(c->core) != thread_of(e->core)) e->quantum = std::max(1u, (e->depth + e->source->memory_depth) / 2);
    }
  }

  // Whether others want the processors, from what a dispatch by all threads waited for one of them.
  void settle(Pool* pool, Sequence& seq, uint64_t ns) {
    const bool all = pool->active == pool->threads;
    if (pool->strain >= kStrained) seq.pace.note(!all, ns);
    if (!all || pool->threads == 1) return;
    pool->strain = stalled_ >= kStalled && stalled_ >= ns / 3 ? std::min(pool->strain + 1, kMostStrain) : pool->strain / 2;
  }

  // One round over a thread's cores.
  bool round(Thread& t, bool controls) {
    bool progress = false;
    uint64_t work = t.work.value.load(std::memory_order_relaxed);
    auto moved = [&] { t.work.set(++work); };
    for (size_t k = 0; k < t.cores.size(); ++k) {
      Core& c = *t.cores[k];
      if (c.waiting && !c.waiting->ready(c.wanted)) continue;
      moved();
      resume(c);
      moved();
      bell_.ring();
      progress = true;
      if (c.handle.done()) t.cores.erase(t.cores.begin() + long(k--));
#if defined(AIEBUILD_SANITIZE)
      if (!check::stop_reason().empty()) halt(check::stop_reason());
#endif
      if (controls) step();
    }
    for (OutEnd* e : t.outs)
      if (e->has_pending() && e->pump()) moved(), moved(), progress = true;
    return progress;
  }

  // Thread `index` of `active_`, which has the cores of every `active_`th of `threads_`.
  void run(uint32_t index) {
    if (index >= threads_.size()) return;  // more threads than cores
    const ArithmeticState callers = aie::detail::core_state;
    uint32_t idle = 0, seen = 0;
    uint64_t others = 0;
    while (!stop_.load(std::memory_order_acquire)) {
      bool progress = false;
      const uint64_t asked = asked_.get();
      for (size_t k = index; k < threads_.size(); k += active_) progress |= round(*threads_[k], index == 0);
      if (index == 0 && step()) progress = true;
      if (progress) {
        bell_.ring();
        idle = 0;
        if (index == 0) check_ = 0;
        continue;
      }
      // Memory would idle as well.
      for (const Core* c : threads_[index]->cores)
        if (c->stream) c->stream->fetch_ahead(kIdleBytes, c->stream->acquired, kIdleAhead);
      for (size_t k = index; k < threads_.size(); k += active_)
        if (Counter& c = threads_[k]->acknowledged; c.value.load(std::memory_order_relaxed) != asked) c.set(asked);
      if (index == 0 && idle > kPatience) quiet();
      relax();
      // While others get on, what this one waits for is under way. Where they do not, they may need the processor.
      if (++idle % kGlance == 0 && idle <= kPatience) {
        uint64_t now = 0;
        for (const auto& o : threads_) now += o->work.get();
        if (now != others) others = now, idle = 0;
      }
      if (idle == kPatience) {
        seen = bell_.announce();
      } else if (idle > kPatience) {
        const uint64_t asleep = now_ns();
        bell_.sleep(seen);
        if (index == 0) stalled_ += now_ns() - asleep;
        seen = bell_.announce();
      }
    }
    bell_.ring();
    aie::detail::core_state = callers;
  }

  void resume(Core& c) {
    switch_in(c);
    c.handle.resume();
    switch_out(c);
    ++c.resumes;
  }

  // The controller: executes the sequence as far as possible. Thread 0 only. It is asked between any two
  // turns of a core, so that waiting is one comparison.
  bool step() {
    bool moved = false;
    const std::vector<Op>& ops = seq_->ops;
    for (;;) {
      for (; wait_at_ < waiting_.size(); ++wait_at_)
        if (waiting_[wait_at_].counter->get() < waiting_[wait_at_].count) return moved;
      if (armed_) {
        armed_ = false;
        moved = true;
        if (pc_ == ops.size()) {
          stop_.store(true, std::memory_order_release);
          return true;
        }
        const Op& op = ops[pc_++];
        for (const auto& [path, objects] : op.after) consumed_[path] = std::max(consumed_[path], objects);
        if (op.kind == Op::kStartOut) sink_at_[op.path]->started->set(sink_at_[op.path]->base + op.objects);
      }
      for (; pc_ < ops.size(); ++pc_, moved = true) {
        const Op& op = ops[pc_];
        if (op.kind == Op::kStartIn) {
          Source& s = *source_at_[op.path];
          s.available->set(s.base + op.objects);
        } else if (op.kind == Op::kRtp) {
          const BufferRef& b = buffers[op.path];
          __atomic_store_n(reinterpret_cast<uint32_t*>(b.data) + op.objects, uint32_t(op.value), __ATOMIC_RELEASE);
#if defined(AIEBUILD_SANITIZE)
          check::mark_written(b.data + size_t(op.objects) * 4, 4);
#endif
        } else {
          break;
        }
      }
      arm();
    }
  }

  // Notes what the operation at hand, or the end of the sequence, waits for.
  void arm() {
    waiting_.clear();
    wait_at_ = 0;
    armed_ = true;
    const Sequence& s = *seq_;
    auto consumed = [&](const Source& src, uint64_t count) {
      if (src.materialised.load(std::memory_order_relaxed) >= count) return;
      for (const Tap& t : src.taps) waiting_.push_back({t.released, count * t.repeat});
    };
    auto arrived = [&](const Sink& sink, uint64_t count) {
      for (const Counter* c : sink.arrived) waiting_.push_back({c, count});
    };
    if (pc_ == s.ops.size()) {
      // Everything has been issued: let the cores finish with what is under way.
      for (uint32_t k : s.in_used) consumed(*source_at_[k], source_at_[k]->available->get());
      for (uint32_t k : s.out_used) arrived(*sink_at_[k], sink_at_[k]->started->get());
      return;
    }
    const Op& op = s.ops[pc_];
    if (op.kind == Op::kWaitIn) consumed(*source_at_[op.path], source_at_[op.path]->base + op.objects);
    if (op.kind == Op::kWaitOut) arrived(*sink_at_[op.path], sink_at_[op.path]->base + op.objects);
    for (const auto& [path, objects] : op.after)
      if (consumed_[path] < objects) consumed(*source_at_[path], source_at_[path]->base + objects);
  }
  bool read(const Source& s, uint64_t objects) const {
    return s.consumed() >= s.base + objects || s.materialised.load(std::memory_order_relaxed) >= s.base + objects;
  }

  // Thread 0 has found nothing to do for a while. Two rounds in which every thread looks at all its
  // cores and nobody makes progress prove that nothing can run.
  void quiet() {
    if (check_ == 0) {
      snapshot_.clear();
      for (auto& t : threads_) snapshot_.push_back(t->work.get());
      asked_.set(++round_);
      check_ = 1;
      return;
    }
    for (size_t t = 1; t < threads_.size(); ++t)
      if (threads_[t]->acknowledged.get() != round_) return;
    for (size_t t = 0; t < threads_.size(); ++t)
      if (snapshot_[t] % 2 != 0 || threads_[t]->work.get() != snapshot_[t]) {
        check_ = 0;
        return;
      }
    if (check_++ == 1) {
      asked_.set(++round_);
      return;
    }
    check_ = 0;
    stuck();
  }

  void stuck();
  std::string diagnose() const;
  std::string chain() const;

  void halt(std::string text) {
    error = std::move(text);
    stop_.store(true, std::memory_order_release);
  }

  // Looks for work without success, nobody else getting on either, before a thread sleeps; about 10 us.
  static constexpr uint32_t kPatience = 60;
  static constexpr uint32_t kGlance = 20;  // of these, between two looks at the others
  static constexpr uint32_t kIdleBytes = 128;  // that a core's stream is fetched ahead at each such look
  static constexpr uint32_t kIdleAhead = 16;   // objects ahead of what it took
  static constexpr uint64_t kStalled = 500'000;  // ns that a dispatch may wait for a thread without a processor
  static constexpr uint32_t kStrained = 2;
  static constexpr uint32_t kMostStrain = 8;
  void* design_ = nullptr;
  std::vector<std::unique_ptr<Thread>> threads_;
  Sequence* seq_ = nullptr;
  uint32_t flags_ = 0;
  uint32_t active_ = 1;
  uint64_t stalled_ = 0;             // ns that thread 0 has slept
  size_t pc_ = 0;
  struct Awaited {
    const Counter* counter;
    uint64_t count;
  };
  std::vector<Awaited> waiting_;     // by the operation at `pc_`, once `armed_`
  size_t wait_at_ = 0;               // the first of them that may not have come about
  bool armed_ = false;
  std::vector<uint64_t> consumed_;   // objects of each source known to be consumed
  std::vector<Source*> source_at_;
  std::vector<Sink*> sink_at_;
  bool left_over_ = false;
  Bell bell_;
  alignas(kLine) std::atomic<bool> stop_{false};
  alignas(kLine) Counter asked_;
  alignas(kLine) uint64_t round_ = 0;
  uint32_t check_ = 0;
  std::vector<uint64_t> snapshot_;
};

}  // namespace aieb
