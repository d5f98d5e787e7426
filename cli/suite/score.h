// How good the verdicts of a suite are. Pure.
#pragma once

#include <string>
#include <vector>

#include "cli/suite/outcome.h"

namespace rankle::cli {

enum class Culprits { kNotExpected, kExact, kSuperset, kMissed, kWrong };
// kMissed: some of them are not named (and nobody else is); kWrong: an innocent rank is named while a culprit
// is not.
Culprits CompareCulprits(const std::vector<int32_t>& expected, std::vector<int32_t> found);

// Classes that are scored together.
enum class ClassGroup { kHangOrCrash, kSlow, kWrong, kMemory, kHealthy, kOther };
ClassGroup GroupOf(const std::string& anomaly);

// The JSON of --score: confusion matrix, culprits, false alarms, time to verdict, and the same per half.
std::string ScoreJson(const std::vector<ScoredCase>& cases);
// The lines that --score prints: per group of classes and half, how many cases pass, then those that do not
// by class. A case passes with the class and exactly the culprits that it expects.
std::string ScoreText(const std::vector<ScoredCase>& cases);

}  // namespace rankle::cli
