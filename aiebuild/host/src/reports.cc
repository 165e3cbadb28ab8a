// What cores report of lists of tokens, brought together: a part of the C interface that needs no overlay. The reference
// is `NumpyMerge` in aiebuild/whisper/findings.py.

#include <aiebuild_host/abi.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

namespace aieb {
namespace {

constexpr float kLeast = 1e-30f;  // of a sum of exponentials
constexpr float kNone = -std::numeric_limits<float>::infinity();

// The first pairs of all parts of a list: by falling key, of equal ones the lower token first. A pair is one number, its
// key turned over in the upper half.
void first_pairs(const Reports& r, const uint32_t* keys, std::vector<int64_t>& first) {
  first.clear();
  for (uint32_t part = 0; part < r.parts; ++part) {
    const int32_t* key = r.words + keys[part];
    for (uint32_t k = 0; k < r.best; ++k) {
      const auto pair = int64_t(uint64_t(uint32_t(~key[k])) << 32 | uint32_t(key[k + r.best]));
      if (first.size() < r.best)
        first.push_back(pair);
      else if (pair < first.back())
        first.back() = pair;
      else
        continue;
      for (size_t at = first.size() - 1; at > 0 && first[at - 1] > pair; --at) std::swap(first[at - 1], first[at]);
    }
  }
}

// The log of the sum of the exponentials of all parts of a list.
float total(const Reports& r, const uint32_t* tops) {
  const auto value = [&](uint32_t word) { return std::bit_cast<float>(r.words[word]); };
  float top = kNone, sum = 0;
  for (uint32_t part = 0; part < r.parts; ++part) top = std::max(top, value(tops[part]));
  if (top < r.lowest) return kNone;
  for (uint32_t part = 0; part < r.parts; ++part) sum += value(tops[part] + 1) * std::exp(value(tops[part]) - top);
  return top + std::log(std::max(sum, kLeast));
}

}  // namespace
}  // namespace aieb

// Writes [count, 2, 2 `best` + 1] words for `count` of the rows: tokens, logits and the total of each of their lists.
// Returns 0, or 1 where a row is none.
extern "C" __attribute__((visibility("default"))) int overlay_merge_reports(const aieb::Reports* reports, const uint32_t* rows, uint32_t count, int32_t* to) {
  const aieb::Reports& r = *reports;
  std::vector<int64_t> first;
  first.reserve(r.best);
  for (uint32_t k = 0; k < 2 * count; ++k) {
    if (rows[k / 2] >= r.rows) return 1;
    const size_t list = (2 * size_t(rows[k / 2]) + k % 2) * r.parts;
    for (uint32_t part = 0; part < r.parts; ++part) {  // other threads wrote them
      __builtin_prefetch(r.words + r.keys[list + part]);
      __builtin_prefetch(r.words + r.keys[list + part] + r.best);
      __builtin_prefetch(r.words + r.tops[list + part]);
    }
    aieb::first_pairs(r, r.keys + list, first);
    int32_t* logits = to + r.best;
    for (const int64_t pair : first) {
      const auto key = int32_t(~pair >> 32);
      const auto logit = std::bit_cast<float>(key ^ ((key >> 31) & 0x7FFFFFFF));
      const bool none = logit < r.lowest;
      *to++ = none ? -1 : int32_t(pair);
      *logits++ = std::bit_cast<int32_t>(none ? aieb::kNone : logit);
    }
    *logits++ = std::bit_cast<int32_t>(aieb::total(r, r.tops + list));
    to = logits;
  }
  return 0;
}
