// Discrete-event run of a design in virtual time, in cycles of the array's clock.
//
// Everything synchronises by counters that only rise: objects that arrived at an end, were released by a core, were put
// into a memory tile. A mover (a DMA channel pair) moves one object at a time once its supplies are there and its
// destinations have room, and then raises its own counter; a core follows the order of acquires, kernel calls and
// releases that was recorded; the controller works through the sequence's instructions. DDR is one server per direction
// (or one for both) which the movers ask by turns: each takes as long as its stream or its share of DDR, whichever is
// longer.
//
// Where the sequence programs a memory tile, the mover that fills it and the one that sends have queues of that tile's
// tasks beside their own: a descriptor begins when its lock, which is a counter too, allows it.
//
// Input: words (int64) and numbers (double) written by aiebuild/timing/program.py, in the order in which they are read.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <deque>
#include <queue>
#include <vector>

namespace {

struct Limit {  // of counter `counter`, with `room` objects to spare and `each` own objects to one of it
  int64_t counter, room, each;
};

struct Task {
  int64_t bytes, gaps, token;  // `gaps`: cycles lost between contiguous runs
  double left;  // bytes
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

struct Span {
  int32_t actor, tag;
  double begin, end;
};

struct Event {
  double time;
  uint64_t order;
  int32_t actor, what;
  bool operator>(const Event& o) const { return time != o.time ? time > o.time : order > o.order; }
};

class Simulation {
 public:
  Simulation(const int64_t* words, const double* numbers, bool spans) : w_(words), d_(numbers), keep_(spans) { read(); }

  // 0: ran to the end; 1: nothing can run
  int run() {
    for (size_t k = 0; k < cores_.size(); ++k) schedule(0, int32_t(k), 0);
    for (size_t k = 0; k < movers_.size(); ++k) try_move(k);
    schedule(0, kController, 0);
    while (!heap_.empty() && !ended_) {
      const Event e = heap_.top();
      heap_.pop();
      now_ = e.time;
      if (e.actor == kController)
        control();
      else if (e.actor < int32_t(cores_.size()))
        step_core(size_t(e.actor));
      else
        e.what == kAsks ? ask(size_t(e.actor) - cores_.size()) : finish_move(size_t(e.actor) - cores_.size());
    }
    return ended_ ? 0 : 1;
  }

  double now_ = 0;
  std::vector<Mover> movers_;
  std::vector<Core> cores_;
  std::vector<End> ends_;
  std::vector<Span> spans_;
  std::vector<double> passed_;     // time at which the controller was done with each step
  std::vector<double> stalls_;     // per core: 7 reasons
  std::vector<double> kernel_time_;  // by kernel
  std::vector<int64_t> kernel_calls_;
  double ddr_busy_[2] = {0, 0};
  double ddr_bytes_[2] = {0, 0};
  double controller_work_ = 0;
  static constexpr int kReasons = 7;  // tasks, DDR, shim stream, stream, other cores, output, upstream

 private:
  static constexpr int32_t kController = -1;
  static constexpr int32_t kMoved = 0, kAsks = 1;  // events of movers
  static constexpr int64_t kTurn = 2048;           // bytes of a turn at DDR; 256 to 4,096 differ by 0.3 %

  int64_t word() { return *w_++; }
  double number() { return *d_++; }
  void limits(std::vector<Limit>& to) {
    const int64_t n = word();
    for (int64_t k = 0; k < n; ++k) {
      const int64_t counter = word(), room = word(), each = word();
      to.push_back({counter, room, each});
    }
  }

  void read() {
    ddr_rate_ = number();
    acquire_cost_ = number();
    release_cost_ = number();
    split_ = word() != 0;
    counters_.resize(size_t(word()));
    waiters_.resize(counters_.size());
    movers_.resize(size_t(word()));
    for (Mover& m : movers_) {
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
      counters_[counter] = word();
    }
    descriptors_.resize(size_t(word()));
    for (Descriptor& d : descriptors_) d = {word(), word(), word(), word(), word()};
    ends_.resize(size_t(word()));
    for (End& e : ends_) {
      limits(e.limits);
      e.raised = word();
      e.feeder = word();
    }
    const size_t costs = size_t(word());
    for (size_t k = 0; k < costs; ++k) {
      kernel_.push_back(int32_t(word()));
      cost_.push_back(number());
    }
    kernel_time_.resize(size_t(word()));
    kernel_calls_.resize(kernel_time_.size());
    cores_.resize(size_t(word()));
    stalls_.resize(cores_.size() * kReasons);
    for (Core& c : cores_) {
      c.events.resize(size_t(word()));
      for (uint32_t& e : c.events) e = uint32_t(word());
    }
    steps_.resize(size_t(word()));
    for (Step& s : steps_) s = {word(), word(), word(), word(), word()};
    delays_.resize(steps_.size());
    for (double& x : delays_) x = number();
    passed_.resize(steps_.size());
  }

