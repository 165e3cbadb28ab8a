// The checking mode: findings, regions, and what a core's body does with them. Kernels: kernel.cc.
#include <aiebuild_sanitize/session.hpp>

#include <algorithm>

namespace aieb::check {

Session& session() {
  static Session* one = new Session;  // outlives what refers to it; kernels' statics are put back, this is not among them
  return *one;
}

void begin() {
  Session& s = session();
  const uint64_t limit = s.step_limit, spills = s.spills;
  s.~Session();
  new (&s) Session;
  s.step_limit = limit, s.spills = spills;
}

void report(const char* kind, uint32_t line, uint32_t column, uint32_t row, std::string operation, std::string buffer, std::string text) {
  if (session().stopped) return;  // what follows is no fault of the design
  for (Finding& f : session().findings)
    if (f.line == line && f.column == column && f.row == row && f.kind == kind && f.buffer == buffer) {
      ++f.times;
      return;
    }
  session().findings.push_back({kind, std::move(operation), std::move(buffer), std::move(text), line, column, row, 1});
}

// -- regions -----------------------------------------------------------------------------------------------

Region* add_region(std::string name, Kind kind, uint32_t column, uint32_t row, void* data, size_t bytes, bool written, bool zones) {
  auto r = std::make_unique<Region>();
  r->name = std::move(name);
  r->kind = kind;
  r->column = column, r->row = row;
  r->data = static_cast<u8*>(data);
  r->bytes = bytes;
  r->zones = zones;
  r->written.assign(bytes, written);
  // Another configuration of the array finds what was in the same memory before.
  if (const Region* before = region_at(data); before != nullptr && kind == Kind::kBuffer)
    for (size_t k = 0; k < std::min(bytes, before->bytes); ++k) r->written[k] |= before->written[k];
  if (zones) {
    std::memset(r->data - kZone, kZoneByte, kZone);
    std::memset(r->data + bytes, kZoneByte, kZone);
  }
  Region* p = r.get();
  session().regions[p->data] = std::move(r);
  return p;
}

void drop_region(Region* region) { session().regions.erase(region->data); }

Region* region_at(const void* data) {
  const auto it = session().regions.find(static_cast<const u8*>(data));
  return it == session().regions.end() ? nullptr : it->second.get();
}

void mark_written(const void* data, size_t bytes) {
  const auto* p = static_cast<const u8*>(data);
  auto it = session().regions.upper_bound(p);
  if (it == session().regions.begin()) return;
  Region& r = *(--it)->second;
  if (p >= r.data && p + bytes <= r.data + r.bytes) std::memset(r.written.data() + (p - r.data), 1, bytes);
}

Agent* add_agent(std::string name) {
  Session& s = session();
  s.agents.push_back(std::make_unique<Agent>());
  Agent* a = s.agents.back().get();
  a->number = s.agents.size() - 1;
  a->name = std::move(name);
  a->clock.tick(a->number);
  return a;
}

void touch(Region& region, Agent& agent, size_t offset, size_t bytes, bool write, uint32_t line, const std::string& operation) {
  if (bytes == 0) return;
  const size_t first = offset / 4, last = (offset + bytes - 1) / 4;
  Accesses* own = nullptr;
  for (Accesses& a : region.accesses)
    if (a.agent == &agent) own = &a;
  if (own == nullptr) {
    const size_t words = (region.bytes + 3) / 4;
    region.accesses.push_back({&agent, std::vector<uint32_t>(words), std::vector<uint32_t>(words), line});
    own = &region.accesses.back();
  }
  own->line = line;
  const uint32_t now = agent.clock.of(agent.number);
  std::fill(&(write ? own->wrote : own->read)[first], &(write ? own->wrote : own->read)[last] + 1, now);
  for (const Accesses& a : region.accesses) {
    if (a.agent == &agent) continue;
    const uint32_t known = agent.clock.of(a.agent->number);
    for (size_t w = first; w <= last; ++w) {
      const bool wrote = a.wrote[w] > known, read = write && a.read[w] > known;
      if (!wrote && !read) continue;
      report("data race", line, region.column, region.row, operation, region.name,
             agent.name + (write ? " writes" : " reads") + " byte " + std::to_string(4 * w) + " while " + a.agent->name + " (line " + std::to_string(a.line) + ")" +
                 (wrote ? " writes" : " reads") + " it, no lock is between them; on the array the result depends on time");
      return;
    }
  }
}

bool lock_fits(const std::string& lock, int value, uint32_t line, uint32_t column, uint32_t row, const std::string& operation) {
  if (value >= 0 && value <= 63) return true;
  report("lock value", line, column, row, operation, lock,
         "@" + lock + " would become " + std::to_string(value) + ", a lock holds 0 to 63; on the array it overflows, and whoever waits for it goes on at the wrong time or never");
  return false;
}

// -- one core ----------------------------------------------------------------------------------------------

void Watch::start(uint32_t c, uint32_t r, uint32_t at, size_t stack) {
  column = c, row = r, line = at, stack_size = stack;
  session().watches.push_back(this);
}

void Watch::reaches(Region* region) {
  if (region != nullptr && std::find(regions.begin(), regions.end(), region) == regions.end()) regions.push_back(region);
}

Region* Watch::find(const void* data) const {
  for (Region* r : regions)
    if (r->data == data) return r;
  return nullptr;
}

Region* Watch::object(const char* name, bool produce, u8* data, size_t bytes) {
  Region* r = find(data);
  if (r == nullptr) {
    r = region_at(data);  // neighbours share their objects
    if (r != nullptr && r->bytes != bytes) r = nullptr;
    if (r != nullptr) regions.push_back(r);
  }
  if (r == nullptr) {
    r = add_region(name, produce ? Kind::kProduced : Kind::kConsumed, column, row, data, bytes, false);
    regions.push_back(r);
  }
  return r;
}

EndWatch& Watch::end(const void* e) {
  EndWatch& w = ends_[e];
  w.end = e;
  return w;
}

u8* Watch::missing(size_t bytes) {
  missing_.push_back(std::make_unique<u8[]>(bytes + 2 * kZone));
  return missing_.back().get() + kZone;
}

bool Watch::inside(const char* verb, const void* data, int64_t offset, size_t size, size_t bytes, uint32_t at) const {
  if (offset >= 0 && uint64_t(offset) + size <= bytes) return true;
  const Region* r = find(data);
  const std::string name = r != nullptr ? r->name : "a buffer";
  say("out of bounds", at, std::string(verb), name,
      "byte " + std::to_string(offset) + " of " + std::to_string(bytes) + "; on the array what lies beside it in the tile's memory is " + (verb[7] == 'l' ? "read" : "overwritten"));
  return false;
}

bool Watch::read(const void* data, int64_t offset, size_t size, size_t bytes, uint32_t at) {
  if (!inside("memref.load", data, offset, size, bytes, at)) return false;
  Region* r = find(data);
  if (r == nullptr) return true;
  const size_t first = r->first_unwritten(size_t(offset), size);
  if (first < size_t(offset) + size) {
    say("uninitialised", at, "memref.load", r->name, "byte " + std::to_string(first) + " of " + std::to_string(r->bytes) + " was never written; on the array it is what an earlier program left there");
    std::memset(r->written.data() + offset, 1, size);
  }
  if (agent != nullptr) touch(*r, *agent, size_t(offset), size, false, at, "memref.load");
  return true;
}

bool Watch::write(const void* data, int64_t offset, size_t size, size_t bytes, uint32_t at) {
  if (!inside("memref.store", data, offset, size, bytes, at)) return false;
  Region* r = find(data);
  if (r == nullptr) return true;
  std::memset(r->written.data() + offset, 1, size);
  if (agent != nullptr) touch(*r, *agent, size_t(offset), size, true, at, "memref.store");
  return true;
}

void Watch::ends(uint32_t at) {
  for (Region* r : regions)
    if (r->held && (r->kind == Kind::kConsumed || r->kind == Kind::kProduced))
      say("missing release", at, "end of the core", r->name,
          std::string("an object is still held; on the array ") + (r->kind == Kind::kProduced ? "it is never sent" : "its place is never free again"));
}

// -- steps -------------------------------------------------------------------------------------------------

bool Watch::step(uint32_t at, uint64_t n) {
  Session& s = session();
  steps_[at] += n;
  s.steps += n;
  return s.stopped || (s.step_limit != 0 && s.steps > s.step_limit && s.stop_steps());
}

bool Session::stop_steps() {
  stopped = true;
  struct Line {
    const Watch* watch;
    uint32_t line;
    uint64_t steps;
  };
  std::vector<Line> lines;
  for (const Watch* w : watches)
    for (const auto& [line, n] : w->steps())
      if (n > 0) lines.push_back({w, line, n});
  std::sort(lines.begin(), lines.end(), [](const Line& a, const Line& b) { return a.steps > b.steps; });
  stop = "endless: " + std::to_string(step_limit) + " steps without a transfer to or from the host's memory";
  for (size_t k = 0; k < lines.size() && k < 12; ++k)
    stop += "\n  core(" + std::to_string(lines[k].watch->column) + "," + std::to_string(lines[k].watch->row) + ") line " + std::to_string(lines[k].line) + ": " +
            std::to_string(lines[k].steps) + (lines[k].steps == 1 ? " step" : " steps");
  return true;
}

void transferred() {
  Session& s = session();
  s.steps = 0;
  for (Watch* w : s.watches) w->forget_steps();
}

const std::string& stop_reason() { return session().stop; }

// -- what the library says ------------------------------------------------------------------------------------

namespace {

void quote(std::string& to, const std::string& text) {
  to += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') to += '\\';
    if (static_cast<unsigned char>(c) >= 0x20) to += c;
  }
  to += '"';
}

}  // namespace
}  // namespace aieb::check

