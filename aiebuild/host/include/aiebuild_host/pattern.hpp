// Address patterns of DMA transfers and the copies made from them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "design.hpp"

namespace aieb {

// A run of bytes, moved from stream (or memory) position `src` to `dst`.
struct Run {
  uint32_t dst;
  uint32_t src;
};

// Bytes of one buffer in the order in which a DMA visits them: `run` contiguous bytes, repeated by the
// levels of `dims`, innermost first.
struct Pattern {
  uint32_t arg = 0;
  int64_t offset = 0;
  int64_t run = 0;
  std::vector<Dim> dims;

  int64_t bytes() const {
    int64_t b = run;
    for (const Dim& d : dims) b *= d.n;
    return b;
  }
  // First byte after the last one touched, relative to offset. Strides are not negative.
  int64_t extent() const {
    int64_t e = run;
    for (const Dim& d : dims) e += (d.n - 1) * d.stride;
    return e;
  }
  // Drops levels of one step and merges levels that continue each other.
  void normalise() {
    std::vector<Dim> out;
    for (const Dim& d : dims) {
      if (d.n == 1) continue;
      if (out.empty() && d.stride == run) {
        run *= d.n;
      } else if (!out.empty() && d.stride == out.back().stride * out.back().n && out.back().stride != 0) {
        out.back().n *= d.n;
      } else {
        out.push_back(d);
      }
    }
    dims = std::move(out);
  }
};

// A contiguous piece of a stream: `len` bytes at stream position `pos`, found at `mem` in memory.
struct Piece {
  int64_t pos;
  int64_t mem;
  int64_t len;
};

// The pieces of a pattern in stream order, contiguous neighbours merged.
inline std::vector<Piece> pieces_of(int64_t run, const std::vector<Dim>& dims) {
  std::vector<Piece> out;
  std::vector<int64_t> at(dims.size(), 0);
  int64_t pos = 0;
  for (;;) {
    int64_t mem = 0;
    for (size_t k = 0; k < dims.size(); ++k) mem += at[k] * dims[k].stride;
    if (!out.empty() && out.back().mem + out.back().len == mem)
      out.back().len += run;
    else
      out.push_back({pos, mem, run});
    pos += run;
    size_t k = 0;
    for (; k < dims.size(); ++k) {
      if (++at[k] < dims[k].n) break;
      at[k] = 0;
    }
    if (k == dims.size()) return out;
  }
}

// Splits a pattern into the part that one object of `object` bytes covers and the levels that step from
// object to object. False where objects do not line up with the levels.
inline bool split_objects(const Pattern& p, int64_t object, int64_t* run, std::vector<Dim>* inner, std::vector<Dim>* outer) {
  inner->clear();
  outer->clear();
  if (p.run >= object) {
    if (p.run % object != 0) return false;
    *run = object;
    if (p.run > object) outer->push_back({p.run / object, object});
    outer->insert(outer->end(), p.dims.begin(), p.dims.end());
    return true;
  }
  *run = p.run;
  int64_t covered = p.run;
  size_t k = 0;
  for (; k < p.dims.size() && covered < object; ++k) {
    const Dim& d = p.dims[k];
    if (covered * d.n <= object) {
      if (object % (covered * d.n) != 0) return false;
      inner->push_back(d);
      covered *= d.n;
      continue;
    }
    if (object % covered != 0 || d.n % (object / covered) != 0) return false;
    const int64_t part = object / covered;
    inner->push_back({part, d.stride});
    outer->push_back({d.n / part, d.stride * part});
    covered = object;
  }
  if (covered != object) return false;
  outer->insert(outer->end(), p.dims.begin() + long(k), p.dims.end());
  return true;
}

// Copies with a run length known to the compiler.
template <int N>
inline void copy_runs(u8* dst, const u8* src, const Run* r, size_t n) {
  for (size_t i = 0; i < n; ++i) std::memcpy(dst + r[i].dst, src + r[i].src, N);
}
using CopyFn = void (*)(u8*, const u8*, const Run*, size_t);

inline CopyFn copy_fn(uint32_t run) {
  switch (run) {
    case 1: return copy_runs<1>;
    case 2: return copy_runs<2>;
    case 4: return copy_runs<4>;
    case 8: return copy_runs<8>;
    case 16: return copy_runs<16>;
    case 32: return copy_runs<32>;
    case 64: return copy_runs<64>;
    case 128: return copy_runs<128>;
    case 256: return copy_runs<256>;
    case 512: return copy_runs<512>;
    default: return nullptr;
  }
}

// How one object is gathered from memory (or scattered to it): the same for all objects of a transfer,
// relative to the object's first byte.
struct CopyPlan {
  uint32_t bytes = 0;      // of the object
  uint32_t run = 0;        // bytes of each entry of `runs`
  CopyFn fn = nullptr;
  std::vector<Run> runs;   // dst: in the object; src: in memory, from the object's base
  bool single = false;     // the object is one contiguous run at `single_src`
  int64_t single_src = 0;

