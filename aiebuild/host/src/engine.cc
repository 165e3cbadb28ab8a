// The engine: building of overlays, and the C interface of an overlay library.

#include <aiebuild_host/abi.hpp>
#include <aiebuild_host/overlay.hpp>

#include <cstdio>
#include <memory>
#include <string>

namespace aieb {

// ---------------------------------------------------------------------------------------------------
// Building.

void Builder::core(CoreContext& context, uint32_t column, uint32_t row, CoreTask task) {
  context.core.column = column;
  context.core.row = row;
  context.core.handle = task.handle;
  to_.cores.push_back(&context.core);
  to_.handles.push_back(task.handle);
}

void Builder::buffer(const char* name, void* data, uint64_t words) { to_.buffers.push_back({name, static_cast<u8*>(data), words}); }

void Builder::source(const char* name, uint32_t column, uint32_t channel, uint32_t bytes, uint32_t memory_depth) {
  Source& s = to_.sources.emplace_back();
  s.name = name;
  s.column = column;
  s.channel = channel;
  s.object_bytes = bytes;
  s.memory_depth = memory_depth;
}

void Builder::sink(const char* name, uint32_t column, uint32_t channel, uint32_t bytes, uint32_t memory_depth) {
  Sink& s = to_.sinks.emplace_back();
  s.name = name;
  s.column = column;
  s.channel = channel;
  s.object_bytes = bytes;
  s.memory_depth = memory_depth;
}

void Builder::ring(const char* name, uint32_t bytes, uint32_t slots) {
  Ring& r = to_.rings.emplace_back();
  r.name = name;
  r.slots = slots;
  r.pitch = slot_pitch(bytes);
  r.data = aligned_bytes(r.pitch * slots);
}

namespace {

void set(End& end, Core* core, const char* name, uint32_t depth) {
  end.core = core;
  end.name = name;
  end.depth = depth;
}

void add_in(Overlay& to, InEnd& end, Core* core, const char* name, uint32_t depth, uint32_t repeat, const Part& part) {
  set(end, core, name, depth);
  Source& s = to.sources.back();
  end.source = &s;
  end.view = s.view(make_slice(part), repeat, part.own || kChecked);
  end.view->slots = std::max(end.view->slots, depth + s.memory_depth + (repeat > 1 ? 1 : 0));
  s.consumers.push_back(&end);
  to.ins.push_back(&end);
}

void add_out(Overlay& to, OutEnd& end, Core* core, const char* name, uint32_t depth, const Part& part) {
  set(end, core, name, depth);
  Sink& s = to.sinks.back();
  end.sink = &s;
  end.index = uint32_t(s.producers.size());
  end.bytes = part.bytes;
  end.slots = depth + s.memory_depth;
  end.pitch = slot_pitch(part.bytes);
  to.memory.push_back(aligned_bytes(end.pitch * end.slots));
  end.data = to.memory.back().get();
  s.producers.push_back(&end);
  s.slices.push_back(make_slice(part));
  to.outs.push_back(&end);
}

void add_ring_in(Overlay& to, RingIn& end, Core* core, const char* name, uint32_t depth, uint32_t repeat, const Part& part) {
  set(end, core, name, depth);
  Ring& r = to.rings.back();
  if (part.own && (repeat > 1 || !r.consumers.empty())) throw std::runtime_error("a core that writes into broadcast or repeated objects is not modelled");
  end.ring = &r;
  end.repeat = repeat;
  Slice slice = make_slice(part);
  end.offset = slice.offset;
  if (kChecked && slice.runs.empty()) slice.runs = {{0, slice.offset, slice.bytes}};
  if (!slice.runs.empty()) {
    to.layouts.push_back(std::move(slice.runs));
    end.runs = to.layouts.back().data();
    end.run_count = to.layouts.back().size();
    end.pitch = slot_pitch(part.bytes);
    to.memory.push_back(aligned_bytes(end.pitch * r.slots));
    end.data = to.memory.back().get();
  }
  r.consumers.push_back(&end);
}

void add_ring_out(Overlay& to, RingOut& end, Core* core, const char* name, uint32_t depth, const Part& part) {
  set(end, core, name, depth);
  Ring& r = to.rings.back();
  end.ring = &r;
  end.offset = part.offset;
  r.producers.push_back(&end);
  for (RingOut* p : r.producers) p->alone = r.producers.size() == 1;
}

}  // namespace

void Builder::consumer(InEnd& end, CoreContext& context, const char* name, uint32_t depth, uint32_t repeat, Part part) {
  add_in(to_, end, &context.core, name, depth, repeat, part);
}
void Builder::consumer(RingIn& end, CoreContext& context, const char* name, uint32_t depth, uint32_t repeat, Part part) {
  add_ring_in(to_, end, &context.core, name, depth, repeat, part);
}
void Builder::producer(OutEnd& end, CoreContext& context, const char* name, uint32_t depth, Part part) {
  add_out(to_, end, &context.core, name, depth, part);
}
void Builder::producer(RingOut& end, CoreContext& context, const char* name, uint32_t depth, Part part) {
  add_ring_out(to_, end, &context.core, name, depth, part);
}
void Builder::idle(IdleEnd kind, const char* name, uint32_t depth, uint32_t repeat, Part part) {
  switch (kind) {
    case IdleEnd::kIn: return add_in(to_, to_.idle_ins.emplace_back(), nullptr, name, depth, repeat, part);
    case IdleEnd::kOut: return add_out(to_, to_.idle_outs.emplace_back(), nullptr, name, depth, part);
    case IdleEnd::kRingIn: return add_ring_in(to_, to_.idle_ring_ins.emplace_back(), nullptr, name, depth, repeat, part);
    case IdleEnd::kRingOut: return add_ring_out(to_, to_.idle_ring_outs.emplace_back(), nullptr, name, depth, part);
  }
}

// ---------------------------------------------------------------------------------------------------
// The C interface.

namespace {

struct Instance {
  Pool* pool;
  std::unique_ptr<Overlay> overlay;
  std::string error;
};

struct PoolLock {
  Pool* pool;
  explicit PoolLock(Pool* p) : pool(p) { pool->lock(pool); }
  ~PoolLock() { pool->unlock(pool); }
  PoolLock(const PoolLock&) = delete;
  PoolLock& operator=(const PoolLock&) = delete;
};

void say(char* to, size_t n, const char* text) {
  if (to && n) std::snprintf(to, n, "%s", text);
}

}  // namespace
}  // namespace aieb

