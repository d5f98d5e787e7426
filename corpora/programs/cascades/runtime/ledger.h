// Counts hits and outcomes of the call sites of one job, and makes the fault that a test asks for happen. It
// stands in for the preload library where that is not used: CASCADE_LEDGER names a file, which every process
// of the job maps; CASCADE_TRIGGER is the fault (trigger.h). Without CASCADE_LEDGER nothing is counted and
// nothing is injected.
//
// A site is (function, libc call). Rows are never removed and survive SIGKILL of the process that counted.
// All of it is lock-free: a process that is killed in the middle holds nothing.
#ifndef RANKLE_CORPORA_PROGRAMS_CASCADES_RUNTIME_LEDGER_H_
#define RANKLE_CORPORA_PROGRAMS_CASCADES_RUNTIME_LEDGER_H_

#include <atomic>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace rankle::cascades {

inline constexpr int kLedgerRows = 128;       // programs have fewer than 40 sites
inline constexpr int kLedgerOutcomes = 6;     // distinct ones of a site; more are not kept
inline constexpr int32_t kOutcomeEnd = 1000;  // not an errno: recv, read or poll returned 0

struct LedgerOutcome {
  std::atomic<int32_t> code;  // errno or kOutcomeEnd; success has no row of its own
  std::atomic<uint32_t> count;
};

struct LedgerRow {
  std::atomic<uint64_t> key;  // 0: free; set first, the names follow
  std::atomic<uint32_t> hits;
  char function[40];
  char call[20];
  LedgerOutcome outcomes[kLedgerOutcomes];
};

struct Ledger {
  std::atomic<int64_t> fault_begin;  // first injected hit began, last one ended: Now(), 0: none yet
  std::atomic<int64_t> fault_end;
  std::atomic<int64_t>
      last_redo;  // the last time that a process did work again because it took it for failed
  std::atomic<uint32_t> redos;
  LedgerRow rows[kLedgerRows];
};

// Maps the file, which must have the size of a Ledger (a new one is all zero); for readers such as tests.
absl::StatusOr<Ledger*> MapLedger(const std::string& path);

// From CASCADE_LEDGER and CASCADE_TRIGGER; once, before the first site. Ends the process on a wrong setting.
void OpenLedgerFromEnvironment();
const Ledger* CurrentLedger();  // null: none

// Around every call of a site. Enter counts, makes the delay, and returns the errno that replaces the call
// (0: none). Leave keeps errno as it is.
int EnterSite(const char* function, const char* call);
void LeaveSite(const char* function, const char* call, int outcome);

// Work is being done again. What this process did is counted without a ledger, too.
void NoteRedo();
int RedosOfThisProcess();

}  // namespace rankle::cascades

#endif  // RANKLE_CORPORA_PROGRAMS_CASCADES_RUNTIME_LEDGER_H_
