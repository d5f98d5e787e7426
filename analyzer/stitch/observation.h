// What one run of a workload showed, as values: the meeting point of recorders and campaign runner, which
// make observations, and of causality analysis, allocation and stitching, which read them
// (docs/causality.md). Numbers are stable hashes, so that observations of different runs, processes and
// builds can be joined; what they stand for is kept apart, in Names, for people and for the local
// compatibility check.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rankle::stitch {

// A place of the program: an interposed function called from one place (module and offset hashed), or a loop,
// throw, error detector or branch of the source. 0 = none.
using SiteId = uint64_t;
// Hash of the two nearest caller frames above the site (normalised to module and offset). 0 = not known; the
// same site reached in two ways has two.
using CallSiteId = uint64_t;
// Hash of the ordered outcome codes of one iteration or call, for example [(connect, ECONNREFUSED)] or
// [branch 12 taken, throw at 7]. Equal behaviour, equal hash.
using Signature = uint64_t;
// One outcome: a branch and the way it went, a function and its result or errno, a throw at a place.
using Outcome = uint64_t;

enum class FaultKind : uint8_t {
  kError,     // the call fails with `parameter` (errno, ncclResult_t, ...), or the throw is thrown
  kNegation,  // the answer of an error detector is inverted
  kDelay,     // `parameter` ns are spent at the call or at the start of an iteration
  kSkip       // the call is left out and success reported
};

// One fault that can be injected. Two faults are the same one exactly if all fields are equal.
// `parameter` of an error without a code: a wait for readiness ends as if its time were over.
inline constexpr int64_t kTimeOut = -1;
struct Fault {
  SiteId site = 0;
  FaultKind kind = FaultKind::kError;
  int64_t parameter = 0;  // error code, or delay in ns; 0 where the kind has none
  SiteId context = 0;     // the enclosing loop in which it is injected; 0 = the site is its own context
  std::string role;       // of the processes where it is injected; empty = wherever the site is reached
  uint32_t hit = 1;       // of a fault that comes once: at which hit of a process; of others 1
  friend auto operator<=>(const Fault&, const Fault&) = default;  // NOLINT(modernize-use-nullptr)
};

enum class End : uint8_t { kOk, kFailed, kTimedOut };

// So many iterations (of the parent) contained so many iterations (of the row's site).
struct ParentBin {
  uint64_t iterations = 0;  // of the site, within one iteration of its parent; 0 counts too
  uint64_t parents = 0;     // iterations of the parent with that many
  friend auto operator<=>(const ParentBin&, const ParentBin&) = default;  // NOLINT(modernize-use-nullptr)
};

// What all processes of one role did at one site as reached from one call site.
struct SiteObservation {
  std::string role;  // what the process is to the job (root, worker, stage 2, ...), never its rank number
  SiteId site = 0;
  CallSiteId call_site = 0;
  uint64_t hits = 0;                  // calls or iterations, over all processes of the role
  std::vector<Signature> signatures;  // that occurred at least once; ascending, no duplicates
  SiteId parent = 0;                  // the loop around it; 0 = none known
  std::vector<ParentBin> per_parent;  // ascending by iterations; empty where there is no parent
};

struct RunObservation {
  std::string run;             // unique id in the campaign: what a reported edge names as its proof
  std::string workload;        // runs are compared with profile runs of the same workload only
  std::optional<Fault> fault;  // none = a profile run
  uint64_t fired = 0;          // how often the fault was carried out; a run with 0 proves nothing
  End end = End::kOk;
  uint64_t units = 0;  // of work done (steps, requests, ...); 0 = none done or not counted
  uint64_t most_units =
      0;  // of the process that did the most, where `units` is of the one that did the least
  std::vector<SiteObservation> rows;  // as Normalize leaves them
};

enum class SiteKind : uint8_t { kCall, kLoop, kThrow, kDetector, kBranch };

struct SiteInfo {
  std::string name;  // "connect from Agent::Join (agent.cc:41)"
  SiteKind kind = SiteKind::kCall;
  // It iterates by the clock (polls, heartbeats, sleeps): in a run that a delay made longer it iterates more
  // without any more work behind it.
  bool timer = false;
  // Of a throw that is injected at the branch that guards it: the outcomes that the natural way to the throw
  // leaves in a signature, and the injected way does not. Empty where nothing is passed over.
  std::vector<Outcome> guards;
};

struct SignatureInfo {
  std::string text;               // "connect: ECONNREFUSED"
  std::vector<Outcome> outcomes;  // in order; empty = not known, then only equal hashes are compatible
};

// Entries may be missing: a number without a name is reported as a number.
struct Names {
  std::map<SiteId, SiteInfo> sites;
  std::map<CallSiteId, std::string> call_sites;
  std::map<Signature, SignatureInfo> signatures;
  // What the error of a fault is called there ("ECONNRESET"). Made from the faults of a campaign when they
  // are read, and not kept with observations: the numbers say the same.
  std::map<std::pair<SiteId, int64_t>, std::string> errors;
};

struct Observations {
  Names names;
  std::vector<RunObservation> runs;  // in the order in which they were made
};

// Puts rows into the order (role, site, call site) and joins rows of one key: hits and bins are added,
// signatures united. Recorders may therefore append the rows of one process after those of another.
void Normalize(RunObservation& run);

}  // namespace rankle::stitch