#define AIEB_EXPORT extern "C" __attribute__((visibility("default")))

AIEB_EXPORT uint32_t overlay_abi_version() { return aieb::kAbiVersion; }

// JSON: what the overlay is made of.
AIEB_EXPORT const char* overlay_info() { return aieb::kDesignInfo; }

// Starts the worker pool of a process; the calling thread of a dispatch is one of `threads`.
AIEB_EXPORT void* overlay_pool_create(uint32_t threads, char* error, size_t n) try {
  return static_cast<aieb::Pool*>(new aieb::ThreadPool(threads ? threads : 1));
} catch (const std::exception& e) {
  aieb::say(error, n, e.what());
  return nullptr;
}

AIEB_EXPORT void overlay_pool_destroy(void* pool) {
  auto* p = static_cast<aieb::Pool*>(pool);
  p->destroy(p);
}

AIEB_EXPORT void* overlay_open(void* pool, char* error, size_t n) try {
  auto* p = static_cast<aieb::Pool*>(pool);
  if (p->version != aieb::kPoolVersion) {
    aieb::say(error, n, "the worker pool was made by an overlay library of another version");
    return nullptr;
  }
  auto instance = std::make_unique<aieb::Instance>();
  instance->pool = p;
#if defined(AIEBUILD_SANITIZE)
  aieb::check::begin();
#endif
  instance->overlay = std::make_unique<aieb::Overlay>(p->threads);
  return instance.release();
} catch (const std::exception& e) {
  aieb::say(error, n, e.what());
  return nullptr;
}

