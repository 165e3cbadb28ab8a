// The engine of designs written in locks, buffers, DMA programs and circuits: every part of the array as it is, stepped
// in turn by one thread until nothing can move. Slow next to the engine of objectfifos, and simple.
//
// A lowered design includes this header, defines `make_array` and is linked with its kernels: that is an overlay
// library with the C interface of aiebuild_host/abi.hpp, and it reads the same sequence files.
#pragma once

#include <aiebuild_tiles/dma.hpp>

#include <chrono>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace aieb {

// -- sequences ---------------------------------------------------------------------------------------------

struct Instruction {
  u8 kind;
  uint32_t line;
  bool out = false;            // of the channel
  uint32_t index = 0;
  uint32_t column = 0, row = 0, bd = 0;
  Bd descriptor;
  bool token = false;
  uint32_t repeat = 0;
  std::string buffer;
  uint32_t word = 0;
  int64_t value = 0;
  uint32_t mask = ~0u;
  std::vector<uint32_t> words;  // register writes
};

struct Sequence {
  std::string name, file;
  std::vector<uint64_t> declared;
  std::vector<uint64_t> needed;
  std::vector<Instruction> code;
};

// -- the array ---------------------------------------------------------------------------------------------

// A tile by its addresses: its memory, and what its registers stand for.
struct Tile {
  int column, row;
  std::vector<u8> memory;
  std::map<uint32_t, std::vector<u8>> zoned;  // the checking mode's buffers by address, with zones around them
  std::map<uint32_t, int> bds;         // the hardware's number of a descriptor: its place in Array::bds
  std::map<uint32_t, Lock*> locks;     // by number
  std::map<uint32_t, uint32_t> words;  // of descriptors, as last written
};

// Where an address lies: in memory of `bytes` from `start`, `offset` bytes on.
struct Spot {
  u8* start;
  size_t bytes, offset;
};

// The control port of a tile: takes control packets, answers reads.
struct Control {
  Tile* tile;
  Stream in;
  std::vector<Route> routes;  // of the answers, by identifier
  uint32_t address = 0, beats = 0;  // of a write under way
  std::deque<u8> answer;
  int identifier = -1;
  const Route* route = nullptr;
};

struct Array {
  std::map<std::pair<int, int>, Tile> tiles;
  std::deque<Lock> locks;
  std::deque<Bd> bds;
  std::deque<Channel> channels;
  std::deque<Control> controls;
  std::deque<Core> cores;
  std::deque<CascadeQueue> cascades;
  std::map<std::pair<uint32_t, uint32_t>, std::pair<uint32_t, int64_t>> patches;  // shim column, number: argument, offset
  std::map<std::string, std::pair<u8*, uint64_t>> buffers;
  std::map<std::pair<uint32_t, uint32_t>, Bd> shim;  // by column and number
  std::multimap<const Lock*, std::pair<uint32_t, uint32_t>> givers;  // the cores that give to a lock
  std::shared_ptr<void> design;
  std::string file;
  std::vector<Arg> arguments;
  AIEB_CHECKED(check::Agent* controller = check::add_agent("the sequence");)

  Lock* lock(const char* name, int initial) {
    locks.push_back({name, initial});
    return &locks.back();
  }
  Channel& channel(uint32_t column, uint32_t row, bool out, uint32_t index) {
    for (Channel& c : channels)
      if (c.column == column && c.row == row && c.out == out && c.index == index) return c;
    channels.emplace_back();
    Channel& c = channels.back();
    c.column = column, c.row = row, c.out = out, c.index = index;
    AIEB_CHECKED(c.agent = check::add_agent(c.name());)
    return c;
  }
  int bd(Bd d) {
    bds.push_back(std::move(d));
    return int(bds.size()) - 1;
  }
  void circuit(Channel& from, Channel& to) { packets(from, to.in, -1, false); }
  void packets(Channel& from, Stream& to, int packet, bool headed) {
    for (Route& r : from.routes)
      if (r.packet == packet) return r.to.push_back(&to), headed ? r.headed.push_back(&to) : void();
    from.routes.push_back({packet, {&to}, {}});
    if (headed) from.routes.back().headed.push_back(&to);
  }
  void core(CoreContext& context, uint32_t column, uint32_t row, std::function<CoreTask()> restart) {
    cores.push_back({column, row, &context, std::move(restart)});
  }
  void cascade(uint32_t column, uint32_t row, uint32_t to_column, uint32_t to_row) {
    cascades.emplace_back();
    for (Core& c : cores) {
      if (c.column == column && c.row == row) c.cascade.out = &cascades.back();
      if (c.column == to_column && c.row == to_row) c.cascade.in = &cascades.back();
    }
  }
  void start() {
    for (Channel& c : channels) c.queue.assign(c.first.begin(), c.first.end());
  }
  // Takes a configuration off the array; what tiles have in memory stays.
  void clear() {
    for (Core& c : cores) c.stop();
    cores.clear(), cascades.clear(), controls.clear(), channels.clear(), bds.clear(), locks.clear();
    shim.clear(), patches.clear(), buffers.clear();
    for (auto& [place, t] : tiles) t.bds.clear(), t.locks.clear(), t.words.clear();
    AIEB_CHECKED(earlier.push_back(design);)
    design.reset();
    givers.clear();
  }
  ~Array() { clear(); }
  AIEB_CHECKED(std::vector<std::shared_ptr<void>> earlier;)  // what findings may refer to

