#include "analyzer/import/flight_recorder/json_tree.h"

#include <simdjson.h>

#include <vector>

#include "absl/strings/str_cat.h"

namespace rankle::import {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

TreeValue Text(std::string_view text) { return TreeValue::Text(absl::string_view(text.data(), text.size())); }

// Recursion is bounded by the parser's depth.
TreeValue Convert(const element& from, Tree& tree) {
  switch (from.type()) {
    case element_type::OBJECT: {
      std::vector<TreeValue> pairs;
      for (const auto& [key, value] : simdjson::dom::object(from.get_object())) {
        pairs.push_back(Text(key));
        pairs.push_back(Convert(value, tree));
      }
      const TreeValue made = tree.NewContainer(TreeValue::Kind::kDict);
      if (!pairs.empty()) tree.Append(made, pairs.data(), pairs.size());
      return made;
    }
    case element_type::ARRAY: {
      std::vector<TreeValue> items;
      for (const element item : simdjson::dom::array(from.get_array())) items.push_back(Convert(item, tree));
      const TreeValue made = tree.NewContainer(TreeValue::Kind::kList);
      if (!items.empty()) tree.Append(made, items.data(), items.size());
      return made;
    }
    case element_type::STRING:
      return Text(from.get_string().value());
    case element_type::INT64:
      return TreeValue::Int(from.get_int64().value());
    case element_type::UINT64:
      return TreeValue::Int(static_cast<int64_t>(from.get_uint64().value()));
    case element_type::DOUBLE:
      return TreeValue::Real(from.get_double().value());
    case element_type::BOOL:
      return TreeValue::Bool(from.get_bool().value());
    case element_type::NULL_VALUE:
      break;
  }
  return {};
}

}  // namespace

struct JsonTreeParser::Parser {
  simdjson::dom::parser parser;
};

JsonTreeParser::JsonTreeParser() : parser_(std::make_unique<Parser>()) {}
JsonTreeParser::~JsonTreeParser() = default;

absl::StatusOr<TreeValue> JsonTreeParser::Parse(absl::string_view bytes, Tree& tree) {
  tree.Clear();
  if (parser_->parser.allocate(bytes.size() + 64, kMostJsonDepth) != simdjson::SUCCESS) {
    return absl::ResourceExhaustedError("no memory for the JSON parser");
  }
  element root;
  const simdjson::error_code error = parser_->parser.parse(bytes.data(), bytes.size()).get(root);
  if (error != simdjson::SUCCESS) {
    return absl::InvalidArgumentError(absl::StrCat("not valid JSON: ", simdjson::error_message(error)));
  }
  return Convert(root, tree);
}

}  // namespace rankle::import
