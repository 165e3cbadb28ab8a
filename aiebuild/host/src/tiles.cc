// The C interface of an overlay library over the engine of tiles (aiebuild_tiles/tiles.hpp), and its reader of sequence
// files.
#include <aiebuild_tiles/registers.hpp>

#include <cstdio>

namespace aieb {
namespace {

// -- sequence files ----------------------------------------------------------------------------------------

class FileReader {
 public:
  FileReader(const void* p, size_t n) : p_(static_cast<const u8*>(p)), end_(p_ + n) {}
  template <class T>
  T get() {
    T v;
    std::memcpy(&v, take(sizeof v), sizeof v);
    return v;
  }
  std::string string() {
    const auto n = get<uint32_t>();
    return {reinterpret_cast<const char*>(take(n)), n};
  }

 private:
  const u8* take(size_t n) {
    if (size_t(end_ - p_) < n) throw Fault("sequence file ends early");
    const u8* at = p_;
    p_ += n;
    return at;
  }
  const u8* p_;
  const u8* end_;
};

// Layout: aiebuild_host/loader.hpp, but for TILES_VERSION of host/program.py: each channel ends with its row (u16), and
// the zero byte of a descriptor is the identifier of its packet plus 1.
std::unique_ptr<Sequence> read_sequence(const void* data, size_t size) {
  FileReader r(data, size);
  if (r.get<uint64_t>() != 0x0A51455342454941ull) throw Fault("not a sequence file");  // "AIEBSEQ\n"
  if (r.get<uint32_t>() != 2) throw Fault("sequence file of another version");
  r.get<uint32_t>();
  r.get<uint64_t>();
  auto s = std::make_unique<Sequence>();
  s->name = r.string();
  s->file = r.string();
  const auto arguments = r.get<uint32_t>();
  for (uint32_t k = 0; k < arguments; ++k) s->declared.push_back(r.get<uint64_t>());
  s->needed = s->declared;
  struct Port {
    uint32_t column, row;
    bool out;
    uint32_t index;
  };
  std::vector<Port> channels(r.get<uint32_t>());
  for (Port& c : channels) {
    c.column = r.get<uint16_t>();
    c.out = r.get<u8>() == 1;
    c.index = r.get<u8>();
    r.get<uint32_t>();
    r.string();
    c.row = r.get<uint16_t>();
  }
  auto port = [&](Instruction& op, uint16_t k) {
    const Port& c = channels.at(k);
    op.column = c.column, op.row = c.row, op.out = c.out, op.index = c.index;
  };
  std::vector<std::string> buffers(r.get<uint32_t>());
  for (std::string& name : buffers) name = r.string();
  s->code.resize(r.get<uint32_t>());
  for (Instruction& op : s->code) {
    op.kind = r.get<u8>();
    const auto packet = r.get<u8>();
    const auto index = r.get<uint16_t>();
    op.line = r.get<uint32_t>();
    Bd& d = op.descriptor;
    switch (op.kind) {
      case 1: {
        op.bd = index;
        op.column = r.get<uint16_t>();
        r.get<uint16_t>();
        d.line = op.line;
        d.packet = int(packet) - 1;
        d.argument = r.get<uint16_t>();
        const auto levels = r.get<u8>();
        const bool chained = r.get<u8>() != 0;
        const auto next = r.get<uint16_t>();
        d.next = chained ? int(next) : -1;
        r.get<uint16_t>();
        d.offset = r.get<int64_t>();
        r.get<uint64_t>();
        const auto run = r.get<uint64_t>();
        d.unit = run % 64 == 0 ? 64 : run % 16 == 0 ? 16 : run % 4 == 0 ? 4 : 1;
        for (u8 k = 0; k < levels; ++k) {
          const auto n = r.get<uint32_t>();
          const auto stride = r.get<int64_t>();
          d.levels.insert(d.levels.begin(), Level{n, stride});
        }
        d.levels.push_back({uint32_t(run / d.unit), int64_t(d.unit)});
        d.iterations = r.get<uint32_t>();
        d.iteration_stride = r.get<int64_t>();
        if (d.argument >= arguments) throw Fault("sequence file names an argument that is not there");
        break;
      }
      case 2:
        port(op, index);
        op.bd = r.get<uint16_t>();
        op.token = r.get<u8>() != 0;
        r.get<u8>();
        op.repeat = r.get<uint32_t>();
        break;
      case 3: port(op, index); break;
      case 4:
        op.buffer = buffers.at(index);
        op.word = r.get<uint32_t>();
        op.value = r.get<int64_t>();
        break;
      case 5: {  // words into a tile, by address: row, then column, count, offset, mask, words
        op.row = index;
        op.column = r.get<uint16_t>();
        op.words.resize(r.get<uint16_t>());
        op.word = r.get<uint32_t>();
        op.mask = r.get<uint32_t>();
        for (uint32_t& word : op.words) word = r.get<uint32_t>();
        break;
      }
      case 6:  // an argument's address for a shim's descriptor: number, then column, argument, offset
        op.bd = index;
        op.column = r.get<uint16_t>();
        op.index = r.get<uint16_t>();
        op.value = r.get<int64_t>();
        if (op.index >= arguments) throw Fault("sequence file names an argument that is not there");
        break;
      case 7: op.index = index; break;  // another configuration of the array
      default: throw Fault("sequence file with an unknown operation");
    }
  }
  return s;
}

struct Instance {
  std::unique_ptr<Array> array;
  std::string error;
  bool broken = false;
  EngineCounters counters{};

