// The edge library: which event is known to cause which other one, where, and how fast. Built-in edges lie in
// rules/causes/*.yaml and are compiled in; docs/explaining.md says how to add one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "analyzer/explain/event.h"

namespace rankle::explain {

// Which events. Empty lists match all; globs know * and ?.
struct EventPattern {
  std::vector<EventKind> kinds;
  std::vector<std::string> names, errors;
  std::vector<std::string> not_errors;
  std::vector<std::string> texts;  // against the text for people: what logs say has no better name
};
bool Matches(const EventPattern& pattern, const Event& event);

// Where the effect shows. In order of how much it says: of several causes the nearer one counts.
enum class Reach : uint8_t {
  kSameRank,   // on a rank of the cause
  kWaitingOn,  // the effect is a wait for a rank of the cause
  kPeer,       // on another rank that shares a communicator with one of the cause (the effect's, where it is
               // known)
  kJob         // anywhere: the launcher sees all
};

struct CauseEdge {
  std::string id;    // "peer-lost/remote-error"
  std::string text;  // why the one leads to the other
  EventPattern cause, effect;
  Reach reach = Reach::kSameRank;
  int64_t least_ns = 0, most_ns = 0;  // between the two
  std::string source;                 // file, or the campaign and the runs that prove it
};

// Reads a file of edges; one with several reaches is that many edges with one id. Every error begins with
// "name:line: ".
absl::StatusOr<std::vector<CauseEdge>> ParseEdges(std::string_view text, std::string_view name);
// Those of this build.
std::vector<CauseEdge> BuiltInEdges(std::vector<std::string>& problems);
// Adds the *.yaml files of a directory; an edge with a known id replaces it. Files that cannot be used are
// reported in `problems` and left out. Error: the directory cannot be read.
absl::Status AddEdgesFrom(const std::string& directory, std::vector<CauseEdge>& edges,
                          std::vector<std::string>& problems);

}  // namespace rankle::explain
