// Nothing can run: what left DDR on the array but was not copied here yet is copied, or who waits for whom is told.

#include <aiebuild_host/overlay.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace aieb {

// Nothing runs and nothing can: either the sequence waits for data that has left DDR on the array but
// was not copied here yet, or the design has stopped.
void Overlay::stuck() {
  Sequence& s = *seq_;
  if (pc_ < s.ops.size()) {
    const Op& op = s.ops[pc_];
    bool freed = false;
    auto take = [&](uint32_t path, uint64_t objects) {
      Source& src = sources[path];
      if (read(src, objects) || src.base + objects > src.room()) return;
      src.materialise(src.base + objects);
      freed = true;
    };
    if (op.kind == Op::kWaitIn) take(op.path, op.objects);
    if (op.kind == Op::kStartOut)
      for (const auto& [path, objects] : op.after) take(path, objects);
    if (freed) return arm();
    return halt(diagnose());
  }
  std::string rest;
  bool fits = true;
  for (uint32_t k : s.in_used) {
    Source& src = sources[k];
    const uint64_t left = src.available->get() - src.consumed();
    if (left == 0) continue;
    rest += (rest.empty() ? "" : ", ") + std::to_string(left) + " of @" + src.name;
    uint64_t most = 0;
    for (const InEnd* c : src.consumers) most = std::max(most, c->released->get());
    for (const InEnd* c : src.consumers)
      if (c->core && c->released->get() < most) rest += " (" + core_name(c->core) + " has released " + std::to_string(c->released->get()) + " objects, others " + std::to_string(most) + ")";
    if (src.available->get() > src.room()) fits = false;
  }
  for (uint32_t k : s.out_used) {
    const Sink& sink = sinks[k];
    if (sink.delivered() == sink.started->get()) continue;
    rest += (rest.empty() ? "" : ", ") + std::to_string(sink.started->get() - sink.delivered()) + " not arrived at @" + sink.name;
    fits = false;
  }
  left_over_ = true;
  if (!fits || (flags_ & kFlagStrict))
    return halt("sequence `" + s.name + "` ends with objects left over: " + rest + "\n" + diagnose());
  // They stay in the array's buffers, as on the device.
  for (uint32_t k : s.in_used) sources[k].materialise(sources[k].available->get());
  stop_.store(true, std::memory_order_release);
}

std::string Overlay::diagnose() const {
  const Sequence& s = *seq_;
  std::string text = "deadlock: ";
  if (pc_ < s.ops.size()) {
    const Op& op = s.ops[pc_];
    text += s.file + ":" + std::to_string(op.line) + ": sequence `" + s.name + "` ";
    const bool in = op.kind == Op::kWaitIn;
    if (op.kind == Op::kStartOut) {
      text += "starts a task on @" + sinks[op.path].name + " whose destination is still being read";
    } else {
      const std::string& name = in ? sources[op.path].name : sinks[op.path].name;
      const uint64_t have = in ? sources[op.path].consumed() - sources[op.path].base : sinks[op.path].delivered() - sinks[op.path].base;
      text += "waits for the task of line " + std::to_string(op.task_line) + " on @" + name + ", " + std::to_string(have) + " of " +
              std::to_string(op.objects) + " objects " + (in ? "taken" : "arrived");
    }
  } else {
    text += "sequence `" + s.name + "` has ended";
  }
  for (const Core* c : cores) {
    text += "\n  " + core_name(c);
    if (c->handle.done()) {
      text += " has ended";
    } else if (c->waiting) {
      Text what;
      c->waiting->describe(c->wanted, what);
      text += " waits in " + std::string(kDesignFile) + ":" + std::to_string(c->line) + " to acquire " + what.s;
    }
  }
  return text + chain();
}

// From what the sequence waits for, who keeps whom, until it comes round or ends.
std::string Overlay::chain() const {
  const Core* at = nullptr;
  std::string text;
  if (pc_ < seq_->ops.size()) {
    const Op& op = seq_->ops[pc_];
    if (op.kind == Op::kWaitOut) {
      const Sink& sink = sinks[op.path];
      text = "@" + sink.name + " gets no object";
      for (const OutEnd* p : sink.producers)
        if (p->delivered->get() <= sink.delivered()) at = p->core;
    } else if (op.kind == Op::kWaitIn) {
      const Source& source = sources[op.path];
      text = "@" + source.name + " is full";
      for (const InEnd* c : source.consumers)
        if (c->released->get() / c->view->repeat <= source.consumed()) at = c->core;
    }
  }
  if (at == nullptr)
    for (const Core* c : cores)
      if (at == nullptr && !c->handle.done() && c->waiting) at = c;
  if (at == nullptr) return "";
  std::vector<const Core*> seen;
  text = text.empty() ? "\n  chain: " : "\n  chain: the sequence waits for " + core_name(at) + " (" + text + "); ";
  for (;;) {
    if (at->handle.done()) return text + core_name(at) + " has ended";
    if (!at->waiting) return text + core_name(at) + " does not wait";
    if (std::find(seen.begin(), seen.end(), at) != seen.end()) return text + "and so on in a cycle of " + std::to_string(seen.end() - std::find(seen.begin(), seen.end(), at)) + (seen.size() == 1 ? " core" : " cores");
    seen.push_back(at);
    Text why;
    const Core* next = at->waiting->blocker(at->wanted, why);
    text += core_name(at) + " waits for " + (next != nullptr ? core_name(next) : "the sequence") + " (" + why.s + ")";
    if (next == nullptr) return text;
    text += "; ";
    at = next;
  }
}

}  // namespace aieb