  void schedule(double time, int32_t actor, int32_t what) { heap_.push({time, order_++, actor, what}); }

  bool holds(const Limit& l, int64_t index) const { return counters_[size_t(l.counter)] * l.each + l.room > index; }
  const Limit* missing(const std::vector<Limit>& all, int64_t index) const {
    for (const Limit& l : all)
      if (!holds(l, index)) return &l;
    return nullptr;
  }

  void wait(int64_t counter, int32_t actor) { waiters_[size_t(counter)].push_back(actor); }
  void raise(int64_t counter, int64_t by) {
    counters_[size_t(counter)] += by;
    auto& waiting = waiters_[size_t(counter)];
    if (waiting.empty()) return;
    std::vector<int32_t> woken;
    woken.swap(waiting);
    for (int32_t actor : woken) {
      if (actor == kController)
        schedule(now_, kController, 0);
      else if (actor < int32_t(cores_.size()))
        schedule(now_, actor, 0);
      else
        try_move(size_t(actor) - cores_.size());
    }
  }

  // -- movers
  void try_move(size_t k) {
    Mover& m = movers_[k];
    if (m.busy) return;
    const int32_t actor = int32_t(k + cores_.size());
    if (m.kind != 0 && m.tasks.empty()) return idle(m, 1);
    if (m.kept && !m.open) {
      if (m.memory.empty()) return idle(m, 1);
      const Descriptor& d = next_of(m);
      if (d.acquire >= 0 && counters_[size_t(d.acquire)] < d.take) {
        wait(d.acquire, actor);
        return idle(m, m.kind == 0 ? 2 : 3);
      }
      if (d.acquire >= 0) counters_[size_t(d.acquire)] -= d.take;
      m.open = true;
      m.open_left = d.bytes;
    }
    if (m.part == 0) {
      if (const Limit* l = missing(m.supplies, m.moved)) {
        wait(l->counter, actor);
        return idle(m, 2);
      }
      if (const Limit* l = missing(m.rooms, m.moved)) {
        wait(l->counter, actor);
        return idle(m, 3);
      }
    }
    idle(m, 0);
    m.busy = true;
    if (m.part == 0) m.began = now_;
    m.chunk = m.bytes - m.part;
    if (m.kept) m.chunk = std::min(m.chunk, m.open_left);
    if (m.kind == 0) {
      m.work += stream(m);
      schedule(now_ + stream(m), actor, kMoved);
      return;
    }
    Task& task = m.tasks.front();
    m.chunk = std::min({m.chunk, int64_t(task.left), kTurn});
    double start = now_;
    if (!m.task_started) {
      m.task_started = true;
      start += m.warm + (m.cold - m.warm) * std::pow(m.decay, double(m.started_tasks++));
    }
    const double gaps = double(task.gaps) * double(m.chunk) / double(task.bytes);
    m.work += gaps;
    if (start + gaps > now_)
      schedule(start + gaps, actor, kAsks);
    else
      ask(k);
  }

  double stream(const Mover& m) const {
    return double((m.chunk + 3) / 4) * m.per_word + (m.part == 0 || m.kind == 0 ? m.overhead : 0);
  }

  // A turn at DDR, behind those who asked before.
  void ask(size_t k) {
    Mover& m = movers_[k];
    const int side = split_ ? int(m.kind - 1) : 0;
    const double share = double(m.chunk) / ddr_rate_;
    ddr_free_[side] = std::max(now_, ddr_free_[side]) + share;
    ddr_busy_[m.kind - 1] += share;
    ddr_bytes_[m.kind - 1] += double(m.chunk);
    const double streamed = now_ + stream(m), end = std::max(streamed, ddr_free_[side]);
    m.work += stream(m);
    m.on_ddr += end - streamed;
    schedule(end, int32_t(k + cores_.size()), kMoved);
  }

  void finish_move(size_t k) {
    Mover& m = movers_[k];
    m.busy = false;
    m.idle_since = now_;
    m.why = 0;
    m.part += m.chunk;
    if (keep_ && m.part == m.bytes) spans_.push_back({int32_t(k + cores_.size()), 0, m.began, now_});
    bool ended = m.kept && end_of_descriptor(m);
    if (m.kind != 0) {
      Task& task = m.tasks.front();
      task.left -= double(m.chunk);
      if (task.left <= 0) {
        m.tokens += task.token;
        ++m.finished_tasks;
        m.tasks.pop_front();
        m.task_started = false;
        ended = true;
      }
    }
    if (m.part == m.bytes) {
      m.part = 0;
      ++m.moved;
      raise(m.done, 1);
      if (m.freed >= 0 && m.moved % m.every == 0) raise(m.freed, 1);
    }
    if (ended && waits_for_ == int64_t(k)) schedule(now_, kController, 0);
    try_move(k);
  }

