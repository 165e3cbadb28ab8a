// A .seq file (sequence_file.hpp) to a sequence.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sequence.hpp"
#include "sequence_file.hpp"

namespace aieb {

struct Descriptor {
  bool written = false;
  Pattern pattern;       // of one pass
  uint32_t iterations = 0;
  int64_t iteration_stride = 0;
  bool has_next = false;
  uint16_t next = 0;
};

// A channel is prefetched from DDR where it moves large objects, and more than fits a cache.
inline constexpr uint64_t kStreamedObject = 2048;
inline constexpr uint64_t kStreamedBytes = 1 << 20;

// Builds a Sequence from bytes against the paths of an overlay.
class SequenceLoader {
 public:
  struct BufferInfo {
    std::string name;
    uint64_t elements;
  };
  SequenceLoader(std::deque<Source>& sources, std::deque<Sink>& sinks, const std::vector<BufferInfo>& buffers)
      : sources_(sources), sinks_(sinks), buffers_(buffers) {}

  std::unique_ptr<Sequence> load(const u8* data, size_t n) {
    static constexpr char kMagic[] = "AIEBSEQ\n";
    if (n < 24 || std::memcmp(data, kMagic, 8) != 0) throw LoadError("not a sequence file");
    Reader header(data + 8, 16);
    const auto version = header.get<uint32_t>();
    const auto crc = header.get<uint32_t>();
    const auto bytes = header.get<uint64_t>();
    if (version != kSequenceVersion)
      throw LoadError("sequence file has version " + std::to_string(version) + ", this engine reads " + std::to_string(kSequenceVersion));
    if (bytes != n - 24)
      throw LoadError("sequence file is truncated: it should have " + std::to_string(bytes + 24) + " bytes and has " + std::to_string(n));
    if (crc32(data + 24, n - 24) != crc) throw LoadError("sequence file is damaged: its checksum does not match");
    Reader r(data + 24, n - 24);
    seq_ = std::make_unique<Sequence>();
    seq_->in.resize(sources_.size());
    seq_->out.resize(sinks_.size());
    build_.resize(sources_.size() + sinks_.size());
    read_tables(r);
    const auto count = r.get<uint32_t>();
    for (uint32_t i = 0; i < count; ++i) read_op(r);
    if (!r.empty()) throw LoadError("sequence file has bytes after its last operation");
    finish();
    return std::move(seq_);
  }

 private:
  struct Task {
    bool in;
    uint32_t path;
    uint32_t start;          // index of the op
    uint32_t done = UINT32_MAX;
    uint32_t phase;          // S2MM tokens awaited before the start
    uint64_t first_entry, last_entry;
    uint64_t objects;        // end, of the path
    std::vector<Pattern> patterns;
    uint32_t line;
  };
  struct Build {
    uint64_t bytes = 0;      // streamed so far
    std::vector<std::pair<uint64_t, Pattern>> irregular;  // stream position, pattern; not yet on an object boundary
    std::deque<uint32_t> tokens;  // tasks whose token has not been awaited
    std::map<std::vector<int64_t>, std::vector<const CopyPlan*>> cache;
  };
  struct Channel {
    bool in;
    uint32_t path;
  };

  [[noreturn]] void fail(uint32_t line, const std::string& what) const {
    throw LoadError(seq_->file + ":" + std::to_string(line) + ": " + what);
  }

  void read_tables(Reader& r) {
    seq_->name = r.string();
    seq_->file = r.string();
    const auto nargs = r.get<uint32_t>();
    for (uint32_t i = 0; i < nargs; ++i) {
      ArgExtent a;
      a.declared = r.get<uint64_t>();
      seq_->args.push_back(a);
    }
    seq_->bound.resize(nargs);
    const auto nchannels = r.get<uint32_t>();
    for (uint32_t i = 0; i < nchannels; ++i) {
      const auto column = r.get<uint16_t>();
      const auto direction = r.get<u8>();
      const auto channel = r.get<u8>();
      const auto bytes = r.get<uint32_t>();
      const std::string symbol = r.string();
      Channel c{direction == 1, UINT32_MAX};
      uint32_t have = 0;
      std::string name;
      auto match = [&](auto& paths) {
        for (uint32_t k = 0; k < paths.size(); ++k)
          if (paths[k].column == column && paths[k].channel == channel) c.path = k, have = paths[k].object_bytes, name = paths[k].name;
      };
      if (c.in) match(sources_);
      else match(sinks_);
      const std::string what = std::string(c.in ? "MM2S" : "S2MM") + " channel " + std::to_string(channel) + " of shim (" + std::to_string(column) + ", 0)";
      if (c.path == UINT32_MAX) throw LoadError("sequence `" + seq_->name + "` uses " + what + " (@" + symbol + "), which this overlay does not have");
      if (have != bytes || (!symbol.empty() && name != symbol))
        throw LoadError("sequence `" + seq_->name + "` is for another overlay: " + what + " is @" + name + " with objects of " + std::to_string(have) +
                        " B here, @" + symbol + " with " + std::to_string(bytes) + " B there");
      channels_.push_back(c);
    }
    const auto nbuffers = r.get<uint32_t>();
    for (uint32_t i = 0; i < nbuffers; ++i) {
      const std::string name = r.string();
      uint32_t k = 0;
      while (k < buffers_.size() && buffers_[k].name != name) ++k;
      if (k == buffers_.size()) throw LoadError("sequence `" + seq_->name + "` writes buffer @" + name + ", which this overlay does not have");
      buffer_index_.push_back(k);
    }
  }

