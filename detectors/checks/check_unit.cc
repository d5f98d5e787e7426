#include "detectors/checks/check_unit.h"

#include "detectors/checks/run_checks.h"
#include "detectors/checks/unit_view.h"

namespace rankle::lint {
namespace {

class Handler : public tooling::UnitHandler {
 public:
  Handler(const tooling::FileFilter& filter, const std::vector<std::unique_ptr<Check>>& checks,
          std::vector<Finding>& findings)
      : filter_(filter), checks_(checks), findings_(findings) {}
  bool WantsBodies(const std::string& file) override { return !filter_.Relative(file).empty(); }
  bool WantsFiles() const override { return true; }
  void Handle(clang::ASTContext& context) override {
    UnitView unit(context, [this](const std::string& file) { return WantsBodies(file); });
    findings_ = RunChecks(unit, checks_);
  }

 private:
  const tooling::FileFilter& filter_;
  const std::vector<std::unique_ptr<Check>>& checks_;
  std::vector<Finding>& findings_;
};

}  // namespace

tooling::ParseResult CheckUnit(const tooling::Unit& unit, const tooling::ParserFiles& parser,
                               const tooling::FileFilter& filter,
                               const std::vector<std::unique_ptr<Check>>& checks,
                               std::vector<Finding>& findings) {
  Handler handler(filter, checks, findings);
  return tooling::ParseUnit(unit, parser, handler);
}

}  // namespace rankle::lint