  void gather(u8* object, const u8* base) const {
    if (single) std::memcpy(object, base + single_src, bytes);
    else fn(object, base, runs.data(), runs.size());
  }
  void scatter(const u8* object, u8* base) const {
    if (single) { std::memcpy(base + single_src, object, bytes); return; }
    switch (run) {
      case 1: return scatter_runs<1>(object, base);
      case 2: return scatter_runs<2>(object, base);
      case 4: return scatter_runs<4>(object, base);
      case 8: return scatter_runs<8>(object, base);
      case 16: return scatter_runs<16>(object, base);
      case 32: return scatter_runs<32>(object, base);
      case 64: return scatter_runs<64>(object, base);
      case 128: return scatter_runs<128>(object, base);
      case 256: return scatter_runs<256>(object, base);
      default: return scatter_runs<512>(object, base);
    }
  }

 private:
  template <int N>
  void scatter_runs(const u8* object, u8* base) const {
    for (const Run& r : runs) std::memcpy(base + r.src, object + r.dst, N);
  }
};

// (destination, source, length) triples to a plan of runs of one power of two, which may overlap.
struct LongRun {
  int64_t dst;
  int64_t src;
  int64_t len;
};

inline void merge_runs(std::vector<LongRun>* runs) {
  std::vector<LongRun> out;
  for (const LongRun& r : *runs) {
    if (!out.empty() && out.back().dst + out.back().len == r.dst && out.back().src + out.back().len == r.src)
      out.back().len += r.len;
    else
      out.push_back(r);
  }
  *runs = std::move(out);
}

inline CopyPlan plan_copy(std::vector<LongRun> runs, uint32_t bytes) {
  std::sort(runs.begin(), runs.end(), [](const LongRun& a, const LongRun& b) { return a.dst < b.dst; });
  merge_runs(&runs);
  CopyPlan plan;
  plan.bytes = bytes;
  if (runs.size() == 1) {
    plan.single = true;
    plan.single_src = runs[0].src;
    return plan;
  }
  uint32_t run = 512;
  int64_t least = bytes;
  for (const LongRun& r : runs) {
    while (r.len % run != 0) run /= 2;
    least = std::min(least, r.len);
  }
  // Of lengths that no long run divides (132) the last one overlaps the one before.
  if (run < 32 && least >= 32) run = least >= 64 ? 64 : 32;
  plan.run = run;
  plan.fn = copy_fn(run);
  for (const LongRun& r : runs)
    for (int64_t k = 0; k < r.len; k += run) {
      const int64_t at = std::min(k, r.len - run);
      if (r.src + at < 0 || r.src + at > int64_t(UINT32_MAX)) throw std::runtime_error("an object spans more than 4 GB");
      plan.runs.push_back({uint32_t(r.dst + at), uint32_t(r.src + at)});
    }
  return plan;
}

// Which bytes of a channel's object an endpoint sees, in which order: `runs` (dst: in the endpoint's
// object, src: in the channel's object); empty stands for the plain slice [offset, offset + bytes).
struct Slice {
  uint32_t offset = 0;
  uint32_t bytes = 0;
  std::vector<LongRun> runs;