  void read_op(Reader& r) {
    const auto kind = r.get<u8>();
    r.get<u8>();
    const auto index = r.get<uint16_t>();
    const auto line = r.get<uint32_t>();
    switch (kind) {
      case 1: return read_descriptor(r, index, line);
      case 2: return read_push(r, index, line);
      case 3: {
        const Channel c = channel(index, line);
        Build& b = build(c);
        if (b.tokens.empty()) fail(line, "waits for a token of @" + path_name(c) + ", but no task that issues one has been started");
        Task& t = tasks_[b.tokens.front()];
        b.tokens.pop_front();
        t.done = uint32_t(seq_->ops.size());
        seq_->ops.push_back({c.in ? Op::kWaitIn : Op::kWaitOut, line, c.path, t.objects, 0, t.line, {}});
        if (!c.in) ++phase_;
        ++seq_->syncs;
        return;
      }
      case 4: {
        const auto element = r.get<uint32_t>();
        const auto value = r.get<int64_t>();
        if (index >= buffer_index_.size()) fail(line, "rtp_write to an unknown buffer");
        const uint32_t k = buffer_index_[index];
        if (element >= buffers_[k].elements)
          fail(line, "rtp_write to element " + std::to_string(element) + " of @" + buffers_[k].name + ", which has " + std::to_string(buffers_[k].elements));
        seq_->ops.push_back({Op::kRtp, line, k, element, value, 0, {}});
        return;
      }
      default: fail(line, "unknown operation " + std::to_string(kind) + " in the sequence file");
    }
  }

  void read_descriptor(Reader& r, uint16_t bd, uint32_t line) {
    const auto column = r.get<uint16_t>();
    const auto row = r.get<uint16_t>();
    Descriptor d;
    d.written = true;
    d.pattern.arg = r.get<uint16_t>();
    const auto levels = r.get<u8>();
    d.has_next = r.get<u8>() != 0;
    d.next = r.get<uint16_t>();
    r.get<uint16_t>();
    d.pattern.offset = r.get<int64_t>();
    const auto length = r.get<uint64_t>();
    d.pattern.run = int64_t(r.get<uint64_t>());
    for (u8 k = 0; k < levels; ++k) {
      const auto n = r.get<uint32_t>();
      const auto stride = r.get<int64_t>();
      if (n == 0 || stride < 0) fail(line, "a buffer descriptor with a size of 0 or a negative stride");
      d.pattern.dims.push_back({n, stride});
    }
    d.iterations = r.get<uint32_t>();
    d.iteration_stride = r.get<int64_t>();
    if (row != 0) fail(line, "buffer descriptors of tile (" + std::to_string(column) + ", " + std::to_string(row) + ") are not modelled");
    if (d.pattern.arg >= seq_->args.size()) fail(line, "transfer of argument " + std::to_string(d.pattern.arg) + ", which the sequence does not have");
    if (d.pattern.run <= 0 || d.pattern.offset < 0 || d.iteration_stride < 0) fail(line, "a transfer with a negative offset, stride or length");
    if (uint64_t(d.pattern.bytes()) != length)
      fail(line, "buffer descriptor length " + std::to_string(length) + " B differs from its dimensions' " + std::to_string(d.pattern.bytes()) + " B");
    descriptors_[{column, bd}] = std::move(d);
  }

