// Tables of cases: a case with `each` stands for one case a row, so that what is tried on many programs and
// ranks is written once. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "injector/plan/yaml_tree.h"

namespace rankle::cli {

// `one` is a case of the suite file `name`. Without `each` it stands for itself. With
//   each: { columns: [program, who], rows: [[ddp, [0, 3]], [zero, [1]]] }
// every "{program}" and "{who}" in its texts is replaced: a text that is nothing else becomes the value
// itself (in a list, the items of a list), inside a text a list is written "0,3". Columns without use and
// words in braces without a column are errors. Lines stay those of the file.
absl::StatusOr<std::vector<plan::YamlNode>> ExpandCase(const plan::YamlNode& one, std::string_view name);

}  // namespace rankle::cli
