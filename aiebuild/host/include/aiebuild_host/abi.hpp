// The C interface of an overlay library. Every structure here is part of the versioned interface:
// change one, raise kAbiVersion.
#pragma once

#include <cstddef>
#include <cstdint>

namespace aieb {

inline constexpr uint32_t kAbiVersion = 2;
inline constexpr uint32_t kPoolVersion = 2;
inline constexpr uint32_t kSequenceVersion = 1;
inline constexpr size_t kArgAlignment = 64;
inline constexpr uint32_t kCounterOps = 16;

// One argument of a dispatch: a host buffer. `data` is aligned to kArgAlignment.
struct Arg {
  void* data;
  uint64_t bytes;
};

// Dispatch flags.
enum : uint32_t {
  kFlagStrict = 1,   // objects left over at the end of the sequence are an error
  kFlagNoAlias = 2,  // copy every object, even where it could be read in place
};

// What one core did since the counters were last cleared.
struct CoreCounters {
  uint32_t column;
  uint32_t row;
  uint64_t resumes;       // times the core was resumed from a wait
  uint64_t kernel_calls;  // func.call executed (counting build only)
  uint64_t ops[kCounterOps];  // see overlay_op_names() (counting build only)
};

// What the engine did since the counters were last cleared.
struct EngineCounters {
  uint64_t dispatches;
  uint64_t nanoseconds;     // inside dispatch
  uint64_t tasks;           // DMA tasks started
  uint64_t syncs;           // tokens awaited
  uint64_t aliased;         // objects read or written in place
  uint64_t copied;          // objects gathered or scattered
  uint64_t copied_bytes;
  uint64_t leftover;        // dispatches that ended with objects in the array
};

// Where cores' reports on rows have what they found in a part of the vocabulary, for each of two lists of tokens: the
// `best` keys, logits as integers of the same order, and their tokens; the largest logit of all, and the sum of the
// exponentials of their differences from it.
struct Reports {
  const int32_t* words;
  const uint32_t* keys;  // [rows, 2, parts]: a part's first key; the others follow, then the tokens
  const uint32_t* tops;  // [rows, 2, parts]: a part's largest logit; the sum follows
  uint32_t rows;
  uint32_t parts;
  uint32_t best;
  float lowest;  // logits below are of tokens that do not count
};

// The worker pool is shared by all overlay libraries of a process, so that it is reached through a
// table of functions that belongs to the library which created it.
struct Pool {
  uint32_t version;
  uint32_t threads;
  uint32_t active;  // threads that take part in a dispatch
  uint32_t strain;  // how many dispatches were kept waiting by a thread without a processor, of late
  // Of `active` threads.
  void (*run)(Pool*, void (*fn)(void* arg, uint32_t thread), void* arg);
  void (*lock)(Pool*);
  void (*unlock)(Pool*);
  void (*destroy)(Pool*);
};

}  // namespace aieb