  // registers.hpp
  Tile& tile(int column, int row);
  void memory(int column, int row, size_t bytes);
  u8* place(int column, int row, uint32_t address, size_t bytes);
  Spot at(Tile& t, uint32_t address);
  Lock* lock_at(int column, int row, uint32_t number);
  Control& control(int column, int row);
  void answers(int column, int row, Channel& to, int packet);
  void write(Tile& t, uint32_t offset, const uint32_t* words, size_t count, uint32_t mask);
  bool step(Control& c);

  Bd& descriptor(const Channel& c, int k) {
    if (c.row != 0) {
      if (!bds[size_t(k)].valid) throw Fault("task on " + c.name() + " uses a buffer descriptor that was not written");
      return bds[size_t(k)];
    }
    const auto it = shim.find({c.column, uint32_t(k)});
    if (it == shim.end()) throw Fault("task on " + c.name() + " uses buffer descriptor " + std::to_string(k) + ", which was not written");
    return it->second;
  }

  void begin(Channel& c, int k) {
    c.bd = k, c.held = false, c.place = 0, c.route = nullptr;
  }

  // Moves what it can; whether it did anything.
  bool step(Channel& c) {
    bool moved = false;
    for (;;) {
      if (!c.running) {
        if (c.queue.empty()) return moved;
        c.task = c.queue.front();
        c.queue.pop_front();
        c.running = moved = true;
        begin(c, c.task.bd);
      }
      Bd& d = descriptor(c, c.bd);
      if (!c.held) {
        if (d.acquire.lock != nullptr && !d.acquire.lock->take(d.acquire.amount, d.acquire.at_least)) return moved;
        c.held = moved = true;
        AIEB_CHECKED(if (d.acquire.lock != nullptr) c.agent->clock.join(d.acquire.lock->clock);)
        d.lay_out();
        place(c, d);
      }
      const bool over = c.out ? send(c, d, moved) : receive(c, d, moved);
      if (!over) return moved;
      moved = true;
      finish(c, d);
    }
  }

  void place(Channel& c, Bd& d) {
    c.base = d.offset + int64_t(d.iteration) * d.iteration_stride;
    if (d.iterations > 1) d.iteration = (d.iteration + 1) % d.iterations;
    c.room = d.bytes;
    c.memory = d.memory;
    if (c.memory != nullptr) return;
    if (d.argument >= arguments.size()) throw Fault(file + ":" + std::to_string(d.line) + ": " + c.name() + " runs a buffer descriptor whose address was not patched");
    c.memory = static_cast<u8*>(arguments[d.argument].data), c.room = arguments[d.argument].bytes;
  }
  // Checked when data moves: a trace's buffer, which nothing is written to here, may lie behind an argument.
  void reach(const Channel& c, const Bd& d) {
    if (c.base < 0 || uint64_t(c.base + d.reach) + d.unit > c.room)
      throw Fault(file + ":" + std::to_string(d.line) + ": " + c.name() + " reaches byte " + std::to_string(c.base + d.reach + d.unit) + " of " + std::to_string(c.room));
  }

