// Objectfifo paths. A path is fused: what lies between a shim's address pattern and a core's object
// (memory-tile link, distribute, join, data layout) is one pointer or one copy.
//
//   Source  shim MM2S -> consumers      Sink  producers -> shim S2MM      Ring  cores -> cores
//
// Capacity is that of the array: a consumer gets object i only if the slowest one leaves room for it in
// the buffers on the way, so that a design whose cores consume unequally stops here as it does there.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "design.hpp"
#include "pattern.hpp"

#if defined(AIEBUILD_SANITIZE)
#include <aiebuild_sanitize/watch.hpp>
#endif

namespace aieb {

struct Text {
  std::string s;
};

inline std::string core_name(const Core* c) {
  return "core(" + std::to_string(c->column) + "," + std::to_string(c->row) + ")";
}

// Bytes of memory before and after each slot that belong to nobody: none but in the checking mode.
#if defined(AIEBUILD_SANITIZE)
inline constexpr bool kChecked = true;
inline constexpr size_t kAround = check::kZone;
#else
inline constexpr bool kChecked = false;
inline constexpr size_t kAround = 0;
#endif

struct AlignedFree {
  void operator()(u8* p) const { std::free(p - kAround); }
};
using AlignedBytes = std::unique_ptr<u8[], AlignedFree>;

inline AlignedBytes aligned_bytes(size_t n) {
  n = (n + kLine - 1) / kLine * kLine + 2 * kAround;
  u8* p = static_cast<u8*>(std::aligned_alloc(kLine, n ? n : kLine));
  if (!p) throw std::bad_alloc();
  std::memset(p, 0, n);
  return AlignedBytes(p + kAround);
}

// Bytes from slot to slot: whole lines, and one more so that slots fall into different cache sets.
inline size_t slot_pitch(size_t bytes) { return (bytes + 63) / 64 * 64 + (kChecked ? kAround : 64); }

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
  bool streamed = false;      // too much to stay in the cache from one use to the next
  u8* const* args = nullptr;  // of the dispatch, for irregular entries
};

// What a group of consumers sees of a source's objects, with the slots that copies go to.
struct View {
  Slice slice;
  uint32_t index = 0;
  uint32_t repeat = 1;  // each object reaches the consumers this many times
  bool own = false;     // one consumer's, which writes into its objects: always copied
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
    pitch = slot_pitch(slice.bytes);
    data = aligned_bytes(pitch * slots);
    slot = std::make_unique<Slot[]>(slots);
  }
  u8* at(uint64_t object) const { return data.get() + (object % slots) * pitch; }
};

// What others need of a consumer. Not read from its end, whose lines its own thread writes all the time.
struct Tap {
  const Counter* released;
  uint32_t depth;
  uint32_t repeat;
  uint64_t consumed(uint64_t r) const { return repeat == 1 ? r : r / repeat; }
};

// What one thread knows of a source: values read earlier, which can only have grown since. A counter of
// another thread costs a cache miss to read, so it is read again only where the known value is too small.
struct alignas(kLine) Near {
  uint64_t room = 0;       // objects below fit the buffers on the way
  uint64_t available = 0;
  AlignedBytes memory;
  uint64_t* released;      // of each consumer; on lines of its own, as another thread's lie next to it else
  // What is fetched into this thread's cache ahead of its cores: the object that is next, its entry, how much of it is done.
  uint64_t fetch = 0;
  const Entry* entry = nullptr;
  uint64_t entry_end = 0;
  uint32_t fetched = 0;
  uint32_t consumers = 0;  // on this thread

  explicit Near(size_t consumers) : memory(aligned_bytes(consumers * sizeof(uint64_t))), released(reinterpret_cast<uint64_t*>(memory.get())) {}
};

// Shim MM2S -> consumers.
struct Source {
  std::string name;
  uint32_t column = 0;
  uint32_t channel = 0;
  uint32_t object_bytes = 0;
  uint32_t memory_depth = 0;  // objects in the memory tile; 0 without one
  std::vector<std::unique_ptr<View>> views;
  std::vector<InEnd*> consumers;
  std::vector<Tap> taps;  // of the consumers
  std::vector<std::unique_ptr<Near>> near;  // by thread