  const Descriptor& next_of(const Mover& m) const {
    return descriptors_[size_t(m.memory.front().first + m.memory.front().at)];
  }

  // After a chunk of a memory tile's task; whether the task ended.
  bool end_of_descriptor(Mover& m) {
    m.open_left -= m.chunk;
    if (m.open_left > 0) return false;
    m.open = false;
    const Descriptor& d = next_of(m);
    MemoryTask& task = m.memory.front();
    bool ended = false;
    if (++task.at == task.count) {
      task.at = 0;
      if (++task.run == task.runs) {
        if (m.kind == 0) m.tokens += task.token;
        m.memory.pop_front();
        ended = true;
      }
    }
    if (d.release >= 0) raise(d.release, d.give);
    return ended;
  }

  void idle(Mover& m, int why) {
    const double spent = now_ - m.idle_since;
    if (m.why == 1) m.no_task += spent;
    if (m.why == 2) m.no_supply += spent;
    if (m.why == 3) m.no_room += spent;
    m.idle_since = now_;
    m.why = why;
  }

  // -- cores
  void step_core(size_t k) {
    Core& c = cores_[k];
    double extra = 0;
    while (c.pc < c.events.size()) {
      const uint32_t event = c.events[c.pc], kind = event >> 30;
      if (kind == 2) {
        const uint32_t cost = event & 0x3fffffff;
        ++c.pc;
        const double spent = cost_[cost];
        c.work += spent;
        c.overhead += extra;
        kernel_time_[size_t(kernel_[cost])] += spent;
        ++kernel_calls_[size_t(kernel_[cost])];
        if (keep_) spans_.push_back({int32_t(k), kernel_[cost] + 1, now_ + extra, now_ + extra + spent});
        schedule(now_ + extra + spent, int32_t(k), 0);
        return;
      }
      End& e = ends_[(event >> 8) & 0x3fffff];
      const int64_t n = event & 0xff;
      if (kind == 0) {
        // the objects up to head + n
        if (const Limit* l = missing(e.limits, e.head + n - 1)) {
          if (!c.blocked) {
            c.blocked = true;
            c.since = now_;
            reason_ = reason(e, *l);
            c.waits_on = reason_;
          }
          wait(l->counter, int32_t(k));
          c.overhead += extra;
          return;
        }
        if (c.blocked) {
          c.blocked = false;
          stalls_[k * kReasons + size_t(c.waits_on)] += now_ - c.since;
          if (keep_) spans_.push_back({int32_t(k), -1 - int32_t(c.waits_on), c.since, now_});
        }
        extra += acquire_cost_;
      } else {
        e.head += n;
        extra += release_cost_;
        ++c.pc;
        raise(e.raised, n);
        continue;
      }
      ++c.pc;
    }
    c.finish = now_;
    c.overhead += extra;
  }

  // Why an acquire has to wait, as seen when it begins to.
  int reason(const End& e, const Limit& l) const {
    if (e.feeder < 0) return 6;
    const Mover* m = &movers_[size_t(e.feeder)];
    if (l.room > 0) return 5;  // an output: no free buffer
    for (int depth = 0; depth < 4; ++depth) {
      if (m->busy) {
        if (m->kind == 0) return 3;
        return m->on_ddr > 0.1 * m->work ? 1 : 2;
      }
      if (m->kind != 0 && m->tasks.empty()) return 0;
      if (missing(m->rooms, m->moved)) return 4;
      if (m->kept && m->memory.empty()) return 0;
      if (m->kept) {
        if (m->source < 0) return 6;
        m = &movers_[size_t(m->source)];
        continue;
      }
      const Limit* s = missing(m->supplies, m->moved);
      if (!s) return 3;
      const Mover* up = nullptr;
      for (const Mover& o : movers_)
        if (o.done == s->counter) up = &o;
      if (!up) return 6;
      m = up;
    }
    return 6;
  }

