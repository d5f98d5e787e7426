#include "cli/what_if.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/str_format.h"
#include "analyzer/whatif/read.h"
#include "cli/launch/exit_status.h"
#include "cli/launch/message.h"
#include "cli/output.h"

namespace rankle::cli {
namespace {

using Json = nlohmann::ordered_json;
using whatif::Part;
using whatif::Result;
using whatif::Worker;

// What a person looks at; JSON has them all.
constexpr size_t kMostLines = 8;

std::string PartLine(const Part& part) {
  return absl::StrFormat("  %-32s %+7.1f %%   %7.3f\n", part.name, 100 * part.recovered, part.slowdown);
}

std::string WorkerText(const Worker& w) {
  return absl::StrFormat("rank %d (dp %d, stage %d, tp %d)", w.rank, w.dp, w.stage, w.tp);
}

std::string Text(const std::string& path, const Result& r) {
  std::string text = absl::StrFormat(
      "%s: %d workers, %d operations, %d steps\n"
      "A step takes %.3f s (replayed), %.3f s if everything were as fast as its peers: slow-down S = %.4f\n\n"
      "  if this were as fast as its peers   of the loss   alone slow\n",
      path, r.workers, r.operations, r.steps.size(), r.real_s, r.ideal_s, r.slowdown);
  Part last_stage = r.last_stage;
  last_stage.name = "the last pipeline stage";
  text += PartLine(r.worst_workers) + PartLine(last_stage);
  for (const auto* parts : {&r.types, &r.stages, &r.dp_ranks}) {
    for (size_t i = 0; i < std::min(parts->size(), kMostLines); ++i) text += PartLine((*parts)[i]);
  }
  text += "\nWorst workers\n";
  for (size_t i = 0; i < std::min(r.scores.size(), kMostLines); ++i)
    text += absl::StrFormat("  %-40s %.3f\n", WorkerText(r.scores[i].worker), r.scores[i].score);
  for (const std::string& note : r.notes) text += "note: " + note + "\n";
  return text;
}

Json PartsJson(const std::vector<Part>& parts) {
  Json list = Json::array();
  for (const Part& p : parts)
    list.push_back({{"name", p.name}, {"recovered", p.recovered}, {"slowdown", p.slowdown}});
  return list;
}

Json WorkerJson(const Worker& w) {
  return {{"rank", w.rank}, {"dp", w.dp}, {"stage", w.stage}, {"tp", w.tp}};
}

std::string JsonText(const std::string& path, const Result& r) {
  Json worst = Json::array(), scores = Json::array();
  for (const Worker& w : r.worst) worst.push_back(WorkerJson(w));
  for (const whatif::WorkerScore& s : r.scores) {
    scores.push_back(WorkerJson(s.worker));
    scores.back()["score"] = s.score;
  }
  const Json json{
      {"schema", "rankle.whatif/1"},
      {"path", path},
      {"workers", r.workers},
      {"operations", r.operations},
      {"steps", r.steps},
      {"traced_s", r.traced_s},
      {"real_s", r.real_s},
      {"ideal_s", r.ideal_s},
      {"slowdown", r.slowdown},
      {"step_slowdowns", r.step_slowdowns},
      {"worst_workers", {{"recovered", r.worst_workers.recovered}, {"workers", worst}}},
      {"last_stage", {{"recovered", r.last_stage.recovered}, {"slowdown", r.last_stage.slowdown}}},
      {"types", PartsJson(r.types)},
      {"stages", PartsJson(r.stages)},
      {"dp_ranks", PartsJson(r.dp_ranks)},
      {"scores", scores},
      {"notes", r.notes}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

int WhatIf(const std::vector<std::string>& paths, bool json) {
  const absl::StatusOr<std::vector<std::string>> traces = whatif::FindOperationTraces(paths);
  if (!traces.ok()) {
    SayError(traces.status());
    return kExitUnusable;
  }
  std::string text;
  int code = kExitOk;
  for (const std::string& path : *traces) {
    const absl::StatusOr<Result> result = whatif::AnalyzeFile(path);
    if (result.ok()) {
      text += (json || text.empty() ? "" : "\n") + (json ? JsonText(path, *result) : Text(path, *result));
    } else {
      SayError(result.status());
      code = kExitUnusable;
    }
  }
  if (const absl::Status status = WriteOutput("", text); !status.ok()) {
    SayError(status);
    return kExitUnusable;
  }
  return code;
}

}  // namespace rankle::cli
