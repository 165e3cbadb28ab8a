// The C interface of an overlay library, over make_overlay() of the generated code. Included once.
#pragma once

#include <cstdio>
#include <memory>
#include <string>

#include "overlay.hpp"

namespace aieb {

std::unique_ptr<Overlay> make_overlay();
extern const char* const kOverlayInfo;

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

inline void say(char* to, size_t n, const char* text) {
  if (to && n) std::snprintf(to, n, "%s", text);
}

}  // namespace aieb

#define AIEB_EXPORT extern "C" __attribute__((visibility("default")))

AIEB_EXPORT uint32_t overlay_abi_version() { return aieb::kAbiVersion; }

// JSON: what the overlay is made of.
AIEB_EXPORT const char* overlay_info() { return aieb::kOverlayInfo; }

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
  instance->overlay = aieb::make_overlay();
  return instance.release();
} catch (const std::exception& e) {
  aieb::say(error, n, e.what());
  return nullptr;
}

// Puts the overlay back into the state after overlay_open. Sequences stay loaded.
AIEB_EXPORT int overlay_reset(void* handle) try {
  auto* i = static_cast<aieb::Instance*>(handle);
  aieb::PoolLock lock(i->pool);
  i->overlay = aieb::make_overlay();
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
  for (uint32_t k = 0; k < cores.size() && k < room; ++k) out[k] = cores[k]->counters;
  return uint32_t(cores.size());
}

AIEB_EXPORT void overlay_clear_counters(void* handle) { static_cast<aieb::Instance*>(handle)->overlay->clear_counters(); }

// The names of CoreCounters::ops, comma-separated; empty in a build that does not count.
AIEB_EXPORT const char* overlay_op_names() {
#if defined(AIEB_CORE_STATE) && defined(AIEBUILD_COUNT)
  return AIEBUILD_OP_NAMES;
#else
  return "";
#endif
}
