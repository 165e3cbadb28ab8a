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

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <queue>
#include <vector>

#include "model.hpp"

namespace {

using namespace timing;

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

class Simulation : public Model {
 public:
  Simulation(const int64_t* words, const double* numbers, bool spans)
      : Model(Reader(words, numbers).model()), keep_(spans) {
    waiters_.resize(counters.size());
    kernel_time_.resize(size_t(kernels));
    kernel_calls_.resize(size_t(kernels));
    stalls_.resize(cores.size() * kReasons);
    passed_.resize(steps.size());
  }

  // 0: ran to the end; 1: nothing can run
  int run() {
    for (size_t k = 0; k < cores.size(); ++k) schedule(0, int32_t(k), 0);
    for (size_t k = 0; k < movers.size(); ++k) try_move(k);
    schedule(0, kController, 0);
    while (!heap_.empty() && !ended_) {
      const Event e = heap_.top();
      heap_.pop();
      now_ = e.time;
      if (e.actor == kController)
        control();
      else if (e.actor < int32_t(cores.size()))
        step_core(size_t(e.actor));
      else
        e.what == kAsks ? ask(size_t(e.actor) - cores.size()) : finish_move(size_t(e.actor) - cores.size());
    }
    return ended_ ? 0 : 1;
  }

  double now_ = 0;
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

  void schedule(double time, int32_t actor, int32_t what) { heap_.push({time, order_++, actor, what}); }

  bool holds(const Limit& l, int64_t index) const { return counters[size_t(l.counter)] * l.each + l.room > index; }
  const Limit* missing(const std::vector<Limit>& all, int64_t index) const {
    for (const Limit& l : all)
      if (!holds(l, index)) return &l;
    return nullptr;
  }

  void wait(int64_t counter, int32_t actor) { waiters_[size_t(counter)].push_back(actor); }
  void raise(int64_t counter, int64_t by) {
    counters[size_t(counter)] += by;
    auto& waiting = waiters_[size_t(counter)];
    if (waiting.empty()) return;
    std::vector<int32_t> woken;
    woken.swap(waiting);
    for (int32_t actor : woken) {
      if (actor == kController)
        schedule(now_, kController, 0);
      else if (actor < int32_t(cores.size()))
        schedule(now_, actor, 0);
      else
        try_move(size_t(actor) - cores.size());
    }
  }

  // -- movers
  void try_move(size_t k) {
    Mover& m = movers[k];
    if (m.busy) return;
    const int32_t actor = int32_t(k + cores.size());
    if (m.kind != 0 && m.tasks.empty()) return idle(m, 1);
    if (m.kept && !m.open) {
      if (m.memory.empty()) return idle(m, 1);
      const Descriptor& d = next_of(m);
      if (d.acquire >= 0 && counters[size_t(d.acquire)] < d.take) {
        wait(d.acquire, actor);
        return idle(m, m.kind == 0 ? 2 : 3);
      }
      if (d.acquire >= 0) counters[size_t(d.acquire)] -= d.take;
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
    Mover& m = movers[k];
    const int side = split_ddr ? int(m.kind - 1) : 0;
    const double share = double(m.chunk) / ddr_rate;
    ddr_free_[side] = std::max(now_, ddr_free_[side]) + share;
    ddr_busy_[m.kind - 1] += share;
    ddr_bytes_[m.kind - 1] += double(m.chunk);
    const double streamed = now_ + stream(m), end = std::max(streamed, ddr_free_[side]);
    m.work += stream(m);
    m.on_ddr += end - streamed;
    schedule(end, int32_t(k + cores.size()), kMoved);
  }

  void finish_move(size_t k) {
    Mover& m = movers[k];
    m.busy = false;
    m.idle_since = now_;
    m.why = 0;
    m.part += m.chunk;
    if (keep_ && m.part == m.bytes) spans_.push_back({int32_t(k + cores.size()), 0, m.began, now_});
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
    return descriptors[size_t(m.memory.front().first + m.memory.front().at)];
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
    Core& c = cores[k];
    double extra = 0;
    while (c.pc < c.events.size()) {
      const uint32_t event = c.events[c.pc], kind = event >> 30;
      if (kind == 2) {
        const uint32_t cost = event & 0x3fffffff;
        ++c.pc;
        const double spent = costs[cost];
        c.work += spent;
        c.overhead += extra;
        kernel_time_[size_t(kernel_of[cost])] += spent;
        ++kernel_calls_[size_t(kernel_of[cost])];
        if (keep_) spans_.push_back({int32_t(k), kernel_of[cost] + 1, now_ + extra, now_ + extra + spent});
        schedule(now_ + extra + spent, int32_t(k), 0);
        return;
      }
      End& e = ends[(event >> 8) & 0x3fffff];
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
        extra += acquire_cost;
      } else {
        e.head += n;
        extra += release_cost;
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
    const Mover* m = &movers[size_t(e.feeder)];
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
        m = &movers[size_t(m->source)];
        continue;
      }
      const Limit* s = missing(m->supplies, m->moved);
      if (!s) return 3;
      const Mover* up = nullptr;
      for (const Mover& o : movers)
        if (o.done == s->counter) up = &o;
      if (!up) return 6;
      m = up;
    }
    return 6;
  }

  // -- controller
  void control() {
    while (pc_ < steps.size()) {
      const Step& s = steps[pc_];
      if (s.kind == 2) {
        Mover& m = movers[size_t(s.a)];
        if (m.tokens == 0) {
          waits_for_ = s.a;
          return;
        }
        waits_for_ = -1;
        --m.tokens;
      }
      if (!waited_ && delays[pc_] > 0) {
        waited_ = true;
        if (keep_) spans_.push_back({kController, int32_t(s.kind), now_, now_ + delays[pc_]});
        controller_work_ += delays[pc_];
        if (s.kind == 2) ++movers[size_t(s.a)].tokens;  // taken when the delay is over
        schedule(now_ + delays[pc_], kController, 0);
        return;
      }
      waited_ = false;
      passed_[pc_] = now_;
      ++pc_;
      if (s.kind == 1) {
        movers[size_t(s.a)].tasks.push_back({s.b, s.c, s.d, double(s.b)});
        try_move(size_t(s.a));
      }
      if (s.kind == 3) {
        movers[size_t(s.a)].memory.push_back({s.b, s.c, s.d / 2, s.d % 2});
        try_move(size_t(s.a));
      }
    }
    ended_ = true;
  }

  bool keep_;
  double ddr_free_[2] = {0, 0};
  std::vector<std::vector<int32_t>> waiters_;
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
  for (size_t k = 0; k < s.cores.size(); ++k) {
    *out++ = s.cores[k].work;
    *out++ = s.cores[k].overhead;
    for (int r = 0; r < Simulation::kReasons; ++r) *out++ = s.stalls_[k * Simulation::kReasons + size_t(r)];
  }
}
// per mover: work, waiting for DDR, without task, without supply, without room, objects
EXPORT void timing_movers(void* p, double* out) {
  for (const auto& m : static_cast<Simulation*>(p)->movers) {
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
  const auto& c = static_cast<Simulation*>(p)->cores[size_t(core)];
  return c.pc < c.events.size() ? int64_t(c.pc) : -1;
}