  Instance() { reset(); }
  void reset() {
    AIEB_CHECKED(array.reset(); check::begin();)
    array = make_array();
    array->start();
    broken = false;
  }
};

uint64_t tasks_done(const Array& array) {
  uint64_t n = 0;
  for (const Channel& c : array.channels)
    if (c.row == 0) n += c.done;
  return n;
}

int dispatch(Instance& i, Sequence& s, const Arg* args, uint32_t count) {
  if (i.broken) throw Fault("an earlier error left the array unusable");
  if (count != s.declared.size()) throw Fault("sequence `" + s.name + "` takes " + std::to_string(s.declared.size()) + " buffers, " + std::to_string(count) + " given");
  i.array->arguments.assign(args, args + count);
  const auto start = std::chrono::steady_clock::now();
  const uint64_t before = tasks_done(*i.array);
  i.broken = true;
  i.array->dispatch(s);
  i.broken = false;
  ++i.counters.dispatches;
  i.counters.nanoseconds += uint64_t(std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start).count());
  i.counters.tasks += tasks_done(*i.array) - before;
  for (const Instruction& op : s.code) i.counters.syncs += op.kind == 3;
  i.counters.leftover += !i.array->quiet();
  return 0;
}

}  // namespace
}  // namespace aieb

#define AIEB_EXPORT extern "C" __attribute__((visibility("default")))

using aieb::Instance;
using aieb::Sequence;

AIEB_EXPORT uint32_t overlay_abi_version() { return aieb::kAbiVersion; }
AIEB_EXPORT const char* overlay_info() { return aieb::kDesignInfo; }
AIEB_EXPORT const char* overlay_op_names() { return ""; }

// One thread does it all: the pool is only a name for it.
AIEB_EXPORT void* overlay_pool_create(uint32_t, char*, size_t) {
  static int one;
  return &one;
}
AIEB_EXPORT void overlay_pool_destroy(void*) {}

AIEB_EXPORT void* overlay_open(void*, char* error, size_t n) try {
  return new Instance();
} catch (const std::exception& e) {
  std::snprintf(error, n, "%s", e.what());
  return nullptr;
}

AIEB_EXPORT int overlay_reset(void* handle) try {
  static_cast<Instance*>(handle)->reset();
  return 0;
} catch (const std::exception& e) {
  static_cast<Instance*>(handle)->error = e.what();
  return 1;
}

AIEB_EXPORT void overlay_close(void* handle) { delete static_cast<Instance*>(handle); }
AIEB_EXPORT const char* overlay_error(void* handle) { return static_cast<Instance*>(handle)->error.c_str(); }
AIEB_EXPORT int overlay_broken(void* handle) { return static_cast<Instance*>(handle)->broken; }

AIEB_EXPORT void* overlay_load_sequence(void* handle, const void* data, size_t n) {
  auto* i = static_cast<Instance*>(handle);
  try {
    return aieb::read_sequence(data, n).release();
  } catch (const std::exception& e) {
    i->error = e.what();
    return nullptr;
  }
}

AIEB_EXPORT void overlay_free_sequence(void* sequence) { delete static_cast<Sequence*>(sequence); }
AIEB_EXPORT uint32_t overlay_sequence_args(void* sequence) { return uint32_t(static_cast<Sequence*>(sequence)->declared.size()); }
AIEB_EXPORT uint64_t overlay_sequence_arg_bytes(void* sequence, uint32_t index) { return static_cast<Sequence*>(sequence)->declared[index]; }

AIEB_EXPORT int overlay_dispatch(void* handle, void* sequence, const aieb::Arg* args, uint32_t count, uint32_t) {
  auto* i = static_cast<Instance*>(handle);
  try {
    return aieb::dispatch(*i, *static_cast<Sequence*>(sequence), args, count);
  } catch (const std::exception& e) {
    i->error = e.what();
    return 1;
  }
}

AIEB_EXPORT void overlay_engine_counters(void* handle, aieb::EngineCounters* out) { *out = static_cast<Instance*>(handle)->counters; }

AIEB_EXPORT uint32_t overlay_core_counters(void* handle, aieb::CoreCounters* out, uint32_t room) {
  const auto& cores = static_cast<Instance*>(handle)->array->cores;
  for (uint32_t k = 0; k < cores.size() && k < room; ++k)
    out[k] = {cores[k].column, cores[k].row, cores[k].context->resumes, cores[k].context->kernel_calls, {}};
  return uint32_t(cores.size());
}

AIEB_EXPORT void overlay_clear_counters(void* handle) { static_cast<Instance*>(handle)->counters = {}; }
