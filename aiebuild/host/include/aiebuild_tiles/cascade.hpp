// The cascade between neighbouring cores: a queue of 512-bit words that kernels put into and get from.
//
// A kernel is a plain function, so one that has to wait for its cascade is put aside with its stack, and goes on where it
// stood when its core is next stepped.
#pragma once

#include <aie_api/detail/state.hpp>

#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <ucontext.h>
#include <vector>

namespace aieb {

inline constexpr size_t kCascadeWords = 4;  // two at either end (AM020, cascade)

using CascadeQueue = std::deque<aie::detail::cascade_word>;

// A core's two ends. `wants` says what the kernel that was put aside waits for.
struct CascadePort final : aie::detail::cascade_t {
  enum Wants { kNothing, kIn, kOut };
  CascadeQueue* in = nullptr;
  CascadeQueue* out = nullptr;
  Wants wants = kNothing;
  std::function<void()> aside;  // back to the scheduler

  bool connected() const { return in != nullptr || out != nullptr; }
  bool waits() const { return (wants == kIn && in->empty()) || (wants == kOut && out->size() >= kCascadeWords); }
  void forget() { wants = kNothing; }

  void put(const aie::detail::cascade_word& word) override {
    if (out == nullptr) aie::detail::no_cascade("puts into");
    wants = kOut;
    while (waits()) aside();
    wants = kNothing;
    out->push_back(word);
  }
  aie::detail::cascade_word get() override {
    if (in == nullptr) aie::detail::no_cascade("gets from");
    wants = kIn;
    while (waits()) aside();
    wants = kNothing;
    const aie::detail::cascade_word word = in->front();
    in->pop_front();
    return word;
  }
};

// A stack of its own for the coroutine of a core and the kernels that it calls.
class Fiber {
 public:
  Fiber() : stack_(kStack) {}
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Runs `work` to its end, or goes on with what was put aside.
  void run(CascadePort& port, std::function<void()> work) {
    if (!inside_) {
      work_ = std::move(work);
      getcontext(&fiber_);
      fiber_.uc_stack.ss_sp = stack_.data();
      fiber_.uc_stack.ss_size = stack_.size();
      fiber_.uc_link = &scheduler_;
      const auto self = reinterpret_cast<uintptr_t>(this);
      makecontext(&fiber_, reinterpret_cast<void (*)()>(&Fiber::enter), 2, unsigned(self >> 32), unsigned(self));
      inside_ = true;
    }
    port.aside = [this] { swapcontext(&fiber_, &scheduler_); };
    swapcontext(&scheduler_, &fiber_);
  }

 private:
  static constexpr size_t kStack = size_t(1) << 20;
  static void enter(unsigned high, unsigned low) {
    auto* self = reinterpret_cast<Fiber*>(uintptr_t(high) << 32 | low);
    self->work_();
    self->inside_ = false;
  }
  std::vector<char> stack_;
  ucontext_t fiber_{}, scheduler_{};
  std::function<void()> work_;
  bool inside_ = false;
};

}  // namespace aieb