  bool send(Channel& c, Bd& d, bool& moved) {
    if (c.route == nullptr) {
      const Route* route = route_of(c.routes, d.packet);
      if (route == nullptr) return true;  // leads nowhere: the data is lost in the switch, as on the array
      if (!route->free(&c) || (!route->headed.empty() && !route->room(4))) return false;
      c.route = route;
      if (d.packet >= 0) route->claim(&c), route->head(packet_header(d.packet, d.packet_type, c.column, c.row));
    }
    while (c.place < d.places.size()) {
      if (!c.route->room(d.unit)) return false;
      if (c.place == 0) reach(c, d);
      const int64_t at = d.places[c.place++];
      u8 padding[kStreamBytes];
      for (size_t k = 0; k < kStreamBytes; ++k) padding[k] = u8(c.pad_value >> (8 * (k % 4)));
      const u8* from = at < 0 ? padding : c.memory + c.base + at;
      AIEB_CHECKED(if (at >= 0) sends(c, d, c.base + at);)
      c.route->push(from, d.unit);
      moved = true;
    }
    c.route->drop(&c);
    return true;
  }

  bool receive(Channel& c, Bd& d, bool& moved) {
    while (c.place < d.places.size()) {
      if (c.in.bytes.size() < d.unit) return false;
      if (c.place == 0) reach(c, d);
      u8* to = c.memory + c.base + d.places[c.place++];
      AIEB_CHECKED(receives(c, d, size_t(to - c.memory));)
      for (uint32_t k = 0; k < d.unit; ++k) to[k] = c.in.bytes[k];
      c.in.bytes.erase(c.in.bytes.begin(), c.in.bytes.begin() + d.unit);
      moved = true;
    }
    return true;
  }

#if defined(AIEBUILD_SANITIZE)
  void sends(Channel& c, Bd& d, int64_t at) {
    for (Stream* s : c.route->to) s->clock.join(c.agent->clock);
    c.agent->clock.tick(c.agent->number);
    if (d.region == nullptr) return check::transferred();
    const size_t first = d.region->first_unwritten(size_t(at), d.unit);
    if (first < size_t(at) + d.unit)
      check::report("uninitialised", d.line, c.column, c.row, "aie.dma_bd", d.region->name,
                    c.name() + " sends byte " + std::to_string(first) + " of " + std::to_string(d.region->bytes) + ", which was never written; on the array what was left there is sent");
    check::touch(*d.region, *c.agent, size_t(at), d.unit, false, d.line, "aie.dma_bd");
  }
  void receives(Channel& c, Bd& d, size_t at) {
    c.agent->clock.join(c.in.clock);
    if (d.region == nullptr) return check::transferred();
    std::memset(d.region->written.data() + at, 1, d.unit);
    check::touch(*d.region, *c.agent, at, d.unit, true, d.line, "aie.dma_bd");
  }
  void gives(Channel& c, Bd& d) {
    if (d.release.lock == nullptr) return;
    check::lock_fits(d.release.lock->name, d.release.lock->value + d.release.amount, d.line, c.column, c.row, "aie.dma_bd");
    d.release.lock->clock.join(c.agent->clock);
    c.agent->clock.tick(c.agent->number);
  }
#endif

  void finish(Channel& c, Bd& d) {
    AIEB_CHECKED(gives(c, d);)
    if (d.release.lock != nullptr) d.release.lock->give(d.release.amount);
    if (d.next >= 0) return begin(c, d.next);
    if (c.task.repeat > 0) {
      --c.task.repeat;
      return begin(c, c.task.bd);
    }
    c.running = false;
    ++c.done;
    if (c.task.token) ++c.tokens;
  }

  bool step_all() {
    bool moved = false;
    for (Channel& c : channels) moved |= step(c);
    for (Control& c : controls) moved |= step(c);
    for (Core& c : cores) moved |= c.step();
    AIEB_CHECKED(if (!check::stop_reason().empty()) throw Fault(check::stop_reason());)
    return moved;
  }

  // Cores and channels run from the moment the array is configured, long before a sequence's first instruction.
  void settle() {
    while (step_all()) {
    }
  }

