// A runtime sequence, loaded: a list of operations with every transfer's objects planned (which are read or written
// in place, which are copied and how).
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "paths.hpp"

namespace aieb {

struct Op {
  enum Kind : uint8_t { kStartIn, kStartOut, kWaitIn, kWaitOut, kRtp } kind;
  uint32_t line;
  uint32_t path;           // index of the source or sink, or of the buffer
  uint64_t objects;        // of the path, from the start of the sequence; for kRtp the element
  int64_t value = 0;       // kRtp
  uint32_t task_line = 0;  // waits: where the task was started
  std::vector<std::pair<uint32_t, uint64_t>> after;  // kStartOut: sources to be consumed up to
};

struct ArgExtent {
  uint64_t declared = 0;  // bytes of the argument's type
  uint64_t needed = 0;    // first byte after the last one touched
  uint32_t line = 0;      // of the operation that touches it
  std::string symbol;
};

// Mean times of a sequence by all threads and by half of them, and which of the two to choose where others want the
// processors: threads that wait for each other's turns may take longer than fewer that do not.
class Pace {
 public:
  bool choose_half() {
    const uint32_t turn = turns_++;
    if (all_.n < kTrials || half_.n < kTrials) return turn % 2 == 0;
    return (half_.ns < 0.9 * all_.ns) != (turn % kProbe == 0);
  }
  void note(bool half, uint64_t ns) {
    Mean& m = half ? half_ : all_;
    if (m.n < 2 * kTrials) ++m.n;
    m.ns += (double(ns) - m.ns) / m.n;
  }

 private:
  static constexpr uint32_t kTrials = 4;
  static constexpr uint32_t kProbe = 16;  // dispatches from one trial of the other way to the next
  struct Mean {
    double ns = 0;
    uint32_t n = 0;
  } all_, half_;
  uint32_t turns_ = 0;
};

struct Sequence {
  std::string name;
  std::string file;
  std::vector<ArgExtent> args;
  std::vector<Op> ops;
  std::vector<ChannelPlan> in;   // by source
  std::vector<ChannelPlan> out;  // by sink
  std::vector<uint32_t> in_used;
  std::vector<uint32_t> out_used;
  std::deque<CopyPlan> plans;
  std::vector<std::pair<uint32_t, uint32_t>> copied;  // (source, view) that need slots
  std::vector<u8*> bound;        // argument pointers of the dispatch
  uint64_t tasks = 0;
  uint64_t syncs = 0;
  Pace pace;
  int64_t alias_mode = -1;       // of the views: -1 not set, otherwise a bit for each argument

  // Points every entry at this dispatch's arguments; `in_place` has a bit for each that may be used where it lies.
  void bind(const Arg* a, uint32_t in_place) {
    for (size_t i = 0; i < args.size(); ++i) bound[i] = static_cast<u8*>(a[i].data);
    const bool change = alias_mode != int64_t(in_place);
    for (auto* plans_of : {&in, &out})
      for (ChannelPlan& c : *plans_of) {
        c.args = bound.data();
        for (Entry& e : c.entries) {
          e.base = bound[e.arg] + e.offset;
          if (change)
            for (EntryView& v : e.views) v.alias = v.can_alias && (in_place >> e.arg & 1u);
        }
      }
    alias_mode = int64_t(in_place);
  }
};

}  // namespace aieb
