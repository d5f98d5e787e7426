#include "detectors/lint/unit_result.h"

#include <nlohmann/json.hpp>

namespace rankle::lint {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Place, file, line, column)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Note, place, message)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Edit, file, begin, end, text)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Finding, check, severity, place, message, notes, fix, function,
                                   function_name, identity)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ProgramFacts, communicates, polls)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(UnitResult, findings, program, exported, wanted, seconds, errors,
                                   first_error, failure)

std::string ToJson(const UnitResult& result) {
  return nlohmann::json(result).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

bool FromJson(const std::string& text, UnitResult& result) {
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded()) return false;
  try {
    json.get_to(result);
  } catch (const nlohmann::json::exception&) {
    return false;
  }
  return true;
}

}  // namespace rankle::lint