  // Whether the instruction could be carried out.
  bool run(const Instruction& op) {
    switch (op.kind) {
      case 1:
        for (const Channel& c : channels)
          if (c.row == 0 && c.column == op.column && busy(c, op.bd))
            throw Fault(file + ":" + std::to_string(op.line) + ": writes buffer descriptor " + std::to_string(op.bd) + " while " + c.name() + " uses it");
        shim[{op.column, op.bd}] = op.descriptor;
        patches.erase({op.column, op.bd});
        return true;
      case 2: {
        Channel& c = channel(op.column, op.row, op.out, op.index);
        if (c.queue.size() >= kQueue) return false;
        c.queue.push_back({int(op.bd), op.repeat, op.token, op.line});
        AIEB_CHECKED(c.agent->clock.join(controller->clock); controller->clock.tick(controller->number);)
        return true;
      }
      case 3: {
        Channel& c = channel(op.column, op.row, op.out, op.index);
        if (c.tokens == 0) return false;
        --c.tokens;
        AIEB_CHECKED(controller->clock.join(c.agent->clock); c.agent->clock.tick(c.agent->number);)
        return true;
      }
      case 5: {
        Tile& t = tile(int(op.column), int(op.row));
        if (busy_queue(t, op.word)) return false;
        write(t, op.word, op.words.data(), op.words.size(), op.mask);
        return true;
      }
      case 6:
        patches[{op.column, op.bd}] = {op.index, op.value};
        return true;
      case 7:
        clear();
        configure(*this, op.index);
        start();
        settle();
        return true;
      default: {
        const int32_t value = int32_t(op.value);
        const auto it = buffers.find(op.buffer);
        if (it == buffers.end() || (uint64_t(op.word) + 1) * 4 > it->second.second) throw Fault("sequence file writes beyond @" + op.buffer);
        std::memcpy(it->second.first + size_t(op.word) * 4, &value, 4);
        AIEB_CHECKED(check::mark_written(it->second.first + size_t(op.word) * 4, 4);)
        return true;
      }
    }
  }

  bool busy(const Channel& c, uint32_t bd) {
    auto uses = [&](int k) {
      for (size_t n = 0; k >= 0 && n < 16; ++n) {
        if (uint32_t(k) == bd) return true;
        k = descriptor(c, k).next;
      }
      return false;
    };
    if (c.running && uses(c.bd)) return true;
    for (const Task& t : c.queue)
      if (uses(t.bd)) return true;
    return false;
  }

  bool busy_queue(const Tile& t, uint32_t offset);  // registers.hpp: whether a write to it has to wait for room

  bool quiet() const {
    for (const Channel& c : channels)
      if (!c.in.bytes.empty() || (c.row == 0 && (c.running || !c.queue.empty()))) return false;
    return true;
  }

  void dispatch(const Sequence& s) {
    file = s.file;
    settle();
    for (const Instruction& op : s.code) {
      while (!run(op))
        if (!step_all()) throw Fault(stuck(s, op));
      if (op.kind == 2) step_all();
    }
    settle();
  }

  static void configure(Array& array, uint32_t number);  // the lowered design's part

  std::string stuck(const Sequence& s, const Instruction& op) {
    std::string text = "deadlock: " + s.file + ":" + std::to_string(op.line) + ": sequence `" + s.name + "` waits for ";
    if (op.kind == 5) text += "room in the queue behind register " + std::to_string(op.word) + " of tile (" + std::to_string(op.column) + "," + std::to_string(op.row) + ")";
    else text += (op.kind == 3 ? "a token of " : "room in the queue of ") + channel(op.column, op.row, op.out, op.index).name();
    auto lock = [](const Lock& l, int n, bool ge) {
      return "@" + l.name + " to be " + (ge ? "at least " : "") + std::to_string(n) + ", it is " + std::to_string(l.value);
    };
    for (const Core& c : cores)
      if (c.context->wanted != nullptr)
        text += "\n  core(" + std::to_string(c.column) + "," + std::to_string(c.row) + ") waits in " + s.file + ":" + std::to_string(c.context->line) + " for " +
                lock(*c.context->wanted, c.context->amount, c.context->at_least);
      else if (c.cascade.waits())
        text += "\n  core(" + std::to_string(c.column) + "," + std::to_string(c.row) + ") waits in a kernel for " + (c.cascade.wants == CascadePort::kIn ? "data from its cascade" : "room in its cascade");
    for (Channel& c : channels) {
      if (!c.running) continue;
      const Bd& d = descriptor(c, c.bd);
      text += "\n  " + c.name() + " waits in " + s.file + ":" + std::to_string(d.line) + " ";
      if (!c.held) text += "for " + lock(*d.acquire.lock, d.acquire.amount, d.acquire.at_least);
      else text += (c.out ? "for room in its stream, " : "for data, ") + std::to_string(c.place) + " of " + std::to_string(d.places.size()) + " pieces of " + std::to_string(d.unit) + " B are through";
    }
    return text + chain(op);
  }
  std::string chain(const Instruction& op);  // src/chain.cc: from what the sequence waits for, who keeps whom
};

// The lowered design's part.
std::unique_ptr<Array> make_array();
extern const char* const kDesignInfo;

}  // namespace aieb
