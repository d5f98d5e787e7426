// Finds the JSON objects in a text that holds several one after the other, with anything in between: the
// answers of a program that was asked again and again into one file. No JSON is checked here beyond what
// finds the ends of objects. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace rankle::import {

class JsonDocuments {
 public:
  // What is longer is no document; the rest of the text is then given up.
  static constexpr size_t kMostBytes = 256 << 20;

  // `take` gets each object, valid during the call; `between` each line outside of objects that is not blank.
  JsonDocuments(std::function<void(std::string_view)> take, std::function<void(std::string_view)> between)
      : take_(std::move(take)), between_(std::move(between)) {}

  void Feed(std::string_view bytes);
  // The text has ended. False: inside of an object, or one was too long.
  bool Finish();

 private:
  void EndLine();

  std::function<void(std::string_view)> take_, between_;
  std::string kept_;  // of the object, or of the line between objects
  uint32_t depth_ = 0;
  bool in_string_ = false, escaped_ = false, too_long_ = false;
};

}  // namespace rankle::import