// Puts the overlay back into the state after overlay_open. Sequences stay loaded.
AIEB_EXPORT int overlay_reset(void* handle) try {
  auto* i = static_cast<aieb::Instance*>(handle);
  aieb::PoolLock lock(i->pool);
#if defined(AIEBUILD_SANITIZE)
  aieb::check::begin();
#endif
  i->overlay = std::make_unique<aieb::Overlay>(i->pool->threads);
  return 0;
} catch (const std::exception& e) {
  static_cast<aieb::Instance*>(handle)->error = e.what();
  return 1;
}

AIEB_EXPORT void overlay_close(void* handle) { delete static_cast<aieb::Instance*>(handle); }

AIEB_EXPORT const char* overlay_error(void* handle) { return static_cast<aieb::Instance*>(handle)->error.c_str(); }

AIEB_EXPORT void* overlay_load_sequence(void* handle, const void* data, size_t n) {
  auto* i = static_cast<aieb::Instance*>(handle);
  try {
    aieb::PoolLock lock(i->pool);
    return i->overlay->load(static_cast<const uint8_t*>(data), n).release();
  } catch (const std::exception& e) {
    i->error = e.what();
    return nullptr;
  }
}

AIEB_EXPORT void overlay_free_sequence(void* sequence) { delete static_cast<aieb::Sequence*>(sequence); }

AIEB_EXPORT uint32_t overlay_sequence_args(void* sequence) { return uint32_t(static_cast<aieb::Sequence*>(sequence)->args.size()); }

// Bytes of argument `index` that the sequence needs.
AIEB_EXPORT uint64_t overlay_sequence_arg_bytes(void* sequence, uint32_t index) {
  return static_cast<aieb::Sequence*>(sequence)->args[index].needed;
}

AIEB_EXPORT int overlay_dispatch(void* handle, void* sequence, const aieb::Arg* args, uint32_t count, uint32_t flags) {
  auto* i = static_cast<aieb::Instance*>(handle);
  aieb::PoolLock lock(i->pool);
  try {
    const int failed = i->overlay->dispatch(i->pool, *static_cast<aieb::Sequence*>(sequence), args, count, flags);
    if (failed) i->error = i->overlay->error;
    return failed;
  } catch (const std::exception& e) {
    i->error = e.what();
    return 1;
  }
}

// Whether an error left the overlay unusable until overlay_reset.
AIEB_EXPORT int overlay_broken(void* handle) { return static_cast<aieb::Instance*>(handle)->overlay->broken; }

AIEB_EXPORT void overlay_engine_counters(void* handle, aieb::EngineCounters* out) {
  *out = static_cast<aieb::Instance*>(handle)->overlay->counters();
}

AIEB_EXPORT uint32_t overlay_core_counters(void* handle, aieb::CoreCounters* out, uint32_t room) {
  const auto& cores = static_cast<aieb::Instance*>(handle)->overlay->cores;
  for (uint32_t k = 0; k < cores.size() && k < room; ++k) {
    const aieb::Core& c = *cores[k];
    out[k] = {c.column, c.row, c.resumes, c.kernel_calls, {}};
    std::copy(c.ops, c.ops + aieb::kOps, out[k].ops);
  }
  return uint32_t(cores.size());
}

AIEB_EXPORT void overlay_clear_counters(void* handle) { static_cast<aieb::Instance*>(handle)->overlay->clear_counters(); }

// The names of CoreCounters::ops, comma-separated; empty in a build that does not count.
AIEB_EXPORT const char* overlay_op_names() {
#if defined(AIEBUILD_COUNT) && defined(AIEBUILD_OP_NAMES)
  return AIEBUILD_OP_NAMES;
#elif defined(AIEBUILD_COUNT)
  return "mmul_macs,vector_ops,scalar_ops";
#else
  return "";
#endif
}
