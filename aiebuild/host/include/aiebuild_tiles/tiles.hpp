// The engine of designs written in locks, buffers, DMA programs and circuits: every part of the array as it is, stepped
// in turn by one thread until nothing can move. Slow next to the engine of objectfifos, and simple.
//
// A lowered design includes this header, defines `make_array` and is linked with its kernels: that is an overlay
// library with the C interface of aiebuild_host/abi.hpp, and it reads the same sequence files.
#pragma once

#include <aie_api/detail/state.hpp>
#include <aiebuild_host/abi.hpp>
#include <aiebuild_host/trace.hpp>
#include <aiebuild_tiles/cascade.hpp>

#include <chrono>
#include <coroutine>
#include <cstdint>
#include <cstring>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#if defined(AIEBUILD_SANITIZE)
#include <aiebuild_sanitize/watch.hpp>
#define AIEB_CHECKED(...) __VA_ARGS__
#else
#define AIEB_CHECKED(...)
#endif

#define AIEB_COUNT_CALL(c) ++(c).kernel_calls

namespace aieb {

using u8 = uint8_t;

struct Fault : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }
inline int64_t ceil_div(int64_t a, int64_t b) { return a / b + (a % b != 0 && (a < 0) == (b < 0)); }
template <class T>
T max(T a, T b) {
  return a > b ? a : b;
}
template <class T>
T min(T a, T b) {
  return a < b ? a : b;
}

// -- locks -------------------------------------------------------------------------------------------------

inline constexpr int kLockMaximum = 63;

struct Lock {
  std::string name;
  int initial = 0;
  int value = initial;
  AIEB_CHECKED(check::Clock clock;)  // of all who gave to it

  // Takes n; with `at_least` when there are n or more, else when there are exactly n.
  bool take(int n, bool at_least) {
    if (at_least ? value < n : value != n) return false;
    value -= n;
    return true;
  }
  void give(int n) {
    value += n;
    if (value > kLockMaximum || value < 0)
      throw Fault("@" + name + " would become " + std::to_string(value) + ", a lock holds 0 to " + std::to_string(kLockMaximum));
  }
};

// -- cores -------------------------------------------------------------------------------------------------

struct CoreTask {
  struct promise_type {
    std::exception_ptr error;
    CoreTask get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { error = std::current_exception(); }
  };
  std::coroutine_handle<promise_type> handle;
};

// One tile's end of an objectfifo that is kept in buffers and locks: `acquires` counts the objects it may take, `releases`
// those it hands on, both in steps of `scale`.
struct FifoEnd {
  const char* name = "";
  std::vector<u8*> objects;
  Lock* acquires = nullptr;  // null: not synchronised
  Lock* releases = nullptr;
  int scale = 1;
  uint64_t head = 0, acquired = 0;  // objects released and acquired so far

  int held() const { return int(acquired - head); }
  bool acquire(int n) {
    if (n <= held()) return true;
    if (acquires != nullptr && !acquires->take((n - held()) * scale, true)) return false;
    acquired = head + uint64_t(n);
    return true;
  }
  void release(int n) {
    if (n > held()) throw Fault("a core releases " + std::to_string(n) + " objects of @" + name + " and holds " + std::to_string(held()));
    if (releases != nullptr) releases->give(n * scale);
    head += uint64_t(n);
  }
  template <class T>
  T* at(uint64_t k) const {
    return reinterpret_cast<T*>(objects[k % objects.size()]);
  }
};

struct CoreContext {
  FifoEnd* end = nullptr;  // the objectfifo waited for
  Lock* wanted = nullptr;  // the lock waited for
  int amount = 0;
  bool at_least = false;
  uint32_t line = 0;
  uint64_t resumes = 0;
  uint64_t kernel_calls = 0;
  aie::detail::core_state_t state;

  auto wait(Lock& lock, int n, bool ge, uint32_t at) {
    wanted = &lock, amount = n, at_least = ge, line = at, end = nullptr;
    return std::suspend_always{};
  }
  auto wait(FifoEnd& fifo, int n, uint32_t at) {
    wanted = fifo.acquires, amount = (n - fifo.held()) * fifo.scale, at_least = true, line = at, end = &fifo;
    return std::suspend_always{};
  }
};

struct Core {
  uint32_t column, row;
  CoreContext* context;
  std::function<CoreTask()> restart;  // puts the context into its first state
  std::coroutine_handle<CoreTask::promise_type> handle{};
  bool enabled = true, reset = false;  // Core_Control: Enable, Reset
  CascadePort cascade;
  std::unique_ptr<Fiber> fiber;  // of a core with a cascade, whose kernels may wait in the middle

  // Runs until it waits; whether it moved.
  bool step() {
    if (reset || !enabled) return false;
    if (!handle) handle = restart().handle;
    if (handle.done()) return enabled = false;
    CoreContext& c = *context;
    if (c.wanted != nullptr) {
      if (!c.wanted->take(c.amount, c.at_least)) return false;
      if (c.end != nullptr) c.end->acquired += uint64_t(c.amount / c.end->scale);
      c.wanted = nullptr;
    }
    if (cascade.waits()) return false;
    ++c.resumes;
    std::swap(aie::detail::core_state, c.state);
    if (fiber == nullptr && cascade.connected()) fiber = std::make_unique<Fiber>();
    if (fiber != nullptr) {
      aie::detail::cascade = &cascade;
      fiber->run(cascade, [this] { handle.resume(); });
      aie::detail::cascade = nullptr;
    } else {
      handle.resume();
    }
    std::swap(aie::detail::core_state, c.state);
    if (handle.done() && handle.promise().error) std::rethrow_exception(handle.promise().error);
    return true;
  }
  void stop() {
    fiber.reset();
    if (handle) handle.destroy();
    handle = {};
    cascade.forget();
  }
};

// -- streams and DMA ---------------------------------------------------------------------------------------

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
