// Bugs that can be watched: the cases of corpora/bugs/reproduced.yaml, whose names begin with a bug's id:
// "deepspeedai/DeepSpeed#7580 / as it was", ".../ fixed".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/suite/suite.h"

namespace rankle::cli {

inline constexpr std::string_view kAsItWas = "as it was", kFixed = "fixed";  // the variants

// The suite of this installation. Errors: it is missing or damaged.
absl::StatusOr<std::vector<SuiteCase>> ReadReproductions();

// The id of the bug that a case reproduces. Pure, as are the next two.
std::string_view BugOf(const SuiteCase& one);
// The bugs that the cases reproduce, sorted, each once.
std::vector<std::string> ReproducedBugs(const std::vector<SuiteCase>& cases);
// The cases of one bug and variant. NotFound names the bugs that there are.
absl::StatusOr<std::vector<SuiteCase>> ReproductionsOf(const std::vector<SuiteCase>& cases,
                                                       std::string_view bug, std::string_view variant);

// Sees to it that ${RANKLE_TORCH_PYTHON} is a Python with PyTorch: the environment's, or what
// scripts/frameworks/setup made in the build tree. An error says how to come by one.
absl::Status ProvideTorchPython();

}  // namespace rankle::cli
