// Objectfifo paths. A path is fused: what lies between a shim's address pattern and a core's object
// (memory-tile link, distribute, join, data layout) is one pointer or one copy.
//
//   Source  shim MM2S -> consumers      Sink  producers -> shim S2MM      Ring  cores -> cores
//
// Objects of a path are numbered from 0 for the life of the overlay. Capacity is that of the array: a
// consumer gets object i only if the slowest one leaves room for it in the buffers on the way, so that a
// design whose cores consume unequally stops here as it does there.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "core.hpp"
#include "pattern.hpp"

namespace aieb {

inline constexpr size_t kLine = 128;      // two cache lines: the adjacent one is prefetched with it
inline constexpr uint32_t kMaxHeld = 16;  // objects one endpoint can hold at once

struct alignas(kLine) Counter {
  std::atomic<uint64_t> value{0};
  uint64_t get() const { return value.load(std::memory_order_acquire); }
  void set(uint64_t v) { value.store(v, std::memory_order_release); }
};

struct AlignedFree {
  void operator()(u8* p) const { std::free(p); }
};
using AlignedBytes = std::unique_ptr<u8[], AlignedFree>;

inline AlignedBytes aligned_bytes(size_t n) {
  n = (n + 127) / 128 * 128;
  u8* p = static_cast<u8*>(std::aligned_alloc(128, n ? n : 128));
  if (!p) throw std::bad_alloc();
  std::memset(p, 0, n);
  return AlignedBytes(p);
}

// A piece of one object that no regular plan describes.
struct AbsoluteRun {
  uint32_t arg;
  uint32_t dst;
  int64_t src;
  uint32_t len;
};

// How one view of a channel sees the objects of one entry.
struct EntryView {
  const CopyPlan* plan = nullptr;  // null: irregular, see `absolute`
  bool can_alias = false;
  bool alias = false;              // can_alias, and not forbidden for this dispatch
  std::vector<std::vector<AbsoluteRun>> absolute;  // [object in the entry]
};

// A stretch of a channel's objects in one sequence that one address pattern describes.
struct Entry {
  uint64_t begin = 0;  // objects, from the start of the sequence; end is exclusive
  uint64_t end = 0;
  u8* base = nullptr;  // set at each dispatch
  uint32_t arg = 0;
  int64_t offset = 0;
  uint32_t levels = 0;
  uint32_t n[6] = {};
  int64_t stride[6] = {};
  std::vector<EntryView> views;

  u8* object(uint64_t index) const {
    u8* p = base;
    if (levels == 0) return p;
    uint32_t o = uint32_t(index);
    for (uint32_t k = 0; k + 1 < levels; ++k) {
      const uint32_t q = o / n[k];
      p += int64_t(o - q * n[k]) * stride[k];
      o = q;
    }
    return p + int64_t(o) * stride[levels - 1];
  }
};

// The objects a sequence moves through one channel.
struct ChannelPlan {
  std::vector<Entry> entries;
  uint64_t objects = 0;
  u8* const* args = nullptr;  // of the dispatch, for irregular entries
};

struct PathCounters {
  uint64_t aliased = 0;
  uint64_t copied = 0;
  uint64_t copied_bytes = 0;
};

// ---------------------------------------------------------------------------------------------------
// Shim MM2S -> consumers.

struct InEnd;

// What a group of consumers sees of a source's objects, with the slots that copies go to.
struct View {
  Slice slice;
  uint32_t index = 0;
  uint32_t repeat = 1;  // each object reaches the consumers this many times
  uint32_t slots = 0;
  size_t pitch = 0;
  AlignedBytes data;
  struct alignas(64) Slot {
    std::atomic<uint64_t> claimed{0};  // number of the object that goes here, plus one
    std::atomic<uint64_t> ready{0};
  };
  std::unique_ptr<Slot[]> slot;