// The findings, a JSON object a line. The text is good until the next call.
extern "C" __attribute__((visibility("default"))) const char* overlay_findings() {
  using namespace aieb::check;
  std::string& text = session().text;
  text.clear();
  for (const Finding& f : session().findings) {
    text += "{\"kind\":";
    quote(text, f.kind);
    text += ",\"operation\":";
    quote(text, f.operation);
    text += ",\"buffer\":";
    quote(text, f.buffer);
    text += ",\"text\":";
    quote(text, f.text);
    text += ",\"line\":" + std::to_string(f.line) + ",\"column\":" + std::to_string(f.column) + ",\"row\":" + std::to_string(f.row) + ",\"times\":" + std::to_string(f.times) + "}\n";
  }
  return text.c_str();
}

// The stack that each core's kernels took here at most, beside what it has: a JSON object a line.
extern "C" __attribute__((visibility("default"))) const char* overlay_stacks() {
  using namespace aieb::check;
  std::string& text = session().text;
  text.clear();
  for (const Watch* w : session().watches)
    text += "{\"column\":" + std::to_string(w->column) + ",\"row\":" + std::to_string(w->row) + ",\"taken\":" + std::to_string(w->deepest) + ",\"size\":" + std::to_string(w->stack_size) + "}\n";
  return text.c_str();
}

// `steps`: the budget of steps without a transfer, 0 for none. `spills`: bytes of frames that may be registers on the
// array. Both hold from the next overlay_open.
extern "C" __attribute__((visibility("default"))) void overlay_sanitize(uint64_t steps, uint64_t spills) {
  aieb::check::session().step_limit = steps;
  aieb::check::session().spills = spills;
}