  void read_push(Reader& r, uint16_t index, uint32_t line) {
    const auto bd = r.get<uint16_t>();
    const bool token = r.get<u8>() != 0;
    r.get<u8>();
    const auto repeat = r.get<uint32_t>();
    const Channel c = channel(index, line);
    Build& b = build(c);
    const uint32_t column = c.in ? sources_[c.path].column : sinks_[c.path].column;
    std::vector<const Descriptor*> chain;
    uint16_t at = bd;
    for (;;) {
      const auto it = descriptors_.find({column, at});
      if (it == descriptors_.end()) fail(line, "task on @" + path_name(c) + " uses buffer descriptor " + std::to_string(at) + ", which has not been written");
      chain.push_back(&it->second);
      if (!it->second.has_next) break;
      if (chain.size() > 16) fail(line, "endless chain of buffer descriptors");
      at = it->second.next;
    }
    Task t;
    t.in = c.in;
    t.path = c.path;
    t.start = uint32_t(seq_->ops.size());
    t.phase = phase_;
    t.line = line;
    const uint32_t passes = repeat + 1;
    auto pass = [](const Descriptor& d, uint32_t k) {
      Pattern p = d.pattern;
      if (d.iterations > 1) p.offset += int64_t(k % d.iterations) * d.iteration_stride;
      return p;
    };
    if (chain.size() == 1 && (chain[0]->iterations <= 1 || chain[0]->iterations >= passes)) {
      Pattern p = chain[0]->pattern;
      if (passes > 1) p.dims.push_back({int64_t(passes), chain[0]->iterations > 1 ? chain[0]->iteration_stride : 0});
      t.patterns.push_back(std::move(p));
    } else {
      for (uint32_t k = 0; k < passes; ++k)
        for (const Descriptor* d : chain) t.patterns.push_back(pass(*d, k));
    }
    ChannelPlan& plan = this->plan(c);
    t.first_entry = plan.entries.size();
    for (Pattern& p : t.patterns) {
      p.normalise();
      ArgExtent& a = seq_->args[p.arg];
      const uint64_t end = uint64_t(p.offset + p.extent());
      if (end > a.needed) a.needed = end, a.line = line, a.symbol = path_name(c);
      append(c, b, plan, p);
    }
    t.last_entry = plan.entries.size();
    if (!b.irregular.empty() && t.first_entry == t.last_entry) t.last_entry = t.first_entry + 1;  // goes to the entry still open
    t.objects = b.bytes / object_bytes(c);
    if (token) b.tokens.push_back(uint32_t(tasks_.size()));
    seq_->ops.push_back({c.in ? Op::kStartIn : Op::kStartOut, line, c.path, t.objects, 0, line, {}});
    ++seq_->tasks;
    tasks_.push_back(std::move(t));
  }

  uint32_t object_bytes(Channel c) const { return c.in ? sources_[c.path].object_bytes : sinks_[c.path].object_bytes; }
  const std::string& path_name(Channel c) const { return c.in ? sources_[c.path].name : sinks_[c.path].name; }
  Build& build(Channel c) { return build_[c.in ? c.path : sources_.size() + c.path]; }
  ChannelPlan& plan(Channel c) { return c.in ? seq_->in[c.path] : seq_->out[c.path]; }
  Channel channel(uint16_t index, uint32_t line) const {
    if (index >= channels_.size()) fail(line, "operation on an unknown channel");
    return channels_[index];
  }
  std::vector<Slice> slices(Channel c) const {
    std::vector<Slice> s;
    if (c.in)
      for (const auto& v : sources_[c.path].views) s.push_back(v->slice);
    else
      s = sinks_[c.path].slices;
    return s;
  }

  // Adds one pattern to a channel's stream.
  void append(Channel c, Build& b, ChannelPlan& plan, const Pattern& p) {
    const int64_t object = object_bytes(c);
    const uint64_t at = b.bytes;
    b.bytes += uint64_t(p.bytes());
    Entry e;
    e.begin = at / uint64_t(object);
    int64_t run = 0;
    std::vector<Dim> inner, outer;
    if (b.irregular.empty() && p.bytes() % object == 0 && split_objects(p, object, &run, &inner, &outer) && outer.size() <= 6) {
      e.end = b.bytes / uint64_t(object);
      e.arg = p.arg;
      e.offset = p.offset;
      for (const Dim& d : outer) {  // merge levels that continue each other
        if (d.n == 1) continue;
        if (e.levels > 0 && d.stride == e.stride[e.levels - 1] * int64_t(e.n[e.levels - 1]) && e.stride[e.levels - 1] != 0) {
          e.n[e.levels - 1] *= uint32_t(d.n);
        } else {
          e.n[e.levels] = uint32_t(d.n);
          e.stride[e.levels] = d.stride;
          ++e.levels;
        }
      }
      bool aligned = e.offset % int64_t(kArgAlignment) == 0;
      for (uint32_t k = 0; k < e.levels; ++k) aligned = aligned && e.stride[k] % int64_t(kArgAlignment) == 0;
      const auto& plans = plans_for(c, b, run, inner);
      for (const CopyPlan* q : plans) {
        EntryView v;
        v.plan = q;
        v.can_alias = aligned && q->single && q->single_src % int64_t(kArgAlignment) == 0;
        e.views.push_back(std::move(v));
      }
      plan.entries.push_back(std::move(e));
      plan.objects = plan.entries.back().end;
      return;
    }
    b.irregular.emplace_back(at, p);
    if (b.bytes % uint64_t(object) == 0) close_irregular(c, b, plan);
  }

