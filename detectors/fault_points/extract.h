// All fault points of one parsed unit.
#pragma once

#include "detectors/fault_points/point.h"
#include "detectors/tooling/file_filter.h"
#include "detectors/tooling/parse_unit.h"

namespace rankle::points {

class Extractor : public tooling::UnitHandler {
 public:
  Extractor(const tooling::FileFilter& filter, Facts& facts) : filter_(filter), facts_(facts) {}
  bool WantsBodies(const std::string& absolute_file) override {
    return !filter_.Relative(absolute_file).empty();
  }
  void Handle(clang::ASTContext& context) override;

 private:
  const tooling::FileFilter& filter_;
  Facts& facts_;
};

}  // namespace rankle::points
