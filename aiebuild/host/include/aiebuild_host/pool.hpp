// A pool of pinned worker threads. The thread that calls run() is thread 0 and takes part. Between two
// runs the workers spin for a bounded time, then sleep on a futex.
#pragma once

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "abi.hpp"

namespace aieb {

inline void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

inline uint64_t now_ns() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return uint64_t(t.tv_sec) * 1000000000u + uint64_t(t.tv_nsec);
}

inline void futex_wait(std::atomic<uint32_t>& word, uint32_t seen, const timespec* timeout) {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(&word), FUTEX_WAIT_PRIVATE, seen, timeout, nullptr, 0);
}
inline void futex_wake_all(std::atomic<uint32_t>& word) {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(&word), FUTEX_WAKE_PRIVATE, 1 << 20, nullptr, nullptr, 0);
}

// Where threads of a dispatch that find nothing to do sleep until one that did something rings. A ring that comes
// too early is made up for by the timeout, so that threads that work need no fence.
class Bell {
 public:
  // In this order, with a look for work between them.
  uint32_t announce() {
    const uint32_t seen = count_.load(std::memory_order_acquire);
    wanted_.store(true);
    return seen;
  }
  void sleep(uint32_t seen) {
    const timespec timeout{0, 200'000};
    futex_wait(count_, seen, &timeout);
  }
  void ring() {
    if (wanted_.load(std::memory_order_relaxed) && wanted_.exchange(false)) {
      count_.fetch_add(1);
      futex_wake_all(count_);
    }
  }

 private:
  alignas(128) std::atomic<bool> wanted_{false};
  alignas(128) std::atomic<uint32_t> count_{0};
};

class ThreadPool : public Pool {
 public:
  // More threads than `generation_` can name are more than any array has cores.
  explicit ThreadPool(uint32_t count, uint64_t spin_ns = 500'000) : spin_ns_(spin_ns) {
    count = std::min(count, (1u << kActiveBits) - 1);
    version = kPoolVersion;
    threads = active = count;
    strain = 0;
    run = [](Pool* p, void (*fn)(void*, uint32_t), void* arg) { static_cast<ThreadPool*>(p)->do_run(fn, arg); };
    lock = [](Pool* p) { static_cast<ThreadPool*>(p)->mutex_.lock(); };
    unlock = [](Pool* p) { static_cast<ThreadPool*>(p)->mutex_.unlock(); };
    destroy = [](Pool* p) { delete static_cast<ThreadPool*>(p); };
    std::vector<int> cpus = allowed_cpus();
    for (uint32_t t = 1; t < count; ++t) {
      workers_.emplace_back([this, t] { work(t); });
      // More threads than processors: leave the placement to the system.
      if (count <= cpus.size()) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(cpus[t], &set);
        CPU_SET(cpus[t], &taken_);
        pthread_setaffinity_np(workers_.back().native_handle(), sizeof set, &set);
      }
    }
  }

  ~ThreadPool() {
    quit_.store(true);
    wake();
    for (auto& w : workers_) w.join();
  }

  static std::vector<int> allowed_cpus() {
    cpu_set_t set;
    CPU_ZERO(&set);
    std::vector<int> cpus;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
      for (int c = 0; c < CPU_SETSIZE; ++c)
        if (CPU_ISSET(c, &set)) cpus.push_back(c);
    return cpus;
  }

 private:
  void wake() {
    generation_.store(((generation_.load(std::memory_order_relaxed) >> kActiveBits) + 1) << kActiveBits | active);  // sequentially consistent: ordered against sleepers_
    if (sleepers_.load() > 0) futex_wake_all(generation_);
  }

  // The calling thread may run anywhere, and may have been put where a worker is pinned: it leaves that processor.
  void make_way() {
    cpu_set_t all, free;
    if (const int here = sched_getcpu(); here < 0 || !CPU_ISSET(here, &taken_)) return;
    if (pthread_getaffinity_np(pthread_self(), sizeof all, &all) != 0) return;
    CPU_XOR(&free, &all, &taken_);
    CPU_AND(&free, &free, &all);
    if (CPU_COUNT(&free) == 0) return;
    pthread_setaffinity_np(pthread_self(), sizeof free, &free);
    pthread_setaffinity_np(pthread_self(), sizeof all, &all);
  }

  void do_run(void (*fn)(void*, uint32_t), void* arg) {
    if (active > 1) {
      make_way();
      fn_ = fn;
      arg_ = arg;
      finished_.store(0, std::memory_order_relaxed);
      wake();
    }
    fn(arg, 0);
    for (uint32_t spins = 0;; ++spins) {
      const uint32_t finished = finished_.load(std::memory_order_acquire);
      if (active == 1 || finished + 1 >= active) break;
      relax();
      if (spins > 2000) {  // one that has not the processor: looked for again from time to time, nobody rings
        const timespec timeout{0, 100'000};
        futex_wait(finished_, finished, &timeout);
      }
    }
  }

  void work(uint32_t thread) {
    uint32_t seen = 0;
    for (;;) {
      uint32_t current = generation_.load(std::memory_order_acquire);
      if (current == seen) {
        const uint64_t until = now_ns() + spin_ns_;
        do {
          for (int i = 0; i < 64 && current == seen; ++i) {
            relax();
            current = generation_.load(std::memory_order_acquire);
          }
        } while (current == seen && now_ns() < until);
      }
      while (current == seen) {
        sleepers_.fetch_add(1);
        if (generation_.load() == seen) futex_wait(generation_, seen, nullptr);
        sleepers_.fetch_sub(1);
        current = generation_.load(std::memory_order_acquire);
      }
      seen = current;
      if (quit_.load()) return;
      if (thread >= current % (1u << kActiveBits)) continue;  // what there is to run may have changed by now
      fn_(arg_, thread);
      finished_.fetch_add(1, std::memory_order_release);
    }
  }

  static constexpr uint32_t kActiveBits = 10;
  alignas(128) std::atomic<uint32_t> generation_{0};  // number of the run, threads that take part in it
  alignas(128) std::atomic<uint32_t> finished_{0};
  std::atomic<uint32_t> sleepers_{0};
  std::atomic<bool> quit_{false};
  void (*fn_)(void*, uint32_t) = nullptr;
  void* arg_ = nullptr;
  uint64_t spin_ns_;
  cpu_set_t taken_{};  // processors that workers are pinned to
  std::mutex mutex_;
  std::vector<std::thread> workers_;
};

}  // namespace aieb
