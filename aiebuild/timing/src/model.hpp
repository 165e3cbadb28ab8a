// What is simulated, read from words (int64) and numbers (double) that aiebuild/timing/program.py writes, in the order
// in which they are read. Movers and cores hold their state in the run as well.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace timing {

struct Limit {  // of counter `counter`, with `room` objects to spare and `each` own objects to one of it
  int64_t counter, room, each;
};

struct Task {
  int64_t bytes, gaps, token;  // `gaps`: cycles lost between contiguous runs
  double left;                 // bytes
};

struct Descriptor {  // of a memory tile: counters of its locks (-1: none), by how much they fall and rise
  int64_t bytes, acquire, take, release, give;
};

struct MemoryTask {  // descriptors [first, first + count), `runs` times
  int64_t first, count, runs, token, run = 0, at = 0;
};

struct Mover {
  int64_t kind = 0;  // 0: inside the array, 1: from DDR, 2: to DDR
  int64_t bytes = 0;
  double per_word = 1, overhead = 0, cold = 0, warm = 0, decay = 0;
  std::vector<Limit> supplies, rooms;
  int64_t done = 0;              // counter
  int64_t freed = -1, every = 1;  // counter that rises once in `every` objects: the buffer they came from is free
  // state
  int64_t moved = 0, part = 0, chunk = 0, tokens = 0, finished_tasks = 0, started_tasks = 0;
  std::deque<Task> tasks;
  bool kept = false;     // one end is at a memory tile that the sequence programs
  int64_t source = -1;   // of a kept mover that sends: the one that fills
  std::deque<MemoryTask> memory;
  bool open = false;     // a descriptor of `memory` is under way, with `open_left` bytes
  int64_t open_left = 0;
  bool busy = false, task_started = false;
  double began = 0, work = 0, idle_since = 0, no_task = 0, no_supply = 0, no_room = 0, on_ddr = 0;
  int why = 0;
};

struct End {
  std::vector<Limit> limits;  // what an acquire waits for
  int64_t raised = 0;         // counter that a release raises
  int64_t feeder = -1;        // mover that fills (or empties) this end
  int64_t head = 0, taken = 0;
};

struct Core {
  std::vector<uint32_t> events;
  size_t pc = 0;
  bool blocked = false;
  double since = 0, work = 0, overhead = 0, finish = 0;
  int64_t waits_on = -1;
};

struct Step {
  // 0: delay; 1: push a task of b bytes, c cycles of gaps, token d, on mover a; 2: await mover a; 3: push descriptors b
  // and following, c of them, d / 2 times, token d % 2, on mover a
  int64_t kind, a, b, c, d;
};

struct Model {
  double ddr_rate = 1, acquire_cost = 0, release_cost = 0;
  bool split_ddr = false;  // reads and writes have a server each
  std::vector<int64_t> counters;
  std::vector<Mover> movers;
  std::vector<Descriptor> descriptors;
  std::vector<End> ends;
  std::vector<int32_t> kernel_of;  // by kind of call: its kernel
  std::vector<double> costs;       // and its cycles
  int64_t kernels = 0;
  std::vector<Core> cores;
  std::vector<Step> steps;
  std::vector<double> delays;  // by step: cycles of the controller
};

class Reader {
 public:
  Reader(const int64_t* words, const double* numbers) : w_(words), d_(numbers) {}

  Model model() {
    Model all;
    all.ddr_rate = number();
    all.acquire_cost = number();
    all.release_cost = number();
    all.split_ddr = word() != 0;
    all.counters.resize(size_t(word()));
    all.movers.resize(size_t(word()));
    for (Mover& m : all.movers) {
      m.kind = word();
      m.bytes = word();
      m.per_word = number();
      m.overhead = number();
      m.cold = number();
      m.warm = number();
      m.decay = number();
      limits(m.supplies);
      limits(m.rooms);
      m.done = word();
      m.freed = word();
      m.every = word();
      m.kept = word() != 0;
      m.source = word();
    }
    for (int64_t n = word(); n > 0; --n) {
      const size_t counter = size_t(word());
      all.counters[counter] = word();
    }
    all.descriptors.resize(size_t(word()));
    for (Descriptor& d : all.descriptors) d = {word(), word(), word(), word(), word()};
    all.ends.resize(size_t(word()));
    for (End& e : all.ends) {
      limits(e.limits);
      e.raised = word();
      e.feeder = word();
    }
    const size_t count = size_t(word());
    for (size_t k = 0; k < count; ++k) {
      all.kernel_of.push_back(int32_t(word()));
      all.costs.push_back(number());
    }
    all.kernels = word();
    all.cores.resize(size_t(word()));
    for (Core& c : all.cores) {
      c.events.resize(size_t(word()));
      for (uint32_t& e : c.events) e = uint32_t(word());
    }
    all.steps.resize(size_t(word()));
    for (Step& s : all.steps) s = {word(), word(), word(), word(), word()};
    all.delays.resize(all.steps.size());
    for (double& x : all.delays) x = number();
    return all;
  }

 private:
  int64_t word() { return *w_++; }
  double number() { return *d_++; }
  void limits(std::vector<Limit>& to) {
    const int64_t n = word();
    for (int64_t k = 0; k < n; ++k) {
      const int64_t counter = word(), room = word(), each = word();
      to.push_back({counter, room, each});
    }
  }

  const int64_t* w_;
  const double* d_;
};

}  // namespace timing