  void allocate() {
    if (data) return;
    pitch = (slice.bytes + 63) / 64 * 64 + 64;  // an odd number of lines apart: other cache sets
    data = aligned_bytes(pitch * slots);
    slot = std::make_unique<Slot[]>(slots);
  }
  u8* at(uint64_t object) const { return data.get() + (object % slots) * pitch; }
};

struct Source {
  std::string name;
  uint32_t column = 0;
  uint32_t channel = 0;
  uint32_t object_bytes = 0;
  uint32_t memory_depth = 0;  // objects in the memory tile; 0 without one
  std::vector<std::unique_ptr<View>> views;
  std::vector<InEnd*> consumers;

  Counter available;                       // objects whose task has been started
  std::atomic<uint64_t> materialised{0};   // objects below this one are in slots if not consumed
  uint64_t base = 0;                       // number of the first object of the running sequence
  const ChannelPlan* plan = nullptr;

  View* view(Slice slice, uint32_t repeat) {
    for (auto& v : views)
      if (v->slice == slice && v->repeat == repeat) return v.get();
    views.push_back(std::make_unique<View>());
    View* v = views.back().get();
    v->slice = std::move(slice);
    v->repeat = repeat;
    v->index = uint32_t(views.size() - 1);
    return v;
  }
  inline uint64_t consumed() const;
  inline uint64_t room() const;
  inline void begin(const ChannelPlan* p);
  inline void materialise(uint64_t upto);
};

// The consumer's end of a path that starts in DDR.
struct InEnd final : Waitable {
  Source* source = nullptr;
  View* view = nullptr;
  uint64_t head = 0;      // next object to release
  uint64_t acquired = 0;  // next object to acquire
  uint64_t limit = 0;     // objects below this one may be acquired, as far as known
  const Entry* entry = nullptr;
  uint64_t entry_begin = 0;
  uint64_t entry_end = 0;
  u8* held[kMaxHeld] = {};
  PathCounters counters;
  uint32_t depth = 0;
  Core* core = nullptr;
  std::string name;
  Counter released;

  bool acquire(uint32_t n) {
    const uint64_t need = head + n;
    if (need <= acquired) return true;
    if (need > limit) {
      limit = std::min(source->available.get() * view->repeat, source->room() * view->repeat);
      if (need > limit) return false;
    }
    while (acquired < need) {
      u8* p = locate(acquired / view->repeat);
      if (!p) return false;
      held[acquired % kMaxHeld] = p;
      ++acquired;
    }
    return true;
  }
  void release(uint32_t n) {
    head += n;
    released.set(head);
  }
  template <class T>
  T* at(uint64_t object) const {
    return reinterpret_cast<T*>(held[object % kMaxHeld]);
  }

  bool ready(uint32_t n) override { return acquire(n); }
  std::string describe(uint32_t n) const override {
    std::string s = "@" + name + "(Consume, " + std::to_string(n) + "); ";
    const uint64_t need = (head + n + view->repeat - 1) / view->repeat;
    if (need > source->available.get()) {
      s += "@" + source->name + " has no task with object " + std::to_string(need - 1 - source->base) +
           " (the sequence has started tasks for " + std::to_string(source->available.get() - source->base) + ")";
    } else {
      s += "@" + source->name + " is full";
      for (const InEnd* c : source->consumers)
        if (c != this && c->released.get() < released.get() && c->core)
          s += ", " + c->core->name + " has released " + std::to_string(c->released.get()) + " objects, " +
               (core ? core->name : "this one") + " " + std::to_string(released.get());
    }
    return s;
  }

