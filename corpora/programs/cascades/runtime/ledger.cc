#include "corpora/programs/cascades/runtime/ledger.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "corpora/programs/cascades/runtime/clock.h"
#include "corpora/programs/cascades/runtime/trigger.h"

namespace rankle::cascades {
namespace {

static_assert(std::atomic<uint64_t>::is_always_lock_free && std::atomic<int64_t>::is_always_lock_free,
              "processes share the ledger: its atomics must not hide a lock");

Ledger* ledger = nullptr;
const Trigger* trigger = nullptr;
std::atomic<int> redos_here{0};

[[noreturn]] void Refuse(const absl::Status& status) {
  std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  std::exit(2);
}

uint64_t KeyOf(const char* function, const char* call) {
  uint64_t key = 14695981039346656037u;  // FNV-1a, over both names and the zero between them
  const auto mix = [&](const char* text) {
    do {
      key = (key ^ static_cast<unsigned char>(*text)) * 1099511628211u;
    } while (*text++ != '\0');
  };
  mix(function);
  mix(call);
  return key == 0 ? 1 : key;
}

LedgerRow* RowOf(const char* function, const char* call) {
  const uint64_t key = KeyOf(function, call);
  for (uint64_t probe = 0; probe < kLedgerRows; ++probe) {
    LedgerRow& row = ledger->rows[(key + probe) % kLedgerRows];
    uint64_t found = 0;
    if (row.key.compare_exchange_strong(found, key)) {
      // Names are for readers, who come when the job is over; no process waits for them.
      std::strncpy(row.function, function, sizeof row.function - 1);
      std::strncpy(row.call, call, sizeof row.call - 1);
      return &row;
    }
    if (found == key) return &row;
  }
  return nullptr;
}

void Sleep(int milliseconds) {
  timespec left = ToTimespec(milliseconds * kMillisecond);
  while (::clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR) {
  }
}

}  // namespace

absl::StatusOr<Ledger*> MapLedger(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (file < 0) {
    return absl::NotFoundError(
        absl::StrCat(path, ": ", std::strerror(errno), "; make it with ", sizeof(Ledger), " zero bytes"));
  }
  void* mapped = ::lseek(file, 0, SEEK_END) == static_cast<off_t>(sizeof(Ledger))
                     ? ::mmap(nullptr, sizeof(Ledger), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
                     : MAP_FAILED;
  ::close(file);
  if (mapped == MAP_FAILED) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, ": not a ledger; make it with ", sizeof(Ledger), " zero bytes"));
  }
  return static_cast<Ledger*>(mapped);
}

void OpenLedgerFromEnvironment() {
  if (const char* path = std::getenv("CASCADE_LEDGER")) {
    auto mapped = MapLedger(path);
    if (!mapped.ok()) Refuse(mapped.status());
    ledger = *mapped;
  }
  if (const char* text = std::getenv("CASCADE_TRIGGER")) {
    auto parsed = ParseTrigger(text);
    if (!parsed.ok()) Refuse(parsed.status());
    if (ledger == nullptr) {
      Refuse(absl::InvalidArgumentError(
          "CASCADE_TRIGGER: hits are counted in a ledger; set CASCADE_LEDGER, too"));
    }
    trigger = new Trigger(*std::move(parsed));
  }
}

const Ledger* CurrentLedger() { return ledger; }

int EnterSite(const char* function, const char* call) {
  if (ledger == nullptr) return 0;
  LedgerRow* row = RowOf(function, call);
  if (row == nullptr) return 0;
  const uint32_t hit = row->hits.fetch_add(1) + 1;
  if (trigger == nullptr || !trigger->Covers(function, call, hit)) return 0;
  int64_t none = 0;
  ledger->fault_begin.compare_exchange_strong(none, Now());
  if (trigger->delay_milliseconds > 0) Sleep(trigger->delay_milliseconds);
  ledger->fault_end = Now();
  return trigger->error;
}

void LeaveSite(const char* function, const char* call, int outcome) {
  if (ledger == nullptr || outcome == 0) return;
  LedgerRow* row = RowOf(function, call);
  if (row == nullptr) return;
  for (LedgerOutcome& slot : row->outcomes) {
    int32_t found = 0;
    if (slot.code.compare_exchange_strong(found, outcome) || found == outcome) {
      slot.count.fetch_add(1);
      return;
    }
  }
}

void NoteRedo() {
  redos_here.fetch_add(1);
  if (ledger == nullptr) return;
  ledger->redos.fetch_add(1);
  ledger->last_redo = Now();
}

int RedosOfThisProcess() { return redos_here.load(); }

}  // namespace rankle::cascades
