#include "cli/trace/arrivals.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_format.h"
#include "analyzer/localize/skew.h"

namespace rankle::cli {
namespace {

double Us(int64_t ns) { return static_cast<double>(ns) * 1e-3; }

std::string Line(const store::Store& store, const localize::Skew& s) {
  return absl::StrFormat(
      "%12.6f s  %-14s #%-6d %-20s %4d ranks  last: rank %-5d %12.1f us after rank %-5d ends within %.1f "
      "us\n",
      store::Store::Seconds(s.first), store::OperationName(s.api), s.seq,
      store.communicators[s.communicator].name, s.ranks, store.GlobalRank(s.last_rank), Us(s.last - s.first),
      store.GlobalRank(s.first_rank), Us(s.EndsApart()));
}

std::string Json(const store::Store& store, const localize::Skew& s) {
  const nlohmann::ordered_json json{{"at_s", store::Store::Seconds(s.first)},
                                    {"op", store::OperationName(s.api)},
                                    {"communicator", store.communicators[s.communicator].name},
                                    {"seq", s.seq},
                                    {"ranks", s.ranks},
                                    {"first_rank", store.GlobalRank(s.first_rank)},
                                    {"last_rank", store.GlobalRank(s.last_rank)},
                                    {"skew_us", Us(s.last - s.first)},
                                    {"ends_within_us", Us(s.EndsApart())}};
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string ArrivalsText(const store::Store& store, bool json) {
  std::string text;
  for (const localize::Skew& skew : localize::FindSkews(store))
    text += json ? Json(store, skew) : Line(store, skew);
  return text;
}

}  // namespace rankle::cli
