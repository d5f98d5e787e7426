// Can processes be attached to on this machine?
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/rankle_process.h"

namespace rankle::testing {

// Why not, in the words of `rankle doctor`; empty when they can.
inline const std::string& WhyNoEbpf() {
  static const std::string reason = [] {
    const nlohmann::json report = nlohmann::json::parse(RunRankle({"doctor", "--format", "json"}).out);
    for (const nlohmann::json& check : report["checks"]) {
      const std::string name = check["name"];
      if ((name == "eBPF: programs" || name == "eBPF") && check["state"] != "ok")
        return check["detail"].get<std::string>();
    }
    return std::string();
  }();
  return reason;
}

}  // namespace rankle::testing