  bool operator==(const Slice& o) const {
    if (offset != o.offset || bytes != o.bytes || runs.size() != o.runs.size()) return false;
    for (size_t i = 0; i < runs.size(); ++i)
      if (runs[i].dst != o.runs[i].dst || runs[i].src != o.runs[i].src || runs[i].len != o.runs[i].len) return false;
    return true;
  }
  std::vector<LongRun> as_runs() const {
    if (!runs.empty()) return runs;
    return {{0, int64_t(offset), int64_t(bytes)}};
  }
};

// Maps a slice of an object onto the object's pieces in memory.
inline std::vector<LongRun> map_slice(const Slice& slice, const std::vector<Piece>& pieces) {
  std::vector<LongRun> out;
  for (const LongRun& r : slice.as_runs()) {
    int64_t done = 0;
    auto it = std::upper_bound(pieces.begin(), pieces.end(), r.src, [](int64_t pos, const Piece& p) { return pos < p.pos; });
    --it;
    while (done < r.len) {
      const int64_t into = r.src + done - it->pos;
      const int64_t take = std::min(r.len - done, it->len - into);
      out.push_back({r.dst + done, it->mem + into, take});
      done += take;
      ++it;
    }
  }
  return out;
}

// Element addresses visited by objectfifo dimensions (outermost first, in elements), as byte positions.
// An empty list visits `elements` in order.
inline std::vector<uint32_t> dims_order(const std::vector<Dim>& outermost_first, uint32_t elements) {
  std::vector<uint32_t> order;
  order.reserve(elements);
  if (outermost_first.empty()) {
    for (uint32_t i = 0; i < elements; ++i) order.push_back(i);
    return order;
  }
  std::vector<int64_t> at(outermost_first.size(), 0);
  for (;;) {
    int64_t a = 0;
    for (size_t k = 0; k < at.size(); ++k) a += at[k] * outermost_first[k].stride;
    order.push_back(uint32_t(a));
    size_t k = at.size();
    while (k > 0) {
      --k;
      if (++at[k] < outermost_first[k].n) break;
      at[k] = 0;
      if (k == 0) return order;
    }
  }
}

// The slice of a path's object that an endpoint sees.
inline Slice make_slice(const Part& part) {
  const uint32_t offset = part.offset, bytes = part.bytes, element = part.element;
  Slice slice;
  slice.offset = offset;
  slice.bytes = bytes;
  if (part.memory.size() == 0 && part.link.size() == 0 && part.core.size() == 0) return slice;
  const uint32_t n = bytes / element;
  const auto a = dims_order(part.memory, n), b = dims_order(part.link, n), c = dims_order(part.core, n);
  if (a.size() != n || b.size() != n || c.size() != n)
    throw std::runtime_error("data layout dimensions cover another number of elements than the object");
  std::vector<uint32_t> inverse(n, UINT32_MAX);
  for (uint32_t s = 0; s < n; ++s) {
    if (a[s] >= n || b[s] >= n || c[s] >= n) throw std::runtime_error("data layout dimensions leave the object");
    inverse[a[s]] = s;
  }
  std::vector<LongRun> runs;
  for (uint32_t t = 0; t < n; ++t) {
    if (inverse[b[t]] == UINT32_MAX) throw std::runtime_error("data layout dimensions read what was not written");
    runs.push_back({int64_t(c[t]) * element, int64_t(offset) + int64_t(inverse[b[t]]) * element, element});
  }
  std::stable_sort(runs.begin(), runs.end(), [](const LongRun& x, const LongRun& y) { return x.dst < y.dst; });
  merge_runs(&runs);
  if (runs.size() == 1 && runs[0].dst == 0 && runs[0].src == offset) return slice;
  slice.runs = std::move(runs);
  return slice;
}

}  // namespace aieb
