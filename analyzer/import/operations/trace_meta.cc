#include "analyzer/import/operations/trace_meta.h"

#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <set>

#include "absl/strings/str_cat.h"

namespace rankle::import {

TraceMeta ParseTraceMeta(const std::string& yaml) {
  TraceMeta meta;
  try {
    const YAML::Node node = YAML::Load(yaml);
    if (!node.IsMap()) return meta;
    const auto size = [&node](const char* key) { return node[key] ? node[key].as<int32_t>(0) : 0; };
    meta = {.dp = size("dp_size"), .stages = size("pp_size"), .tp = size("tp_size")};
  } catch (const YAML::Exception&) {
    // It only adds to what the trace says itself.
  }
  return meta;
}

std::string MetaFileOf(const std::string& trace_path) {
  const std::filesystem::path path(trace_path);
  const std::string name = path.filename().string();
  const size_t dash = name.find('-'), dot = name.find('.');
  if (dash == std::string::npos || dot == std::string::npos || dot < dash) return "";
  for (const char* extension : {".yaml", ".yml"}) {
    const std::filesystem::path meta =
        path.parent_path() / absl::StrCat("meta", name.substr(dash, dot - dash), extension);
    std::error_code error;
    if (std::filesystem::is_regular_file(meta, error)) return meta.string();
  }
  return "";
}

void NoteMissingWorkers(const TraceMeta& meta, whatif::OperationTrace& trace) {
  std::set<int32_t> dp, stages;
  for (const whatif::Worker& worker : trace.workers) {
    dp.insert(worker.dp);
    stages.insert(worker.stage);
  }
  const auto note = [&trace](size_t has, int32_t should, const char* what) {
    if (should > 0 && has < static_cast<size_t>(should)) {
      trace.notes.push_back(absl::StrCat("the trace has ", has, " of ", should, " ", what));
    }
  };
  note(dp.size(), meta.dp, "dp ranks: nothing is said about the others");
  note(stages.size(), meta.stages, "stages");
}

}  // namespace rankle::import