  Counter* available = nullptr;            // objects whose task has been started
  std::atomic<uint64_t> materialised{0};   // objects below this one are in slots if not consumed
  uint64_t base = 0;                       // number of the first object of the running sequence
  const ChannelPlan* plan = nullptr;

  View* view(Slice slice, uint32_t repeat, bool own) {
    for (auto& v : views)
      if (!own && !v->own && v->slice == slice && v->repeat == repeat) return v.get();
    views.push_back(std::make_unique<View>());
    View* v = views.back().get();
    v->slice = std::move(slice);
    v->repeat = repeat;
    v->own = own;
    v->index = uint32_t(views.size() - 1);
    return v;
  }
  uint64_t consumed() const {
    uint64_t least = UINT64_MAX;
    for (const Tap& t : taps) least = std::min(least, t.consumed(t.released->get()));
    return least;
  }
  // Objects below the returned one fit the buffers on the way.
  uint64_t room() const {
    uint64_t least = UINT64_MAX;
    for (const Tap& t : taps) least = std::min(least, t.consumed(t.released->get() + t.depth));
    return least + memory_depth;
  }
  // Brings a thread's knowledge up to date as far as needed to tell whether `objects` fit.
  void look(Near& n, uint64_t objects) const {
    if (n.available < objects) n.available = available->get();
    if (n.room >= objects) return;
    uint64_t least = UINT64_MAX;
    for (size_t k = 0; k < taps.size(); ++k) {
      const Tap& t = taps[k];
      uint64_t room = t.consumed(n.released[k] + t.depth) + memory_depth;
      if (room < objects) {
        n.released[k] = t.released->get();
        room = t.consumed(n.released[k] + t.depth) + memory_depth;
      }
      least = std::min(least, room);
    }
    n.room = least;
  }
  void begin(const ChannelPlan* p) {
    plan = p;
    base = available->get();
    for (auto& n : near) {
      n->fetch = n->entry_end = base;
      n->entry = nullptr;
      n->fetched = 0;
    }
    for (InEnd* c : consumers) c->begin(base);
  }
  // Copies every object below `upto` that is not yet consumed into slots. Only while no core runs.
  void materialise(uint64_t upto);
};

// Producers -> shim S2MM.
struct Sink {
  std::string name;
  uint32_t column = 0;
  uint32_t channel = 0;
  uint32_t object_bytes = 0;
  uint32_t memory_depth = 0;
  std::vector<OutEnd*> producers;
  std::vector<const Counter*> arrived;  // of the producers
  std::vector<Slice> slices;      // of the producers

  Counter* started = nullptr;     // objects whose task has been started
  uint64_t base = 0;
  const ChannelPlan* plan = nullptr;

  uint64_t delivered() const {
    uint64_t least = UINT64_MAX;
    for (const Counter* c : arrived) least = std::min(least, c->get());
    return least;
  }
  void begin(const ChannelPlan* p) {
    plan = p;
    base = started->get();
    for (OutEnd* e : producers) {
      e->entry = e->out_entry = nullptr;
      e->entry_begin = e->entry_end = e->out_begin = e->out_end = base;
    }
  }
};

// Cores -> cores.
struct Ring {
  std::string name;
  uint32_t slots = 0;   // producer's, memory tile's and consumer's buffers together
  size_t pitch = 0;
  AlignedBytes data;
  std::vector<RingOut*> producers;
  std::vector<const Counter*> written;  // by the producers
  std::vector<RingIn*> consumers;
  std::vector<Tap> taps;  // of the consumers

  u8* slot(uint64_t object) const { return data.get() + (object % slots) * pitch; }
  uint64_t produced() const {
    uint64_t least = UINT64_MAX;
    for (const Counter* c : written) least = std::min(least, c->get());
    return least;
  }
  uint64_t consumed() const {
    uint64_t least = UINT64_MAX;
    for (const Tap& t : taps) least = std::min(least, t.consumed(t.released->get()));
    return least;
  }
};

}  // namespace aieb