  // Objects that start or end within a transfer, or do not line up with its levels: explicit runs.
  void close_irregular(Channel c, Build& b, ChannelPlan& plan) {
    const int64_t object = object_bytes(c);
    struct Mem {
      int64_t pos, mem, len;
      uint32_t arg;
    };
    std::vector<Mem> stream;
    const int64_t first = int64_t(b.irregular.front().first);
    for (const auto& [at, p] : b.irregular)
      for (const Piece& q : pieces_of(p.run, p.dims)) stream.push_back({int64_t(at) - first + q.pos, p.offset + q.mem, q.len, p.arg});
    Entry e;
    e.begin = uint64_t(first / object);
    e.end = b.bytes / uint64_t(object);
    e.arg = b.irregular.front().second.arg;
    for (const Slice& s : slices(c)) {
      EntryView v;
      for (uint64_t o = e.begin; o < e.end; ++o) {
        std::vector<AbsoluteRun> runs;
        const int64_t start = int64_t(o) * object - first;
        for (const LongRun& r : s.as_runs()) {
          int64_t done = 0;
          auto it = std::upper_bound(stream.begin(), stream.end(), start + r.src, [](int64_t pos, const Mem& m) { return pos < m.pos; });
          --it;
          while (done < r.len) {
            const int64_t into = start + r.src + done - it->pos;
            const int64_t take = std::min(r.len - done, it->len - into);
            runs.push_back({it->arg, uint32_t(r.dst + done), it->mem + into, uint32_t(take)});
            done += take;
            ++it;
          }
        }
        v.absolute.push_back(std::move(runs));
      }
      e.views.push_back(std::move(v));
    }
    plan.entries.push_back(std::move(e));
    plan.objects = plan.entries.back().end;
    b.irregular.clear();
  }

  const std::vector<const CopyPlan*>& plans_for(Channel c, Build& b, int64_t run, const std::vector<Dim>& inner) {
    std::vector<int64_t> key{run};
    for (const Dim& d : inner) key.push_back(d.n), key.push_back(d.stride);
    auto [it, fresh] = b.cache.try_emplace(std::move(key));
    if (fresh) {
      const auto pieces = pieces_of(run, inner);
      for (const Slice& s : slices(c)) {
        seq_->plans.push_back(plan_copy(map_slice(s, pieces), s.bytes));
        it->second.push_back(&seq_->plans.back());
      }
    }
    return it->second;
  }

  // ------------------------------------------------------------------------------------------------
  // Reading and writing in place is only allowed where no other transfer that may be under way at the
  // same time touches the same bytes.

  // Whether two patterns of one argument may touch a common byte.
  static bool overlap(const Pattern& a, const Pattern& b) {
    if (a.arg != b.arg) return false;
    if (a.offset + a.extent() <= b.offset || b.offset + b.extent() <= a.offset) return false;
    // Two sets of rows of one matrix: compare the columns.
    for (const Dim& d : a.dims) {
      if (d.stride <= 0) continue;
      int64_t ea = a.run, eb = b.run;
      for (const Dim& k : a.dims)
        if (k.stride % d.stride != 0) ea += (k.n - 1) * k.stride;
      for (const Dim& k : b.dims)
        if (k.stride % d.stride != 0) eb += (k.n - 1) * k.stride;
      if (ea > d.stride || eb > d.stride) continue;
      const int64_t oa = a.offset % d.stride, ob = b.offset % d.stride;
      const int64_t ab = (ob - oa + d.stride) % d.stride, ba = (oa - ob + d.stride) % d.stride;
      if (ab >= ea && ba >= eb) return false;
    }
    return true;
  }
  static bool overlap(const Task& a, const Task& b) {
    for (const Pattern& p : a.patterns)
      for (const Pattern& q : b.patterns)
        if (overlap(p, q)) return true;
    return false;
  }
  // Whether a pattern touches some byte twice (levels that do not nest).
  static bool overlaps_itself(const Pattern& p) {
    std::vector<Dim> d = p.dims;
    std::sort(d.begin(), d.end(), [](const Dim& x, const Dim& y) { return x.stride < y.stride; });
    int64_t extent = p.run;
    for (const Dim& k : d) {
      if (k.n > 1 && k.stride < extent) return true;
      extent += (k.n - 1) * k.stride;
    }
    return false;
  }

