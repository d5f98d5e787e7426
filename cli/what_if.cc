#include "cli/what_if.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
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

std::string WorkerText(const Worker& w, bool stages_known) {
  if (!stages_known) return absl::StrFormat("rank %d", w.rank);
  return absl::StrFormat("rank %d (dp %d, stage %d, tp %d)", w.rank, w.dp, w.stage, w.tp);
}

std::string Text(const std::string& path, const Result& r) {
  std::string text = absl::StrFormat(
      "%s: %d workers, %d operations, %d steps\n"
      "A step takes %.3f s (replayed), %.3f s if everything were as fast as its peers: slow-down S = %.4f\n\n"
      "  if this were as fast as its peers   of the loss   alone slow\n",
      path, r.workers, r.operations, r.steps.size(), r.real_s, r.ideal_s, r.slowdown);
  text += PartLine(r.worst_workers);
  if (r.stages_known) {
    Part last_stage = r.last_stage;
    last_stage.name = "the last pipeline stage";
    text += PartLine(last_stage);
  }
  for (const auto* parts : {&r.types, &r.stages, &r.dp_ranks}) {
    for (size_t i = 0; i < std::min(parts->size(), kMostLines); ++i) text += PartLine((*parts)[i]);
  }
  text += absl::StrFormat("\nWith the worst %d of them as fast as their peers a step takes %.3f s\n",
                          r.worst.size(), r.worst_workers.fixed_s);
  text += "\nWorst workers, alone slow\n";
  for (size_t i = 0; i < std::min(r.scores.size(), kMostLines); ++i)
    text +=
        absl::StrFormat("  %-40s %.3f\n", WorkerText(r.scores[i].worker, r.stages_known), r.scores[i].score);
  for (const std::string& note : r.notes) text += "note: " + note + "\n";
  return text;
}

Json PartsJson(const std::vector<Part>& parts) {
  Json list = Json::array();
  for (const Part& p : parts)
    list.push_back(
        {{"name", p.name}, {"recovered", p.recovered}, {"fixed_s", p.fixed_s}, {"slowdown", p.slowdown}});
  return list;
}

Json WorkerJson(const Worker& w, bool stages_known) {
  if (!stages_known) return {{"rank", w.rank}};
  return {{"rank", w.rank}, {"dp", w.dp}, {"stage", w.stage}, {"tp", w.tp}};
}

std::string JsonText(const std::string& path, const Result& r) {
  Json worst = Json::array(), scores = Json::array();
  for (const Worker& w : r.worst) worst.push_back(WorkerJson(w, r.stages_known));
  for (const whatif::WorkerScore& s : r.scores) {
    scores.push_back(WorkerJson(s.worker, r.stages_known));
    scores.back()["score"] = s.score;
  }
  Json last_stage;  // null: the records do not tell stages
  if (r.stages_known)
    last_stage = {{"recovered", r.last_stage.recovered}, {"slowdown", r.last_stage.slowdown}};
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
      {"worst_workers",
       {{"recovered", r.worst_workers.recovered}, {"fixed_s", r.worst_workers.fixed_s}, {"workers", worst}}},
      {"last_stage", last_stage},
      {"types", PartsJson(r.types)},
      {"stages", PartsJson(r.stages)},
      {"dp_ranks", PartsJson(r.dp_ranks)},
      {"scores", scores},
      {"notes", r.notes}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

absl::StatusOr<whatif::StepRange> ParseStepRange(const std::string& text) {
  const std::vector<std::string> ends = absl::StrSplit(text, ':');
  whatif::StepRange range;
  if (ends.size() != 2 || (!ends[0].empty() && !absl::SimpleAtoi(ends[0], &range.from)) ||
      (!ends[1].empty() && !absl::SimpleAtoi(ends[1], &range.to)) || range.from > range.to) {
    return absl::InvalidArgumentError(
        absl::StrCat("--steps ", text, ": not a range of steps: give FROM:TO, both included, e.g. 100:200"));
  }
  return range;
}

int WhatIf(const std::vector<std::string>& paths, const import::InputFilter& filter,
           const std::optional<whatif::StepRange>& steps, bool json) {
  const absl::StatusOr<whatif::Inputs> inputs = whatif::SortInputs(paths);
  if (!inputs.ok()) {
    SayError(inputs.status());
    return kExitUnusable;
  }
  std::string text;
  int code = kExitOk;
  const auto add = [&](const std::string& path, const absl::StatusOr<Result>& result) {
    if (result.ok()) {
      text += (json || text.empty() ? "" : "\n") + (json ? JsonText(path, *result) : Text(path, *result));
    } else {
      SayError(result.status());
      code = kExitUnusable;
    }
  };
  for (const std::string& path : inputs->traces) add(path, whatif::AnalyzeFile(path, steps));
  if (!inputs->records.empty())
    add(absl::StrJoin(inputs->records, " "), whatif::AnalyzeRecords(inputs->records, filter, steps));
  if (const absl::Status status = WriteOutput("", text); !status.ok()) {
    SayError(status);
    return kExitUnusable;
  }
  return code;
}

}  // namespace rankle::cli
