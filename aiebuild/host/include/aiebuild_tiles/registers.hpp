// Tiles by address: data memory, and the registers of locks, buffer descriptors, task queues and cores, as a sequence or a
// control packet writes them. Offsets and fields are those of aie-rt's xaiemlgbl_params.h, the same on npu1 and npu2.
#pragma once

#include <aiebuild_tiles/tiles.hpp>

#include <cstdio>
#include <numeric>

namespace aieb {

struct Layout {
  uint32_t memory;       // bytes
  uint32_t bds, words, count;  // first descriptor (0x20 apart), words and number of descriptors
  uint32_t channels, inputs, number;  // first DMA channel (8 bytes apart: Ctrl, Queue); S2MM ones, channels in all
  uint32_t locks, lock_count;  // first lock value (0x10 apart)
  uint32_t queued_bits;  // of a descriptor's number in a queue
};

inline const Layout& layout(const Tile& t) {
  static constexpr Layout shim{0, 0x1D000, 8, 16, 0x1D200, 2, 4, 0x14000, 16, 4};
  static constexpr Layout memory{0x80000, 0xA0000, 8, 48, 0xA0600, 6, 12, 0xC0000, 64, 6};
  static constexpr Layout core{0x10000, 0x1D000, 6, 16, 0x1DE00, 2, 4, 0x1F000, 16, 4};
  return t.row == 0 ? shim : t.row == 1 ? memory : core;
}

inline constexpr uint32_t kCoreControl = 0x32000;
inline constexpr uint32_t kEnable = 1, kReset = 2;

inline uint32_t field(uint32_t word, unsigned high, unsigned low) { return word >> low & ((1u << (high - low + 1)) - 1); }
inline int signed7(uint32_t v) { return v >= 64 ? int(v) - 128 : int(v); }

// Events, timers, performance counters and traces: they move no data of the design.
inline bool observes(const Tile& t, uint32_t offset) {
  auto in = [offset](uint32_t from, uint32_t to) { return offset >= from && offset < to; };
  if (t.row == 0) return in(0x31000, 0x31100) || in(0x34000, 0x34600) || in(0x3FF00, 0x3FF40);
  if (t.row == 1) return in(0x91000, 0x91100) || in(0x94000, 0x94600) || in(0xB0F00, 0xB0F40);
  return in(0x11000, 0x11100) || in(0x14000, 0x14600) || in(0x31500, 0x31600) || in(0x34000, 0x34600) || in(0x3FF00, 0x3FF40);
}

inline Tile& Array::tile(int column, int row) {
  const auto [it, made] = tiles.try_emplace({column, row}, Tile{column, row, {}, {}, {}, {}, {}});
  if (made) it->second.memory.resize(layout(it->second).memory);
  return it->second;
}

inline void Array::memory(int column, int row, size_t bytes) {
  Tile& t = tile(column, row);
  if (t.memory.size() < bytes) t.memory.resize(bytes);
}

// The memory of a buffer; what another configuration left there is still there.
inline u8* Array::place(int column, int row, uint32_t address, size_t bytes) {
  Tile& t = tile(column, row);
#if defined(AIEBUILD_SANITIZE)
  std::vector<u8>& own = t.zoned[address];
  if (own.size() < bytes + 2 * check::kZone) own.resize(bytes + 2 * check::kZone);
  return own.data() + check::kZone;
#else
  (void)bytes;
  return t.memory.data() + address;
#endif
}

inline Spot Array::at(Tile& t, uint32_t address) {
#if defined(AIEBUILD_SANITIZE)
  if (auto it = t.zoned.upper_bound(address); it != t.zoned.begin()) {
    auto& [from, own] = *--it;
    const size_t bytes = own.size() - 2 * check::kZone;
    if (address < from + bytes) return {own.data() + check::kZone, bytes, address - from};
  }
#endif
  return {t.memory.data(), t.memory.size(), address};
}

inline Lock* Array::lock_at(int column, int row, uint32_t number) {
  Tile& t = tile(column, row);
  Lock*& found = t.locks[number];
  if (found == nullptr) found = lock(("lock " + std::to_string(number) + " of tile (" + std::to_string(column) + "," + std::to_string(row) + ")").c_str(), 0);
  return found;
}

inline Control& Array::control(int column, int row) {
  Tile& t = tile(column, row);
  for (Control& c : controls)
    if (c.tile == &t) return c;
  controls.emplace_back();
  controls.back().tile = &t;
  return controls.back();
}

inline void Array::answers(int column, int row, Channel& to, int packet) { control(column, row).routes.push_back({packet, {&to.in}, {}}); }

[[noreturn]] inline void unknown(const Tile& t, uint32_t offset, const char* what) {
  char text[128];
  std::snprintf(text, sizeof text, "%s register 0x%05x of tile (%d,%d) is not modelled", what, offset, t.column, t.row);
  throw Fault(text);
}

// -- descriptors -------------------------------------------------------------------------------------------

struct Axis {
  uint32_t wrap, step, before, after;  // a wrap of 0 takes what is left; steps in words
};

inline void lay_axes(Bd& d, uint32_t length, const std::vector<Axis>& axes, const std::string& who) {
  d.unit = 4;
  uint32_t left = length;
  for (const Axis& a : axes) {
    const uint32_t all = a.wrap != 0 ? a.wrap + a.before + a.after : left;
    if (all == 0 || left % all != 0) throw Fault(who + ": a length of " + std::to_string(length) + " words does not fill its wraps");
    d.levels.insert(d.levels.begin(), {all - a.before - a.after, int64_t(a.step) * 4, a.before, a.after});
    left /= all;
    if (a.wrap == 0) break;
  }
  if (left > 1) throw Fault(who + ": a length of " + std::to_string(length) + " words goes beyond its wraps");
  Level& inner = d.levels.back();
  if (inner.stride == 4 && inner.before == 0 && inner.after == 0) {
    d.unit = std::gcd(inner.size * 4, uint32_t(kStreamBytes));
    inner = {inner.size * 4 / d.unit, int64_t(d.unit)};
  }
}

// A number's place in Array::bds; a new one is not valid yet.
inline int numbered(Array& a, Tile& t, uint32_t number) {
  const auto [it, made] = t.bds.try_emplace(number, 0);
  if (made) {
    it->second = a.bd({});
    a.bds.back().valid = false;
  }
  return it->second;
}

inline LockUse acquire_of(Array& a, int column, int row, bool enabled, uint32_t id, uint32_t value) {
  if (!enabled) return {};
  const int n = signed7(value);
  return {a.lock_at(column, row, id), n < 0 ? -n : n, n < 0};
}

inline LockUse release_of(Array& a, int column, int row, uint32_t id, uint32_t value) {
  if (value == 0) return {};
  return {a.lock_at(column, row, id), signed7(value), true};
}

inline void decode_iteration(Bd& d, uint32_t current, uint32_t wrap, uint32_t step) {
  d.iteration = current;
  if (wrap != 0) d.iterations = wrap + 1, d.iteration_stride = (int64_t(step) + 1) * 4;
}

// Makes a descriptor of its registers: DMA_BDn_0 and up.
inline void decode(Array& a, Tile& t, uint32_t number) {
  const Layout& l = layout(t);
  uint32_t w[8] = {};
  size_t written = 0;
  for (uint32_t k = 0; k < l.words; ++k) {
    const auto it = t.words.find(l.bds + number * 0x20 + k * 4);
    if (it != t.words.end()) w[k] = it->second, ++written;
  }
  const std::string who = "descriptor " + std::to_string(number) + " of tile (" + std::to_string(t.column) + "," + std::to_string(t.row) + ")";
  const bool known = t.row == 0 ? a.shim.count({uint32_t(t.column), number}) != 0 : t.bds.count(number) != 0;
  if (written < l.words && known && (t.row == 0 || a.bds[size_t(t.bds[number])].valid)) throw Fault(who + " is rewritten in part: not modelled");
  Bd d;
  auto packet = [&d](bool enabled, uint32_t id, uint32_t type) {
    if (enabled) d.packet = int(id), d.packet_type = int(type);
  };
  int next = -1;
  if (t.row == 1) {
    packet(field(w[0], 31, 31), field(w[0], 27, 23), field(w[0], 30, 28));
    if (field(w[1], 19, 19)) next = int(field(w[1], 25, 20));
    auto axis = [&](uint32_t word, unsigned before, unsigned after) { return Axis{field(word, 26, 17), field(word, 16, 0) + 1, before, after}; };
    lay_axes(d, field(w[0], 16, 0),
             {axis(w[2], field(w[1], 31, 26), field(w[5], 22, 17)), axis(w[3], field(w[3], 31, 27), field(w[5], 27, 23)),
              axis(w[4], field(w[4], 30, 27), field(w[5], 31, 28)), Axis{0, field(w[5], 16, 0) + 1, 0, 0}},
             who);
    decode_iteration(d, field(w[6], 28, 23), field(w[6], 22, 17), field(w[6], 16, 0));
    d.valid = field(w[7], 31, 31);
    // Addresses and locks of the tiles to the west come first, then the tile's own, then those of the one to the east.
    const uint32_t address = field(w[1], 18, 0) * 4;
    const int column = t.column - 1 + int(address / l.memory);
    const Spot spot = a.at(a.tile(column, 1), address % l.memory);
    d.memory = spot.start, d.bytes = spot.bytes, d.offset = int64_t(spot.offset);
    auto place = [&t](uint32_t id) { return t.column - 1 + int(id / 64); };
    const uint32_t taken = field(w[7], 7, 0), given = field(w[7], 23, 16);
    d.acquire = acquire_of(a, place(taken), 1, field(w[7], 15, 15), taken % 64, field(w[7], 14, 8));
    d.release = release_of(a, place(given), 1, given % 64, field(w[7], 30, 24));
  } else {
    const uint32_t last = w[l.words - 1];
    if (field(last, 26, 26)) next = int(field(last, 30, 27));
    d.valid = field(last, 25, 25);
    d.acquire = acquire_of(a, t.column, t.row, field(last, 12, 12), field(last, 3, 0), field(last, 11, 5));
    d.release = release_of(a, t.column, t.row, field(last, 16, 13), field(last, 24, 18));
    if (t.row == 0) {
      d.argument = ~0u;  // until it is patched
      packet(field(w[2], 30, 30), field(w[2], 23, 19), field(w[2], 18, 16));
      lay_axes(d, w[0], {{field(w[3], 29, 20), field(w[3], 19, 0) + 1, 0, 0}, {field(w[4], 29, 20), field(w[4], 19, 0) + 1, 0, 0}, {0, field(w[5], 19, 0) + 1, 0, 0}}, who);
      decode_iteration(d, field(w[6], 31, 26), field(w[6], 25, 20), field(w[6], 19, 0));
    } else {
      packet(field(w[1], 30, 30), field(w[1], 23, 19), field(w[1], 18, 16));
      lay_axes(d, field(w[0], 13, 0), {{field(w[3], 20, 13), field(w[2], 12, 0) + 1, 0, 0}, {field(w[3], 28, 21), field(w[2], 25, 13) + 1, 0, 0}, {0, field(w[3], 12, 0) + 1, 0, 0}}, who);
      decode_iteration(d, field(w[4], 24, 19), field(w[4], 18, 13), field(w[4], 12, 0));
      const Spot spot = a.at(t, field(w[0], 27, 14) * 4);
      d.memory = spot.start, d.bytes = spot.bytes, d.offset = int64_t(spot.offset);
    }
  }
  AIEB_CHECKED(if (t.row != 0) d.region = check::region_at(d.memory);)
  if (t.row == 0) {
    d.next = next;
    a.shim[{uint32_t(t.column), number}] = std::move(d);
    return;
  }
  const int place = numbered(a, t, number);
  d.next = next < 0 ? -1 : numbered(a, t, uint32_t(next));
  a.bds[size_t(place)] = std::move(d);
}

// -- writes ------------------------------------------------------------------------------------------------

inline Channel& channel_at(Array& a, const Tile& t, uint32_t index) {
  const uint32_t inputs = layout(t).inputs;
  return a.channel(uint32_t(t.column), uint32_t(t.row), index >= inputs, index >= inputs ? index - inputs : index);
}

inline bool Array::busy_queue(const Tile& t, uint32_t offset) {
  const Layout& l = layout(t);
  if (offset < l.channels || offset >= l.channels + 8 * l.number || offset % 8 == 0) return false;
  return channel_at(*this, t, (offset - l.channels) / 8).queue.size() >= kQueue;
}

// Words of an address without side effects; what is read back elsewhere is not modelled.
inline uint32_t read_word(Array& a, Tile& t, uint32_t offset) {
  const Layout& l = layout(t);
  uint32_t value = 0;
  if (offset + 4 <= t.memory.size() && offset < l.memory) {
    const Spot spot = a.at(t, offset);
    return std::memcpy(&value, spot.start + spot.offset, 4), value;
  }
  if (offset >= l.locks && offset < l.locks + 0x10 * l.lock_count && offset % 0x10 == 0) return uint32_t(a.lock_at(t.column, t.row, (offset - l.locks) / 0x10)->value);
  if (const auto it = t.words.find(offset); it != t.words.end()) return it->second;
  unknown(t, offset, "reading");
}

inline void write_core_control(Array& a, const Tile& t, uint32_t value, uint32_t mask) {
  for (Core& c : a.cores) {
    if (int(c.column) != t.column || int(c.row) != t.row) continue;
    if (mask & kReset) {
      c.reset = value & kReset;
      if (c.reset) c.stop();
    }
    if (mask & kEnable) c.enabled = value & kEnable;
    return;
  }
  if (value & mask & kEnable) throw Fault("core(" + std::to_string(t.column) + "," + std::to_string(t.row) + ") is enabled, and has no program");
}

inline void write_channel(Array& a, Tile& t, uint32_t offset, uint32_t value, uint32_t mask) {
  const Layout& l = layout(t);
  Channel& c = channel_at(a, t, (offset - l.channels) / 8);
  if (offset % 8 == 0) {  // Ctrl: Reset; where tokens go makes no difference
    if (value & mask & 1) unknown(t, offset, "pausing by");
    if (!(value & mask & 2)) return;
    if (c.route != nullptr) c.route->drop(&c);
    c.queue.clear(), c.running = false;
    return;
  }
  const uint32_t number = field(value, l.queued_bits - 1, 0);
  if (t.row == 0) {
    const auto patch = a.patches.find({uint32_t(t.column), number});
    if (const auto it = a.shim.find({uint32_t(t.column), number}); it != a.shim.end() && it->second.memory == nullptr && patch != a.patches.end())
      it->second.argument = patch->second.first, it->second.offset = patch->second.second;
  }
  c.queue.push_back({t.row == 0 ? int(number) : numbered(a, t, number), field(value, 23, 16), bool(field(value, 31, 31)), 0});
}

inline void Array::write(Tile& t, uint32_t offset, const uint32_t* words, size_t count, uint32_t mask) {
  const Layout& l = layout(t);
  int decoded = -1;
  for (size_t k = 0; k < count; ++k, offset += 4) {
    const uint32_t value = words[k];
    if (offset < l.memory) {
      uint32_t old = 0;
      if (offset % 4) unknown(t, offset, "a write that is not of a whole word to");
      const Spot spot = at(t, offset);
      std::memcpy(&old, spot.start + spot.offset, 4);
      old = (old & ~mask) | (value & mask);
      std::memcpy(spot.start + spot.offset, &old, 4);
      AIEB_CHECKED(check::mark_written(spot.start + spot.offset, 4);)
    } else if (offset >= l.bds && offset < l.bds + 0x20 * l.count) {
      uint32_t& word = t.words[offset];
      word = (word & ~mask) | (value & mask);
      const int number = int((offset - l.bds) / 0x20);
      if (decoded >= 0 && decoded != number) decode(*this, t, uint32_t(decoded));
      decoded = number;
    } else if (offset >= l.channels && offset < l.channels + 8 * l.number) {
      write_channel(*this, t, offset, value, mask);
    } else if (offset >= l.locks && offset < l.locks + 0x10 * l.lock_count && offset % 0x10 == 0) {
      Lock* lock = lock_at(t.column, t.row, (offset - l.locks) / 0x10);
      lock->value = int((uint32_t(lock->value) & ~mask) | (value & mask)) & kLockMaximum;
    } else if (t.row > 1 && offset == kCoreControl) {
      write_core_control(*this, t, value, mask);
    } else if (!observes(t, offset)) {
      unknown(t, offset, "writing");
    }
  }
  if (decoded >= 0) decode(*this, t, uint32_t(decoded));
}

// -- control packets ---------------------------------------------------------------------------------------

// Each packet: a word with address, number of words less one, operation (0 write, 1 read) and the identifier of the
// answer; then the words to write.
inline bool Array::step(Control& c) {
  bool moved = false;
  if (!c.answer.empty()) {
    if (c.route == nullptr) {
      c.route = route_of(c.routes, c.identifier);
      if (c.route == nullptr) throw Fault("tile (" + std::to_string(c.tile->column) + "," + std::to_string(c.tile->row) + ") answers a control packet as packet " + std::to_string(c.identifier) + ", which no aie.packet_flow carries");
      if (!c.route->free(&c)) return c.route = nullptr, false;
      c.route->claim(&c);
    }
    while (!c.answer.empty()) {
      if (!c.route->room(4)) return moved;
      const u8 word[4] = {c.answer[0], c.answer[1], c.answer[2], c.answer[3]};
      c.route->push(word, 4);
      c.answer.erase(c.answer.begin(), c.answer.begin() + 4);
      moved = true;
    }
    c.route->drop(&c);
    c.route = nullptr;
  }
  while (c.in.bytes.size() >= 4 && c.answer.empty()) {
    uint32_t word = 0;
    for (unsigned k = 0; k < 4; ++k) word |= uint32_t(c.in.bytes[k]) << (8 * k);
    if (c.beats == 0) {
      c.address = field(word, 19, 0), c.beats = field(word, 21, 20) + 1;
      const uint32_t operation = field(word, 23, 22);
      if (operation > 1) unknown(*c.tile, c.address, "a control packet of operation 2 or 3 to");
      if (__builtin_parity(word) == 0) throw Fault("a control packet to tile (" + std::to_string(c.tile->column) + "," + std::to_string(c.tile->row) + ") has even parity: the tile drops it and raises an error");
      if (operation == 1) {
        for (; c.beats > 0; --c.beats, c.address += 4) {
          const uint32_t value = read_word(*this, *c.tile, c.address);
          for (int k = 0; k < 32; k += 8) c.answer.push_back(u8(value >> k));
        }
        c.identifier = int(field(word, 28, 24));
      }
    } else {
      if (busy_queue(*c.tile, c.address)) return moved;
      write(*c.tile, c.address, &word, 1, ~0u);
      c.address += 4, --c.beats;
    }
    c.in.bytes.erase(c.in.bytes.begin(), c.in.bytes.begin() + 4);
    moved = true;
  }
  return moved;
}

}  // namespace aieb
