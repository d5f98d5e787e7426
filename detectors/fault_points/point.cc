#include "detectors/fault_points/point.h"

#include <nlohmann/json.hpp>

namespace rankle::points {

NLOHMANN_JSON_SERIALIZE_ENUM(Kind, {{Kind::kThrow, "throw"},
                                    {Kind::kErrorCall, "error_call"},
                                    {Kind::kLoop, "loop"},
                                    {Kind::kDetector, "detector"},
                                    {Kind::kBranch, "branch"}})
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Effects, calls, io, blocks, unknown, fails)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Point, id, kind, function, function_name, file, line, column, macro, text,
                                   what, family, value, callee, guard, guard_outcome, outcomes, effects,
                                   trips, io, retry, timer, dropped, not_instrumented)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Function, usr, name, file, line, overrides, effects)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Edit, file, begin, end, before, after, point)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Facts, points, functions, used_results, edits, lines, errors, first_error)

const char* KindName(Kind kind) {
  static constexpr const char* kNames[kKinds] = {"throw", "error_call", "loop", "detector", "branch"};
  return kNames[static_cast<int>(kind)];
}

std::string FunctionKey(const std::string& usr) { return "function " + usr; }

std::string ToJson(const Facts& facts) {
  // Sources need not be UTF-8.
  return nlohmann::json(facts).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

bool FromJson(const std::string& text, Facts& facts) {
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded()) return false;
  json.get_to(facts);
  return true;
}

}  // namespace rankle::points
