// Strict reading of the members of a JSON object: each is known, given once and of its type. The first
// mistake is kept, for all objects of a line together, and says where it is.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace rankle::stitch {

using Json = nlohmann::ordered_json;

// The value of one line; keys given twice are a mistake at any depth.
Json ParseLine(std::string_view line, const std::string& place, absl::Status& status);

class Members {
 public:
  // `object` and `status` must outlive this. Does nothing once `status` holds a mistake.
  Members(const Json& object, std::string place, absl::Status& status);
  ~Members();  // unknown members are a mistake

  bool Has(const char* key) const;
  std::string Text(const char* key);
  uint64_t Count(const char* key);     // absent: 0
  int64_t Integer(const char* key);    // absent: 0
  bool Flag(const char* key);          // absent: false
  uint64_t Number16(const char* key);  // 16 hexadecimal digits; absent: 0
  std::vector<uint64_t> Numbers16(const char* key, size_t most);
  const Json* List(const char* key, size_t most);  // absent or wrong: nullptr
  const Json* Object(const char* key);             // absent, null or wrong: nullptr
  // The place of `text` in `choices`; absent: `fallback`; another text is a mistake that names the choices.
  size_t Choice(const char* key, const std::vector<std::string>& choices, size_t fallback);
  void Fail(const std::string& what);
  std::string place(const std::string& key) const;

 private:
  const Json* Find(const char* key);
  const Json& object_;
  std::string place_;
  absl::Status& status_;
  std::vector<std::string> known_;
};

std::string Hex16(uint64_t number);

}  // namespace rankle::stitch