  void forbid_alias(const Task& t) {
    ChannelPlan& p = t.in ? seq_->in[t.path] : seq_->out[t.path];
    for (uint64_t k = t.first_entry; k < t.last_entry && k < p.entries.size(); ++k)
      for (EntryView& v : p.entries[k].views) v.can_alias = false;
  }

  void finish() {
    for (uint32_t k = 0; k < build_.size(); ++k) {
      const Channel c{k < sources_.size(), k < sources_.size() ? k : k - uint32_t(sources_.size())};
      if (!build_[k].irregular.empty())
        throw LoadError("sequence `" + seq_->name + "`: the transfers on @" + path_name(c) + " add up to " + std::to_string(build_[k].bytes) +
                        " B, which is not a multiple of its object's " + std::to_string(object_bytes(c)) + " B");
      plan(c).streamed = object_bytes(c) >= kStreamedObject && build_[k].bytes >= kStreamedBytes;
      if (plan(c).objects > 0) (c.in ? seq_->in_used : seq_->out_used).push_back(c.path);
    }
    // A channel runs its tasks in order: what is known to be complete implies all before it.
    std::vector<uint32_t> known(build_.size(), UINT32_MAX);
    for (size_t k = tasks_.size(); k-- > 0;) {
      Task& t = tasks_[k];
      uint32_t& done = known[t.in ? t.path : sources_.size() + t.path];
      done = t.done = std::min(done, t.done);
    }
    std::vector<Task*> ins, outs;
    for (Task& t : tasks_) (t.in ? ins : outs).push_back(&t);
    for (size_t k = 0; k < outs.size(); ++k) {
      Task& t = *outs[k];
      bool twice = false;
      for (const Pattern& p : t.patterns) twice = twice || overlaps_itself(p);
      for (size_t i = 0; i < t.patterns.size() && !twice; ++i)
        for (size_t j = 0; j < i && !twice; ++j) twice = overlap(t.patterns[i], t.patterns[j]);
      if (twice) {
        if (sinks_[t.path].producers.size() > 1) fail(t.line, "a task of a join writes the same bytes more than once: not modelled");
        forbid_alias(t);
      }
      for (size_t j = 0; j < k; ++j) {
        Task& u = *outs[j];
        if (u.done < t.start || !overlap(t, u)) continue;
        forbid_alias(t);
        forbid_alias(u);
      }
      for (Task* u : ins) {
        if (u->done < t.start || (u->start > t.start && t.done < u->start) || !overlap(t, *u)) continue;
        if (u->start < t.start && u->phase < t.phase) {
          // An output was awaited in between, so these bytes have been read in any sane design: wait
          // for that instead of copying.
          auto& after = seq_->ops[t.start].after;
          bool known = false;
          for (auto& [path, objects] : after)
            if (path == u->path) objects = std::max(objects, u->objects), known = true;
          if (!known) after.emplace_back(u->path, u->objects);
        } else {
          forbid_alias(t);
          forbid_alias(*u);
        }
      }
    }
    for (uint32_t s : seq_->in_used)
      for (auto& v : sources_[s].views)
        if (v->own)
          for (Entry& e : seq_->in[s].entries) e.views[v->index].can_alias = false;
    // Copies need slots.
    for (uint32_t s : seq_->in_used)
      for (auto& v : sources_[s].views)
        for (const Entry& e : seq_->in[s].entries)
          if (!e.views[v->index].can_alias) {
            seq_->copied.emplace_back(s, v->index);
            break;
          }
  }

  std::deque<Source>& sources_;
  std::deque<Sink>& sinks_;
  const std::vector<BufferInfo>& buffers_;
  std::unique_ptr<Sequence> seq_;
  std::vector<Channel> channels_;
  std::vector<uint32_t> buffer_index_;
  std::map<std::pair<uint32_t, uint16_t>, Descriptor> descriptors_;
  std::vector<Build> build_;
  std::vector<Task> tasks_;
  uint32_t phase_ = 0;
};

}  // namespace aieb