  // -- controller
  void control() {
    while (pc_ < steps_.size()) {
      const Step& s = steps_[pc_];
      if (s.kind == 2) {
        Mover& m = movers_[size_t(s.a)];
        if (m.tokens == 0) {
          waits_for_ = s.a;
          return;
        }
        waits_for_ = -1;
        --m.tokens;
      }
      if (!waited_ && delays_[pc_] > 0) {
        waited_ = true;
        if (keep_) spans_.push_back({kController, int32_t(s.kind), now_, now_ + delays_[pc_]});
        controller_work_ += delays_[pc_];
        if (s.kind == 2) ++movers_[size_t(s.a)].tokens;  // taken when the delay is over
        schedule(now_ + delays_[pc_], kController, 0);
        return;
      }
      waited_ = false;
      passed_[pc_] = now_;
      ++pc_;
      if (s.kind == 1) {
        movers_[size_t(s.a)].tasks.push_back({s.b, s.c, s.d, double(s.b)});
        try_move(size_t(s.a));
      }
      if (s.kind == 3) {
        movers_[size_t(s.a)].memory.push_back({s.b, s.c, s.d / 2, s.d % 2});
        try_move(size_t(s.a));
      }
    }
    ended_ = true;
  }

  const int64_t* w_;
  const double* d_;
  bool keep_;
  bool split_ = false;
  double ddr_rate_ = 1, acquire_cost_ = 0, release_cost_ = 0;
  double ddr_free_[2] = {0, 0};
  std::vector<int64_t> counters_;
  std::vector<Descriptor> descriptors_;
  std::vector<std::vector<int32_t>> waiters_;
  std::vector<int32_t> kernel_;
  std::vector<double> cost_;
  std::vector<Step> steps_;
  std::vector<double> delays_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> heap_;
  uint64_t order_ = 0;
  size_t pc_ = 0;
  int64_t waits_for_ = -1;
  int reason_ = 0;
  bool waited_ = false, ended_ = false;
};

}  // namespace

#define EXPORT extern "C" __attribute__((visibility("default")))

EXPORT void* timing_run(const int64_t* words, const double* numbers, int spans, int* stuck) {
  auto* s = new Simulation(words, numbers, spans != 0);
  *stuck = s->run();
  return s;
}
EXPORT void timing_free(void* p) { delete static_cast<Simulation*>(p); }
// totals: cycles, controller work, DDR busy read, write, DDR bytes read, write
EXPORT void timing_totals(void* p, double* out) {
  const auto& s = *static_cast<Simulation*>(p);
  const double all[] = {s.now_, s.controller_work_, s.ddr_busy_[0], s.ddr_busy_[1], s.ddr_bytes_[0], s.ddr_bytes_[1]};
  std::memcpy(out, all, sizeof all);
}
// per core: work, overhead, then the stalls by reason
EXPORT void timing_cores(void* p, double* out) {
  const auto& s = *static_cast<Simulation*>(p);
  for (size_t k = 0; k < s.cores_.size(); ++k) {
    *out++ = s.cores_[k].work;
    *out++ = s.cores_[k].overhead;
    for (int r = 0; r < Simulation::kReasons; ++r) *out++ = s.stalls_[k * Simulation::kReasons + size_t(r)];
  }
}
// per mover: work, waiting for DDR, without task, without supply, without room, objects
EXPORT void timing_movers(void* p, double* out) {
  for (const auto& m : static_cast<Simulation*>(p)->movers_) {
    const double all[] = {m.work, m.on_ddr, m.no_task, m.no_supply, m.no_room, double(m.moved)};
    std::memcpy(out, all, sizeof all);
    out += 6;
  }
}
EXPORT void timing_kernels(void* p, double* cycles, int64_t* calls) {
  const auto& s = *static_cast<Simulation*>(p);
  std::copy(s.kernel_time_.begin(), s.kernel_time_.end(), cycles);
  std::copy(s.kernel_calls_.begin(), s.kernel_calls_.end(), calls);
}
EXPORT void timing_steps(void* p, double* out) {
  const auto& s = *static_cast<Simulation*>(p);
  std::copy(s.passed_.begin(), s.passed_.end(), out);
}
EXPORT int64_t timing_spans(void* p, int32_t* actor, int32_t* tag, double* begin, double* end, int64_t room) {
  const auto& spans = static_cast<Simulation*>(p)->spans_;
  for (int64_t k = 0; k < std::min<int64_t>(room, int64_t(spans.size())); ++k) {
    const auto& s = spans[size_t(k)];
    actor[k] = s.actor, tag[k] = s.tag, begin[k] = s.begin, end[k] = s.end;
  }
  return int64_t(spans.size());
}
EXPORT int64_t timing_stuck_core(void* p, int64_t core) {
  const auto& c = static_cast<Simulation*>(p)->cores_[size_t(core)];
  return c.pc < c.events.size() ? int64_t(c.pc) : -1;
}
