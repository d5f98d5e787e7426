// ncclConfig_t: checked, with defaults filled in and NCCL_COMM_BLOCKING applied.
#pragma once

#include <nccl.h>

#include <string>

namespace rankle::virtual_nccl {

struct Config {
  bool blocking = true;
  bool split_share = false;
  bool shrink_share = false;
  std::string name;
  int min_ctas = 1;
  int max_ctas = 32;

  // `given` may be null or come from an older header (it carries its own size). `base` gives what `given`
  // leaves undefined: the defaults, or the parent of a split.
  static ncclResult_t Parse(const ncclConfig_t* given, const Config& base, Config* parsed);
};

}  // namespace rankle::virtual_nccl
