// Streams between tiles, and the DMA channels that fill and drain them by descriptors.
#pragma once

#include <aiebuild_tiles/cores.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace aieb {

inline constexpr size_t kStreamBytes = 64;  // what a circuit holds under way

// Into one port. While a packet is under way the port belongs to its sender.
struct Stream {
  std::deque<u8> bytes;
  const void* owner = nullptr;
  AIEB_CHECKED(check::Clock clock;)  // of all who sent through it
};

struct Level {
  uint32_t size;
  int64_t stride;  // bytes
  uint32_t before = 0, after = 0;  // padding, in steps of this level
};

struct LockUse {
  Lock* lock = nullptr;
  int amount = 0;
  bool at_least = true;
};

struct Bd {
  uint32_t line = 0;
  u8* memory = nullptr;     // of a tile's buffer; null for an argument
  uint64_t bytes = 0;       // of the memory
  uint32_t argument = 0;
  int64_t offset = 0;
  uint32_t unit = 4;        // bytes that always lie together
  std::vector<Level> levels;  // outermost first, in units
  LockUse acquire, release;
  int next = -1;
  uint32_t iterations = 0;
  int64_t iteration_stride = 0;
  uint32_t iteration = 0;
  int packet = -1;
  int packet_type = 0;
  bool valid = true;
  AIEB_CHECKED(check::Region* region = nullptr;)  // of the memory
  std::vector<int64_t> places;  // of the units, relative to the offset; -1 for padding; made at first use

  void lay_out() {
    if (!places.empty()) return;
    fill(0, 0);
    for (const int64_t place : places) reach = place > reach ? place : reach;
  }
  int64_t reach = 0;

 private:
  void fill(size_t k, int64_t at) {
    if (k == levels.size()) return places.push_back(at);
    const Level& level = levels[k];
    size_t inner = 1;
    for (size_t i = k + 1; i < levels.size(); ++i) inner *= levels[i].before + levels[i].size + levels[i].after;
    places.insert(places.end(), inner * level.before, -1);
    for (uint32_t n = 0; n < level.size; ++n) fill(k + 1, at + int64_t(n) * level.stride);
    places.insert(places.end(), inner * level.after, -1);
  }
};

struct Task {
  int bd;
  uint32_t repeat;
  bool token;
  uint32_t line;
};

struct Route {
  int packet;  // -1: a circuit
  std::vector<Stream*> to;
  std::vector<Stream*> headed;  // those of `to` that get the packet's header too

  bool free(const void* sender) const {
    for (const Stream* s : to)
      if (s->owner != nullptr && s->owner != sender) return false;
    return true;
  }
  bool room(size_t n) const {
    for (const Stream* s : to)
      if (s->bytes.size() + n > kStreamBytes) return false;
    return true;
  }
  void claim(const void* sender) const {
    for (Stream* s : to) s->owner = sender;
  }
  void drop(const void* sender) const {
    for (Stream* s : to)
      if (s->owner == sender) s->owner = nullptr;
  }
  void push(const u8* from, size_t n) const {
    for (Stream* s : to) s->bytes.insert(s->bytes.end(), from, from + n);
  }
  void head(uint32_t word) const {
    for (Stream* s : headed)
      for (int k = 0; k < 32; k += 8) s->bytes.push_back(u8(word >> k));
  }
};

inline const Route* route_of(const std::vector<Route>& routes, int packet) {
  for (const Route& r : routes)
    if (r.packet == packet) return &r;
  return nullptr;
}

// A packet's first word: identifier, type, the sender's row and column, odd parity.
inline uint32_t packet_header(int identifier, int type, uint32_t column, uint32_t row) {
  const uint32_t word = uint32_t(identifier) | uint32_t(type) << 12 | row << 16 | column << 21;
  return word | uint32_t(__builtin_parity(word) == 0) << 31;
}

struct Channel {
  uint32_t column, row;
  bool out;  // MM2S: out of memory, into the array's streams
  uint32_t index;
  uint32_t pad_value = 0;
  Stream in;                  // S2MM
  std::vector<Route> routes;  // MM2S
  std::vector<Task> first;    // what it starts with
  std::deque<Task> queue;
  uint32_t tokens = 0;
  uint64_t done = 0;          // tasks
  AIEB_CHECKED(check::Agent* agent = nullptr;)

  // what is under way
  bool running = false;
  Task task{};
  int bd = -1;
  bool held = false;          // the descriptor's lock is taken
  size_t place = 0;
  int64_t base = 0;
  u8* memory = nullptr;
  uint64_t room = 0;  // bytes of it
  const Route* route = nullptr;

  std::string name() const {
    return std::string(out ? "MM2S " : "S2MM ") + std::to_string(index) + " of tile (" + std::to_string(column) + "," + std::to_string(row) + ")";
  }
};

inline constexpr size_t kQueue = 4;  // tasks that wait behind the one that runs

}  // namespace aieb
