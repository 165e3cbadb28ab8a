// What each core did, in order, for the timing model: objects acquired and released, kernels called and the issue slots
// they took. Only with -DAIEBUILD_SLOTS, and only when one thread runs all cores; otherwise the macros are empty.
#pragma once

#if defined(AIEBUILD_SLOTS)

#include <aie_api/detail/state.hpp>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace aieb::trace {

// An event is kind << 30 | end << 8 | objects, or kCall << 30 | cost.
enum Kind : uint32_t { kAcquire = 0, kRelease = 1, kCall = 2 };

struct Cost {
  static constexpr size_t kWords = 14;
  uint64_t words[kWords];  // kernel, then the counts, in the order of trace.COUNTS (aiebuild/timing/trace.py)
  bool operator==(const Cost& o) const { return std::memcmp(words, o.words, sizeof words) == 0; }
};
struct HashCost {
  size_t operator()(const Cost& c) const {
    uint64_t h = 1469598103934665603ull;
    for (uint64_t w : c.words) h = (h ^ w) * 1099511628211ull;
    return h ^ (h >> 29);
  }
};

struct Log {
  std::map<std::pair<uint32_t, uint32_t>, std::vector<uint32_t>> cores;  // by column and row
  std::unordered_map<const void*, uint32_t> end_ids;
  std::vector<std::string> ends;
  std::map<std::string, uint64_t> kernels;
  std::unordered_map<Cost, uint32_t, HashCost> cost_ids;
  std::vector<Cost> costs;

  template <class End>
  void fifo(Kind kind, uint32_t column, uint32_t row, const End& end, uint32_t n) {
    const auto [found, fresh] = end_ids.try_emplace(&end, uint32_t(ends.size()));
    if (fresh) ends.push_back(end.name);
    cores[{column, row}].push_back(kind << 30 | found->second << 8 | n);
  }
  void call(uint32_t column, uint32_t row, const char* kernel) {
    auto& counts = aie::detail::slot_counts;
    counts.close();
    const uint64_t id = kernels.try_emplace(kernel, kernels.size()).first->second;
    const auto& t = counts.total;
    const Cost cost{{id, counts.integer_cycles, counts.floating_cycles, counts.memory_cycles, counts.other_cycles, counts.phases, t.mmul, t.vec, t.mv, t.loads, t.widen, t.stores, t.narrow, t.alu}};
    const auto [found, fresh] = cost_ids.try_emplace(cost, uint32_t(costs.size()));
    if (fresh) costs.push_back(cost);
    cores[{column, row}].push_back(kCall << 30 | found->second);
  }
  void clear() {
    for (auto& [core, events] : cores) events.clear();
  }
};

inline Log log;

inline bool write(const char* path) {
  std::FILE* file = std::fopen(path, "wb");
  if (!file) return false;
  const auto word = [&](uint32_t v) { std::fwrite(&v, 4, 1, file); };
  const auto text = [&](const std::string& s) {
    word(uint32_t(s.size()));
    std::fwrite(s.data(), 1, s.size(), file);
  };
  std::fwrite("AIEBTRC1", 1, 8, file);
  word(uint32_t(log.ends.size()));
  for (const auto& name : log.ends) text(name);
  std::vector<std::string> kernels(log.kernels.size());
  for (const auto& [name, id] : log.kernels) kernels[id] = name;
  word(uint32_t(kernels.size()));
  for (const auto& name : kernels) text(name);
  word(uint32_t(log.costs.size()));
  for (const auto& cost : log.costs) std::fwrite(cost.words, sizeof cost.words, 1, file);
  word(uint32_t(log.cores.size()));
  for (const auto& [core, events] : log.cores) {
    word(core.first), word(core.second), word(uint32_t(events.size()));
    std::fwrite(events.data(), 4, events.size(), file);
  }
  return std::fclose(file) == 0;
}

#if defined(AIEBUILD_SLOT_LINES)
extern "C" __attribute__((visibility("hidden"))) const char __ehdr_start;  // of this library, by the linker

// A line for each place in the code: its address in the library, then the slots it took.
inline bool write_sites(const char* path) {
  std::FILE* file = std::fopen(path, "w");
  if (!file) return false;
  for (const auto& [place, slots] : aie::detail::slot_sites) {
    std::fprintf(file, "%llx", static_cast<unsigned long long>(static_cast<const char*>(place) - &__ehdr_start - 1));
    for (uint64_t n : slots) std::fprintf(file, " %llu", static_cast<unsigned long long>(n));
    std::fputc('\n', file);
  }
  return std::fclose(file) == 0;
}
#else
inline bool write_sites(const char*) { return false; }
#endif

}  // namespace aieb::trace

extern "C" {
__attribute__((visibility("default"))) inline int overlay_slot_sites(const char* path) { return aieb::trace::write_sites(path) ? 0 : 1; }
__attribute__((visibility("default"))) inline int overlay_trace_write(const char* path) { return aieb::trace::write(path) ? 0 : 1; }
__attribute__((visibility("default"))) inline void overlay_trace_clear() { aieb::trace::log.clear(); }
}
namespace aieb::trace {
// Keeps the functions above in the library: nothing in it calls them.
[[gnu::used]] inline void* const kept[] = {reinterpret_cast<void*>(&overlay_trace_write), reinterpret_cast<void*>(&overlay_trace_clear),
                                        reinterpret_cast<void*>(&overlay_slot_sites)};
}

#define AIEB_TRACE_ACQUIRE(c, end, n) aieb::trace::log.fifo(aieb::trace::kAcquire, (c).core.column, (c).core.row, end, n)
#define AIEB_TRACE_RELEASE(c, end, n) aieb::trace::log.fifo(aieb::trace::kRelease, (c).core.column, (c).core.row, end, n)
#define AIEB_TRACE_CALL(c) aie::detail::slot_counts = {}
#define AIEB_TRACE_RETURN(c, kernel) aieb::trace::log.call((c).core.column, (c).core.row, kernel)

#else

#define AIEB_TRACE_ACQUIRE(c, end, n) ((void)0)
#define AIEB_TRACE_RELEASE(c, end, n) ((void)0)
#define AIEB_TRACE_CALL(c) ((void)0)
#define AIEB_TRACE_RETURN(c, kernel) ((void)0)

#endif
