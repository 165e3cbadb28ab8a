// What the checking mode keeps of a run. For its own sources.
#pragma once

#include <aiebuild_sanitize/watch.hpp>

namespace aieb::check {

struct Session {
  std::vector<Finding> findings;
  std::map<const u8*, std::unique_ptr<Region>> regions;  // by address
  std::vector<std::unique_ptr<Agent>> agents;
  std::vector<Watch*> watches;
  std::vector<u8> spare;  // a stack for signal handlers
  std::string text;  // of overlay_findings
  uint64_t steps = 0, step_limit = 0;
  uint64_t spills = 0;  // bytes of a kernel's frames here that may be registers on the array
  bool stopped = false;
  std::string stop;  // why

  bool stop_steps();
};

Session& session();

}  // namespace aieb::check