  // Where object `k` of the source is for this endpoint; null while another thread is copying it.
  u8* locate(uint64_t k) {
    if (k < source->materialised.load(std::memory_order_acquire)) return view->at(k);
    while (k >= entry_end) next_entry();
    const EntryView& v = entry->views[view->index];
    if (v.alias) {
      ++counters.aliased;
      return entry->object(k - entry_begin) + v.plan->single_src;
    }
    View::Slot& s = view->slot[k % view->slots];
    if (s.ready.load(std::memory_order_acquire) == k + 1) return view->at(k);
    uint64_t seen = s.claimed.load(std::memory_order_relaxed);
    if (seen == k + 1 || !s.claimed.compare_exchange_strong(seen, k + 1, std::memory_order_acq_rel)) return nullptr;
    fill(*entry, k - entry_begin, view->at(k));
    s.ready.store(k + 1, std::memory_order_release);
    return view->at(k);
  }
  void fill(const Entry& e, uint64_t o, u8* to) {
    const EntryView& v = e.views[view->index];
    if (v.plan) {
      v.plan->gather(to, e.object(o));
    } else {
      for (const AbsoluteRun& r : v.absolute[o]) std::memcpy(to + r.dst, source->plan->args[r.arg] + r.src, r.len);
    }
    ++counters.copied;
    counters.copied_bytes += view->slice.bytes;
  }
  void next_entry() {
    entry = entry ? entry + 1 : source->plan->entries.data();
    entry_begin = source->base + entry->begin;
    entry_end = source->base + entry->end;
  }
};

inline uint64_t Source::consumed() const {
  uint64_t least = UINT64_MAX;
  for (const InEnd* c : consumers) least = std::min(least, c->released.get() / c->view->repeat);
  return least;
}

// Objects below the returned one fit the buffers on the way.
inline uint64_t Source::room() const {
  uint64_t least = UINT64_MAX;
  for (const InEnd* c : consumers) {
    uint64_t r = c->released.get() + c->depth;
    if (c->view->repeat != 1) r /= c->view->repeat;
    least = std::min(least, r);
  }
  return least + memory_depth;
}

inline void Source::begin(const ChannelPlan* p) {
  plan = p;
  base = available.get();
  for (InEnd* c : consumers) {
    c->entry = nullptr;
    c->entry_begin = c->entry_end = base;
  }
}

// Copies every object below `upto` that is not yet consumed into slots. Only while no core runs.
inline void Source::materialise(uint64_t upto) {
  if (upto <= materialised.load(std::memory_order_relaxed)) return;
  for (auto& v : views) {
    uint64_t from = upto;
    InEnd* any = nullptr;
    for (InEnd* c : consumers)
      if (c->view == v.get()) {
        from = std::min(from, c->head / v->repeat);
        any = c;
      }
    if (!any) continue;
    v->allocate();
    const uint64_t done = materialised.load(std::memory_order_relaxed);
    for (uint64_t k = std::max(from, std::max(done, base)); k < upto; ++k) {
      View::Slot& s = v->slot[k % v->slots];
      if (s.ready.load() == k + 1) continue;
      const Entry* e = plan->entries.data();
      while (k - base >= e->end) ++e;
      any->fill(*e, k - base - e->begin, v->at(k));
      s.claimed.store(k + 1);
      s.ready.store(k + 1);
    }
    for (InEnd* c : consumers)
      if (c->view == v.get())
        for (uint64_t i = c->head; i < c->acquired; ++i) c->held[i % kMaxHeld] = v->at(i / v->repeat);
  }
  materialised.store(upto, std::memory_order_release);
}

// ---------------------------------------------------------------------------------------------------
// Producers -> shim S2MM.

struct OutEnd;

struct Sink {
  std::string name;
  uint32_t column = 0;
  uint32_t channel = 0;
  uint32_t object_bytes = 0;
  uint32_t memory_depth = 0;
  std::vector<OutEnd*> producers;

  Counter started;     // objects whose task has been started
  uint64_t base = 0;
  const ChannelPlan* plan = nullptr;

  inline uint64_t delivered() const;
  inline void begin(const ChannelPlan* p);
};

// The producer's end of a path that ends in DDR.
struct OutEnd final : Waitable {
  Sink* sink = nullptr;
  Slice slice;
  uint32_t index = 0;      // of the producer in the sink: its view in the plans
  uint64_t head = 0;       // next object to release
  uint64_t acquired = 0;
  uint64_t pending = 0;    // next released object that has not reached DDR
  uint64_t limit = 0;
  const Entry* entry = nullptr;       // cursor of acquires
  uint64_t entry_begin = 0;
  uint64_t entry_end = 0;
  const Entry* out_entry = nullptr;   // cursor of deliveries
  uint64_t out_begin = 0;
  uint64_t out_end = 0;
  u8* held[kMaxHeld] = {};
  bool alias[kMaxHeld] = {};
  PathCounters counters;
  uint32_t depth = 0;
  uint32_t slots = 0;
  size_t pitch = 0;
  AlignedBytes data;
  Core* core = nullptr;
  std::string name;
  Counter delivered;       // objects that are in DDR

