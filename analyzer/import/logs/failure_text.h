// What the text of an error says of what failed, and whether it is rather the consequence of a failure
// elsewhere. Pure.
#pragma once

#include <string_view>

#include "analyzer/store/store.h"

namespace rankle::import {

struct ErrorMeaning {
  enum class Weight : uint8_t {
    kNothing,   // no failure of this process: the launcher's own report, an interrupt
    kWatchdog,  // the watchdog's: the process waited, and that is what counts
    kFailure,
  };
  Weight weight = Weight::kFailure;
  store::ReportedFailure failure = store::ReportedFailure::kException;
  store::Blame blame = store::Blame::kLocal;
};

// Of the last line of a Python traceback, or of what() of a C++ exception.
ErrorMeaning MeaningOfError(std::string_view text);
// Of a warning of NCCL; most of them mean nothing (kNothing).
ErrorMeaning MeaningOfWarning(std::string_view text);

}  // namespace rankle::import
