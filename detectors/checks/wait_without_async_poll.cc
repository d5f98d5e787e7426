#include "detectors/checks/wait_without_async_poll.h"

#include <string>

#include "detectors/checks/function_view.h"
#include "detectors/checks/program_facts.h"
#include "detectors/checks/reporter.h"

namespace rankle::lint {
namespace {

bool Waits(const Api& api) {
  return (api.kind == Kind::kStreamSync || api.kind == Kind::kEventSync || api.kind == Kind::kDeviceSync) &&
         api.name != "cudaDeviceReset";
}

class WaitWithoutAsyncPoll : public Check {
 public:
  const CheckInfo& info() const override {
    static constexpr CheckInfo kInfo{
        kWaitWithoutAsyncPoll, "a program waits for communication and never asks for asynchronous errors",
        "precondition_missing", "hang/in-collective", Severity::kAdvice};
    return kInfo;
  }

  void Function(const FunctionView& function, Reporter& report) override {
    ProgramFacts& facts = function.unit().program();
    for (const Call& call : function.calls()) {
      const Api& api = *call.api;
      if (api.library == Library::kNccl) {
        facts.communicates |= IsCommunication(api);
        facts.polls |= api.kind == Kind::kAsyncError || api.kind == Kind::kCommAbort;
      } else if (Waits(api)) {
        report.Add(
            call,
            std::string(api.name) +
                " waits for communication, and nothing in the program asks for asynchronous errors: when "
                "a peer is gone it waits for ever; ncclCommGetAsyncError tells");
      }
    }
  }
};

}  // namespace

std::unique_ptr<Check> MakeWaitWithoutAsyncPoll() { return std::make_unique<WaitWithoutAsyncPoll>(); }

}  // namespace rankle::lint