  void allocate() {
    pitch = (slice.bytes + 63) / 64 * 64 + 64;
    data = aligned_bytes(pitch * slots);
  }
  u8* slot(uint64_t object) const { return data.get() + (object % slots) * pitch; }

  bool acquire(uint32_t n) {
    const uint64_t need = head + n;
    if (need <= acquired) return true;
    if (need > limit) {
      limit = sink->delivered() + sink->memory_depth + depth;
      if (need > limit) return false;
    }
    while (acquired < need) {
      const uint64_t k = acquired;
      held[k % kMaxHeld] = slot(k);
      alias[k % kMaxHeld] = false;
      if (k < sink->started.get()) {
        seek(&entry, &entry_begin, &entry_end, k);
        const EntryView& v = entry->views[index];
        if (v.alias) {
          held[k % kMaxHeld] = entry->object(k - entry_begin) + v.plan->single_src;
          alias[k % kMaxHeld] = true;
        }
      }
      ++acquired;
    }
    return true;
  }
  void release(uint32_t n) {
    head += n;
    pump();
  }
  template <class T>
  T* at(uint64_t object) const {
    return reinterpret_cast<T*>(held[object % kMaxHeld]);
  }

  // Moves released objects to DDR as far as tasks for them have been started.
  bool pump() {
    const uint64_t before = pending;
    const uint64_t can = std::min(head, sink->started.get());
    while (pending < can) {
      if (alias[pending % kMaxHeld]) ++counters.aliased;
      else scatter(pending);
      ++pending;
    }
    if (pending == before) return false;
    delivered.set(pending);
    return true;
  }
  bool has_pending() const { return pending != head; }

  bool ready(uint32_t n) override { return acquire(n); }
  std::string describe(uint32_t n) const override {
    std::string s = "@" + name + "(Produce, " + std::to_string(n) + "); @" + name + " is full, ";
    if (sink->started.get() <= pending && has_pending()) {
      s += "@" + sink->name + " has no task for object " + std::to_string(pending - sink->base);
    } else {
      s += "@" + sink->name + " waits for";
      for (const OutEnd* p : sink->producers)
        if (p->delivered.get() <= sink->delivered() && p->core) s += " " + p->core->name;
    }
    return s;
  }

 private:
  void seek(const Entry** e, uint64_t* begin, uint64_t* end, uint64_t k) {
    while (k >= *end) {
      *e = *e ? *e + 1 : sink->plan->entries.data();
      *begin = sink->base + (*e)->begin;
      *end = sink->base + (*e)->end;
    }
  }
  void scatter(uint64_t k) {
    seek(&out_entry, &out_begin, &out_end, k);
    const EntryView& v = out_entry->views[index];
    const u8* from = slot(k);
    if (v.plan) {
      v.plan->scatter(from, out_entry->object(k - out_begin));
    } else {
      for (const AbsoluteRun& r : v.absolute[k - out_begin])
        std::memcpy(sink->plan->args[r.arg] + r.src, from + r.dst, r.len);
    }
    ++counters.copied;
    counters.copied_bytes += slice.bytes;
  }
};

inline uint64_t Sink::delivered() const {
  uint64_t least = UINT64_MAX;
  for (const OutEnd* p : producers) least = std::min(least, p->delivered.get());
  return least;
}

inline void Sink::begin(const ChannelPlan* p) {
  plan = p;
  base = started.get();
  for (OutEnd* e : producers) {
    e->entry = e->out_entry = nullptr;
    e->entry_begin = e->entry_end = e->out_begin = e->out_end = base;
  }
}

// ---------------------------------------------------------------------------------------------------
// Cores -> cores.

struct RingIn;
struct RingOut;

struct Ring {
  std::string name;
  uint32_t object_bytes = 0;
  uint32_t slots = 0;   // producer's, memory tile's and consumer's buffers together
  size_t pitch = 0;
  AlignedBytes data;
  std::vector<RingOut*> producers;
  std::vector<RingIn*> consumers;

