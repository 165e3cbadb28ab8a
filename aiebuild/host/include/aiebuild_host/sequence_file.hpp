// Reading the bytes of a .seq file.
//
// Layout of a file, little-endian: header {magic "AIEBSEQ\n", u32 version, u32 CRC-32 of the payload,
// u64 payload bytes}, then the payload: name and source file (strings: u32 length + bytes), argument
// sizes (u32 count, u64 each), channels (u32 count; u16 column, u8 direction 0 = S2MM 1 = MM2S, u8 channel,
// u32 object bytes, string symbol), buffers (u32 count, strings), operations (u32 count; u8 kind, u8 zero,
// u16 index, u32 line, then by kind):
//   1 WRITE_BD  index = BD; u16 column, u16 row, u16 argument, u8 levels, u8 has_next, u16 next, u16 zero,
//               i64 offset, u64 length, u64 run, levels x {u32 n, i64 stride} innermost first,
//               u32 iterations (0: none), i64 iteration stride; all in bytes
//   2 PUSH      index = channel; u16 BD, u8 token, u8 zero, u32 repeat (passes less one)
//   3 SYNC      index = channel
//   4 RTP       index = buffer; u32 element, i64 value
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>

#include "abi.hpp"

namespace aieb {

struct LoadError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline uint32_t crc32(const u8* p, size_t n) {
  static const std::array<uint32_t, 256> table = [] {
    std::array<uint32_t, 256> t{};
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t c = i;
      for (int k = 0; k < 8; ++k) c = c & 1 ? 0xEDB88320u ^ (c >> 1) : c >> 1;
      t[i] = c;
    }
    return t;
  }();
  uint32_t c = 0xFFFFFFFFu;
  for (size_t i = 0; i < n; ++i) c = table[(c ^ p[i]) & 0xFF] ^ (c >> 8);
  return ~c;
}

class Reader {
 public:
  Reader(const u8* p, size_t n) : p_(p), end_(p + n) {}
  template <class T>
  T get() {
    if (size_t(end_ - p_) < sizeof(T)) throw LoadError("sequence file ends early");
    T v;
    std::memcpy(&v, p_, sizeof v);
    p_ += sizeof v;
    return v;
  }
  std::string string() {
    const auto n = get<uint32_t>();
    if (size_t(end_ - p_) < n) throw LoadError("sequence file ends early");
    std::string s(reinterpret_cast<const char*>(p_), n);
    p_ += n;
    return s;
  }
  bool empty() const { return p_ == end_; }

 private:
  const u8* p_;
  const u8* end_;
};

}  // namespace aieb
