// Strict reading of one JSON object on one line: every key is known, present when it must be, given once and
// of its type. The first mistake is kept and says file and line.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace rankle::taxonomy {

class JsonFields {
 public:
  // `place` is "file:line".
  JsonFields(std::string_view line, std::string place);

  enum Presence { kOptional, kRequired };  // required: also not empty
  // null counts as absent.
  std::string Text(const char* key, Presence presence = kOptional);
  std::optional<int64_t> Integer(const char* key);
  std::optional<double> Number(const char* key);
  std::vector<std::string> Texts(const char* key);
  void Fail(std::string_view what);  // what the caller found wrong
  // The first mistake, keys that nobody asked for among them.
  absl::Status Finish();

 private:
  const nlohmann::json* Find(const char* key, Presence presence);
  nlohmann::json object_;
  std::string place_;
  std::vector<std::string> known_;
  absl::Status status_;
};

}  // namespace rankle::taxonomy
