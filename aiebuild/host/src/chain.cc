// Who keeps whom, when nothing can move: from what the sequence waits for to where it ends, or comes round.
#include <aiebuild_tiles/tiles.hpp>

#include <algorithm>

namespace aieb {
namespace {

// A core or a channel; both null: the sequence.
struct Node {
  const Core* core = nullptr;
  Channel* channel = nullptr;
  bool operator==(const Node& o) const { return core == o.core && channel == o.channel; }
  std::string name() const {
    if (core != nullptr) return "core(" + std::to_string(core->column) + "," + std::to_string(core->row) + ")";
    return channel != nullptr ? channel->name() : "the sequence";
  }
};

class Finder {
 public:
  explicit Finder(Array& array) : a_(array) {}

  // Whom a node waits for, and why; itself where it waits for nobody.
  Node next(const Node& n, std::string& why) {
    if (n.core != nullptr) return of_core(n, why);
    return of_channel(n, why);
  }

 private:
  Node of_core(const Node& n, std::string& why) {
    const Core& c = *n.core;
    if (c.context->wanted != nullptr && !(c.handle && c.handle.done())) return giver(*c.context->wanted, n, why);
    if (c.cascade.waits()) {
      why = c.cascade.wants == CascadePort::kIn ? "its cascade is empty" : "its cascade is full";
      for (const Core& o : a_.cores)
        if (&o != &c && (c.cascade.wants == CascadePort::kIn ? o.cascade.out == c.cascade.in : o.cascade.in == c.cascade.out)) return {&o, nullptr};
      return n;
    }
    why = c.handle && c.handle.done() ? "has ended" : "does not wait";
    return n;
  }

  Node of_channel(const Node& n, std::string& why) {
    Channel& c = *n.channel;
    if (!c.running) {
      why = "it has no task";
      return c.row == 0 ? Node{} : n;
    }
    const Bd& d = a_.descriptor(c, c.bd);
    if (!c.held) return giver(*d.acquire.lock, n, why);
    if (c.out) {
      why = "its stream is full";
      if (c.route == nullptr) return n;
      for (Channel& o : a_.channels)
        for (const Stream* s : c.route->to)
          if (s == &o.in && s->bytes.size() + d.unit > kStreamBytes) return {nullptr, &o};
      return n;
    }
    why = "no data comes";
    for (Channel& o : a_.channels)
      for (const Route& r : o.routes)
        if (std::find(r.to.begin(), r.to.end(), &c.in) != r.to.end()) return {nullptr, &o};
    return n;
  }

  // Who could give to a lock: rather somebody who waits than somebody who has nothing to do.
  Node giver(const Lock& lock, const Node& self, std::string& why) {
    why = "@" + lock.name + " is " + std::to_string(lock.value);
    std::vector<Node> found;
    const auto [from, to] = a_.givers.equal_range(&lock);
    for (auto it = from; it != to; ++it)
      for (const Core& c : a_.cores)
        if (c.column == it->second.first && c.row == it->second.second) found.push_back({&c, nullptr});
    for (Channel& c : a_.channels)
      if (gives(c, lock)) found.push_back({nullptr, &c});
    for (const Node& n : found)
      if (!(n == self) && (n.core != nullptr ? n.core->context->wanted != nullptr : n.channel->running)) return n;
    if (!found.empty()) return found[0];
    why += ", nobody gives to it";
    return self;
  }

  bool gives(const Channel& c, const Lock& lock) {
    auto chain = [&](int k) {
      for (size_t n = 0; k >= 0 && n < 64; ++n) {
        const Bd& d = a_.descriptor(c, k);
        if (d.release.lock == &lock) return true;
        k = d.next;
      }
      return false;
    };
    if (c.row == 0) return false;
    if (c.running && (chain(c.task.bd) || chain(c.bd))) return true;
    for (const auto& queued : c.queue)
      if (chain(queued.bd)) return true;
    for (const Task& first : c.first)
      if (chain(first.bd)) return true;
    return false;
  }

  Array& a_;
};

}  // namespace

std::string Array::chain(const Instruction& op) {
  if (op.kind != 2 && op.kind != 3) return "";
  Finder finder(*this);
  Node at{nullptr, &channel(op.column, op.row, op.out, op.index)};
  std::string text = "\n  chain: the sequence waits for " + at.name();
  std::vector<Node> seen;
  for (;;) {
    if (const auto it = std::find(seen.begin(), seen.end(), at); it != seen.end()) return text + "; and so on in a cycle of " + std::to_string(seen.end() - it);
    seen.push_back(at);
    std::string why;
    const Node next = finder.next(at, why);
    if (next == at) return text + "; " + at.name() + ": " + why;
    text += "; " + at.name() + " waits for " + next.name() + " (" + why + ")";
    if (next.core == nullptr && next.channel == nullptr) return text;
    at = next;
  }
}

}  // namespace aieb
