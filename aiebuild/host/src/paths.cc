// The ends of objectfifo paths: acquiring, copying, delivering.

#include <aiebuild_host/paths.hpp>

namespace aieb {

namespace {

constexpr uint64_t kAhead = 6;       // objects
constexpr uint32_t kBeside = 1024;   // bytes with each object of another channel: memory works while activations are loaded

// What a plan says of the entries to come is as far away as what they move: fetched one entry ahead, where it lies two.
void fetch_after(const ChannelPlan& plan, const Entry* e) {
  const Entry* const end = plan.entries.data() + plan.entries.size();
  if (e + 2 < end)
    for (size_t at = 0; at < sizeof(Entry); at += 64) __builtin_prefetch(reinterpret_cast<const u8*>(e + 2) + at);
  if (e + 1 < end) __builtin_prefetch(e[1].views.data());
}

}  // namespace

// ---------------------------------------------------------------------------------------------------
// Shim MM2S -> consumers.

void InEnd::begin(uint64_t object) {
  entry = nullptr;
  in_place = nullptr;
  entry_begin = entry_end = object;
  share = 0;
  if (core == nullptr || !source->plan->streamed || source->views.size() != 1 || view->repeat != 1) return;
  share = (view->slice.bytes / near->consumers * 3 / 2 + 63) / 64 * 64;
  core->stream = this;
}

bool InEnd::take(uint32_t n) {
  const uint64_t need = head + n;
  if (need > limit) {
    const uint64_t repeat = view->repeat;
    source->look(*near, repeat == 1 ? need : (need + repeat - 1) / repeat);
    limit = std::min(near->available, near->room) * repeat;
    if (need > limit) return false;
  }
  while (acquired < need) {
    u8* p = locate(view->repeat == 1 ? acquired : acquired / view->repeat);
    if (!p) return false;
    held[acquired % kMaxHeld] = p;
    ++acquired;
  }
  if (last_turn != core->resumes) last_turn = core->resumes, taken = 0;
  ++taken;
  return true;
}

bool InEnd::ready(uint32_t n) { return head + n <= acquired || take(n); }

// Where object `k` of the source is for this endpoint; null while another thread is copying it.
u8* InEnd::locate(uint64_t k) {
  if (k < source->materialised.load(std::memory_order_acquire)) return view->at(k);
  while (k >= entry_end) next_entry();
  if (share) fetch_ahead(share, acquired + 1, kAhead);
  else if (core && core->stream) core->stream->fetch_ahead(kBeside, core->stream->acquired, kAhead);
  if (in_place) {
    ++counters.aliased;
    return const_cast<u8*>(in_place + int64_t(k - entry_begin) * step);
  }
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

// What is streamed from DDR comes into the second-level cache before it is needed, as the processor's own prefetchers
// stop at pages: a piece with every object that a core takes, some objects ahead, so that memory works on while cores
// compute. A thread that finds nothing to do fetches further ahead. `from`: the first object that is still to be taken.
void InEnd::fetch_ahead(uint32_t bytes, uint64_t from, uint32_t objects) {
  Near& n = *near;
  if (n.fetch < from) {
    n.fetch = from;
    n.fetched = 0;
  }
  const uint64_t end = std::min(from + objects, source->base + source->plan->objects);
  const uint32_t size = uint32_t(view->slice.bytes);
  while (n.fetch < end) {
    if (n.fetch >= n.entry_end) {
      n.entry = n.entry ? n.entry + 1 : source->plan->entries.data();
      n.entry_end = source->base + n.entry->end;
      continue;
    }
    const EntryView& v = n.entry->views[view->index];
    const CopyPlan* const pieces = v.alias || v.plan == nullptr || v.plan->single ? nullptr : v.plan;
    if (v.plan != nullptr && (pieces == nullptr || pieces->run >= 64)) {
      const u8* const object = n.entry->object(n.fetch - source->base - n.entry->begin);
      for (; n.fetched < size; n.fetched += 64) {
        if (bytes < 64) return;
        const int64_t at = pieces ? pieces->runs[n.fetched / pieces->run].src + n.fetched % pieces->run : v.plan->single_src + n.fetched;
        __builtin_prefetch(object + at, 0, 2);
        bytes -= 64;
      }
    }
    n.fetched = 0;
    ++n.fetch;
  }
}

void InEnd::fill(const Entry& e, uint64_t o, u8* to) {
  const EntryView& v = e.views[view->index];
  if (v.plan) {
    v.plan->gather(to, e.object(o));
  } else {
    for (const AbsoluteRun& r : v.absolute[o]) std::memcpy(to + r.dst, source->plan->args[r.arg] + r.src, r.len);
  }
  ++counters.copied;
  counters.copied_bytes += view->slice.bytes;
#if defined(AIEBUILD_SANITIZE)
  check::transferred();
#endif
}

void InEnd::next_entry() {
  entry = entry ? entry + 1 : source->plan->entries.data();
  entry_begin = source->base + entry->begin;
  entry_end = source->base + entry->end;
  fetch_after(*source->plan, entry);
  const EntryView& v = entry->views[view->index];
  in_place = v.alias && entry->levels <= 1 ? entry->base + v.plan->single_src : nullptr;
  step = entry->stride[0];
}

void InEnd::describe(uint32_t n, Text& to) const {
  to.s += "@" + std::string(name) + "(Consume, " + std::to_string(n) + "); ";
  const uint64_t need = (head + n + view->repeat - 1) / view->repeat;
  if (need > source->available->get()) {
    to.s += "@" + source->name + " has no task with object " + std::to_string(need - 1 - source->base) + " of this sequence, tasks for " +
            std::to_string(source->available->get() - source->base) + " have been started";
    return;
  }
  to.s += "@" + source->name + " is full";
  for (const InEnd* c : source->consumers) {
    if (c == this || c->released->get() >= released->get()) continue;
    to.s += ", " + (c->core ? core_name(c->core) : "a consumer of @" + std::string(c->name)) + " has released " +
            std::to_string(c->released->get()) + " objects where this core has released " + std::to_string(released->get());
  }
}

const Core* InEnd::blocker(uint32_t n, Text& why) const {
  const uint64_t need = (head + n + view->repeat - 1) / view->repeat;
  if (need > source->available->get()) {
    why.s = "@" + source->name + " has no task with another object";
    return nullptr;
  }
  why.s = "@" + source->name + " is full";
  const InEnd* last = nullptr;
  for (const InEnd* c : source->consumers)
    if (c != this && (last == nullptr || c->released->get() < last->released->get())) last = c;
  return last != nullptr ? last->core : nullptr;
}

void Source::materialise(uint64_t upto) {
  const uint64_t done = materialised.load(std::memory_order_relaxed);
  if (upto <= done) return;
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
    for (uint64_t k = std::max({from, done, base}); k < upto; ++k) {
      View::Slot& s = v->slot[k % v->slots];
      if (s.ready.load() == k + 1) continue;
      const Entry* e = plan->entries.data();
      while (k - base >= e->end) ++e;
      any->fill(*e, k - base - e->begin, v->at(k));
      s.claimed.store(k + 1);
      s.ready.store(k + 1);
    }
    // What a core holds may be in DDR: it goes on with the copy.
    for (InEnd* c : consumers)
      if (c->view == v.get())
        for (uint64_t i = c->head; i < c->acquired && i / v->repeat < upto; ++i) c->held[i % kMaxHeld] = v->at(i / v->repeat);
  }
  materialised.store(upto, std::memory_order_release);
}

// ---------------------------------------------------------------------------------------------------
// Producers -> shim S2MM.

bool OutEnd::take(uint32_t n) {
  const uint64_t need = head + n;
  if (need > limit) {
    limit = sink->delivered() + sink->memory_depth + depth;
    if (need > limit) return false;
  }
  const uint64_t started = sink->started->get();
  for (; acquired < need; ++acquired) {
    const uint64_t k = acquired;
    u8* p = slot(k);
    bool in_place = false;
    if (k < started) {
      seek(&entry, &entry_begin, &entry_end, k);
      const EntryView& v = entry->views[index];
      if (v.alias) {
        p = entry->object(k - entry_begin) + v.plan->single_src;
        in_place = true;
      }
    }
    held[k % kMaxHeld] = p;
    alias[k % kMaxHeld] = in_place;
  }
  return true;
}

bool OutEnd::ready(uint32_t n) { return acquire(n); }

bool OutEnd::pump() {
  const uint64_t before = pending;
  const uint64_t can = std::min(head, sink->started->get());
  for (; pending < can; ++pending) {
    if (alias[pending % kMaxHeld]) ++counters.aliased;
    else scatter(pending);
  }
  if (pending == before) return false;
  delivered->set(pending);
  return true;
}

void OutEnd::seek(const Entry** e, uint64_t* begin, uint64_t* end, uint64_t k) const {
  while (k >= *end) {
    *e = *e ? *e + 1 : sink->plan->entries.data();
    *begin = sink->base + (*e)->begin;
    *end = sink->base + (*e)->end;
    fetch_after(*sink->plan, *e);
  }
}

void OutEnd::scatter(uint64_t k) {
  seek(&out_entry, &out_begin, &out_end, k);
  const EntryView& v = out_entry->views[index];
  const u8* from = slot(k);
  if (v.plan) {
    v.plan->scatter(from, out_entry->object(k - out_begin));
  } else {
    for (const AbsoluteRun& r : v.absolute[k - out_begin]) std::memcpy(sink->plan->args[r.arg] + r.src, from + r.dst, r.len);
  }
  ++counters.copied;
  counters.copied_bytes += bytes;
#if defined(AIEBUILD_SANITIZE)
  check::transferred();
#endif
}

void OutEnd::describe(uint32_t n, Text& to) const {
  to.s += "@" + std::string(name) + "(Produce, " + std::to_string(n) + "); @" + name + " is full, ";
  if (has_pending() && sink->started->get() <= pending) {
    to.s += "@" + sink->name + " has no task for object " + std::to_string(pending - sink->base) + " of this sequence";
    return;
  }
  to.s += "@" + sink->name + " waits for";
  for (const OutEnd* p : sink->producers)
    if (p->delivered->get() <= sink->delivered()) to.s += " " + (p->core ? core_name(p->core) : "the producer of @" + std::string(p->name));
}

const Core* OutEnd::blocker(uint32_t, Text& why) const {
  if (has_pending() && sink->started->get() <= pending) {
    why.s = "@" + sink->name + " has no task for another object";
    return nullptr;
  }
  why.s = "@" + std::string(name) + " is full, @" + sink->name + " waits for the other parts of an object";
  for (const OutEnd* p : sink->producers)
    if (p != this && p->delivered->get() <= sink->delivered()) return p->core;
  return nullptr;
}

// ---------------------------------------------------------------------------------------------------
// Cores -> cores.

bool RingOut::take(uint32_t n) {
  const uint64_t need = head + n;
  if (need > limit) {
    limit = ring->consumed() + ring->slots;
    if (need > limit) return false;
  }
  for (; acquired < need; ++acquired) held[acquired % kMaxHeld] = ring->slot(acquired) + offset;
  return true;
}

bool RingOut::ready(uint32_t n) { return acquire(n); }

void RingOut::describe(uint32_t n, Text& to) const {
  to.s += "@" + std::string(name) + "(Produce, " + std::to_string(n) + "); @" + ring->name + " is full, its consumer";
  for (const RingIn* c : ring->consumers)
    if (c->released->get() / c->repeat <= ring->consumed()) to.s += " " + (c->core ? core_name(c->core) : std::string("(idle)"));
  to.s += " has released " + std::to_string(ring->consumed()) + " objects";
}

const Core* RingOut::blocker(uint32_t, Text& why) const {
  why.s = "@" + ring->name + " is full";
  for (const RingIn* c : ring->consumers)
    if (c->released->get() / c->repeat <= ring->consumed()) return c->core;
  return nullptr;
}

bool RingIn::take(uint32_t n) {
  const uint64_t need = head + n;
  if (need > limit) {
    limit = ring->produced() * repeat;
    if (need > limit) return false;
  }
  for (; acquired < need; ++acquired) {
    const uint64_t k = acquired / repeat;
    u8* p = ring->slot(k) + offset;
    if (runs) {
      p = data + (k % ring->slots) * pitch;
      if (acquired % repeat == 0 || kChecked)
        for (size_t i = 0; i < run_count; ++i) std::memcpy(p + runs[i].dst, ring->slot(k) + runs[i].src, size_t(runs[i].len));
    }
    held[acquired % kMaxHeld] = p;
  }
  return true;
}

bool RingIn::ready(uint32_t n) { return acquire(n); }

void RingIn::describe(uint32_t n, Text& to) const {
  to.s += "@" + std::string(name) + "(Consume, " + std::to_string(n) + "); @" + ring->name + " is empty, its producer";
  for (const RingOut* p : ring->producers)
    if (p->released->get() <= ring->produced()) to.s += " " + (p->core ? core_name(p->core) : std::string("(idle)"));
  to.s += " has released " + std::to_string(ring->produced()) + " objects";
}

const Core* RingIn::blocker(uint32_t, Text& why) const {
  why.s = "@" + ring->name + " is empty";
  for (const RingOut* p : ring->producers)
    if (p->released->get() <= ring->produced()) return p->core;
  return nullptr;
}

CoreTask relay(Relay& c) {
  for (;;) {
    if (!c.in.acquire(1)) co_await c.wait(c.in, 1, 0);
    if (!c.out.acquire(1)) co_await c.wait(c.out, 1, 0);
    std::memcpy(c.out.at<u8>(c.out.head), c.in.at<u8>(c.in.head), c.in.view->slice.bytes);
    c.in.release(1);
    c.out.release(1);
  }
}

}  // namespace aieb
