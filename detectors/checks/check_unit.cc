#include "detectors/checks/check_unit.h"

#include <chrono>

#include "detectors/checks/run_checks.h"
#include "detectors/checks/unit_view.h"

namespace rankle::lint {
namespace {

class Handler : public tooling::UnitHandler {
 public:
  Handler(const tooling::FileFilter& filter, const std::vector<std::unique_ptr<Check>>& checks,
          const std::map<std::string, FunctionSummary>& given, CheckedUnit& checked, Memory memory)
      : filter_(filter), checks_(checks), given_(given), checked_(checked), memory_(memory) {}
  bool WantsBodies(const std::string& file) override { return !filter_.Relative(file).empty(); }
  bool WantsFiles() const override { return true; }
  bool LeavesMemory() const override { return memory_ == Memory::kLeftToTheProcess; }
  void Handle(clang::ASTContext& context) override {
    auto view =
        std::make_unique<UnitView>(context, [this](const std::string& file) { return WantsBodies(file); });
    UnitView& unit = *view;
    unit.summaries() = Summaries(given_);
    checked_.findings = RunChecks(unit, checks_);
    checked_.program = unit.program();
    checked_.exported = unit.summaries().Exported();
    checked_.wanted = unit.summaries().Wanted();
    checked_.seconds.insert(unit.timings().seconds().begin(), unit.timings().seconds().end());
    if (LeavesMemory()) (void)view.release();
  }

 private:
  const tooling::FileFilter& filter_;
  const std::vector<std::unique_ptr<Check>>& checks_;
  const std::map<std::string, FunctionSummary>& given_;
  CheckedUnit& checked_;
  const Memory memory_;
};

}  // namespace

tooling::ParseResult CheckUnit(const tooling::Unit& unit, const tooling::ParserFiles& parser,
                               const tooling::FileFilter& filter,
                               const std::vector<std::unique_ptr<Check>>& checks,
                               const std::map<std::string, FunctionSummary>& given, CheckedUnit& checked,
                               Memory memory) {
  Handler handler(filter, checks, given, checked, memory);
  const auto begin = std::chrono::steady_clock::now();
  tooling::ParseResult result = tooling::ParseUnit(unit, parser, handler);
  double parse = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  for (const auto& [part, seconds] : checked.seconds) parse -= seconds;
  checked.seconds["parse"] = parse;
  return result;
}

}  // namespace rankle::lint