  void allocate() {
    pitch = (object_bytes + 63) / 64 * 64 + 64;
    data = aligned_bytes(pitch * slots);
  }
  u8* slot(uint64_t object) const { return data.get() + (object % slots) * pitch; }
  inline uint64_t produced() const;
  inline uint64_t consumed() const;
};

struct RingOut final : Waitable {
  Ring* ring = nullptr;
  Slice slice;
  uint64_t head = 0;
  uint64_t acquired = 0;
  uint64_t limit = 0;
  u8* held[kMaxHeld] = {};
  uint32_t depth = 0;
  Core* core = nullptr;
  std::string name;
  Counter released;

  bool acquire(uint32_t n) {
    const uint64_t need = head + n;
    if (need <= acquired) return true;
    if (need > limit) {
      limit = ring->consumed() + ring->slots;
      if (need > limit) return false;
    }
    for (; acquired < need; ++acquired) held[acquired % kMaxHeld] = ring->slot(acquired) + slice.offset;
    return true;
  }
  inline void release(uint32_t n);
  template <class T>
  T* at(uint64_t object) const {
    return reinterpret_cast<T*>(held[object % kMaxHeld]);
  }
  bool ready(uint32_t n) override { return acquire(n); }
  inline std::string describe(uint32_t n) const override;
};

struct RingIn final : Waitable {
  Ring* ring = nullptr;
  Slice slice;
  uint32_t repeat = 1;
  size_t pitch = 0;
  AlignedBytes data;   // own slots where the data layout changes on the way
  uint64_t head = 0;
  uint64_t acquired = 0;
  uint64_t limit = 0;
  u8* held[kMaxHeld] = {};
  uint32_t depth = 0;
  Core* core = nullptr;
  std::string name;
  Counter released;

  void allocate() {
    if (slice.runs.empty()) return;
    pitch = (slice.bytes + 63) / 64 * 64 + 64;
    data = aligned_bytes(pitch * ring->slots);
  }
  bool acquire(uint32_t n) {
    const uint64_t need = head + n;
    if (need <= acquired) return true;
    if (need > limit) {
      limit = ring->produced() * repeat;
      if (need > limit) return false;
    }
    for (; acquired < need; ++acquired) {
      const uint64_t k = acquired / repeat;
      u8* p = ring->slot(k) + slice.offset;
      if (data) {
        u8* to = data.get() + (k % ring->slots) * pitch;
        if (acquired % repeat == 0)
          for (const LongRun& r : slice.runs) std::memcpy(to + r.dst, ring->slot(k) + r.src, size_t(r.len));
        p = to;
      }
      held[acquired % kMaxHeld] = p;
    }
    return true;
  }
  void release(uint32_t n) {
    head += n;
    released.set(head);
  }
  template <class T>
  T* at(uint64_t object) const {
    return reinterpret_cast<T*>(held[object % kMaxHeld]);
  }
  bool ready(uint32_t n) override { return acquire(n); }
  std::string describe(uint32_t n) const override {
    std::string s = "@" + name + "(Consume, " + std::to_string(n) + "); @" + name + " is empty, its producer";
    for (const RingOut* p : ring->producers)
      if (p->released.get() <= ring->produced() && p->core) s += " " + p->core->name;
    return s + " has released " + std::to_string(ring->produced()) + " objects";
  }
};

inline void RingOut::release(uint32_t n) {
  head += n;
  released.set(head);
}

inline uint64_t Ring::produced() const {
  uint64_t least = UINT64_MAX;
  for (const RingOut* p : producers) least = std::min(least, p->released.get());
  return least;
}
inline uint64_t Ring::consumed() const {
  uint64_t least = UINT64_MAX;
  for (const RingIn* c : consumers) least = std::min(least, c->released.get() / c->repeat);
  return least;
}
inline std::string RingOut::describe(uint32_t n) const {
  std::string s = "@" + name + "(Produce, " + std::to_string(n) + "); @" + name + " is full, its consumer";
  for (const RingIn* c : ring->consumers)
    if (c->released.get() / c->repeat <= ring->consumed() && c->core) s += " " + c->core->name;
  return s + " has released " + std::to_string(ring->consumed()) + " objects";
}

}  // namespace aieb
