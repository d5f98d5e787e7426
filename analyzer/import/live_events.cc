#include "analyzer/import/live_events.h"

#include <nlohmann/json.hpp>

namespace rankle::import {
namespace {

constexpr char kSchema[] = "rankle.event/1";

bool ParseLine(std::string_view line, LiveEvent& event) {
  const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return false;
  try {  // the JSON library reports fields of another type by exception
    if (json.at("schema") != kSchema) return false;
    event.monotonic_ns = json.at("monotonic_ns"), event.host = json.at("host");
    event.kind = json.at("kind"), event.text = json.at("text");
    event.ranks = json.value("ranks", std::vector<int32_t>());
  } catch (const nlohmann::json::exception&) {
    return false;
  }
  return true;
}

}  // namespace

bool LooksLikeLiveEvents(std::string_view first_bytes) {
  return first_bytes.substr(0, first_bytes.find('\n')).find(kSchema) != std::string_view::npos;
}

std::string LiveEventLine(const LiveEvent& event) {
  const nlohmann::ordered_json json{{"schema", kSchema},    {"monotonic_ns", event.monotonic_ns},
                                    {"host", event.host},   {"kind", event.kind},
                                    {"ranks", event.ranks}, {"text", event.text}};
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::vector<LiveEvent> ParseLiveEvents(std::string_view text, uint64_t& malformed) {
  std::vector<LiveEvent> events;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    LiveEvent event;
    if (ParseLine(line, event)) {
      events.push_back(std::move(event));
    } else if (!line.empty()) {
      ++malformed;
    }
  }
  return events;
}

}  // namespace rankle::import
