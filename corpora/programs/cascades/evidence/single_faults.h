// What single faults show of a program: every site of a plain run, with every fault of its call, once each;
// and the cycles of their edges. An independent, exhaustive check of cascades.yaml; a campaign does better
// with fewer runs.
#ifndef RANKLE_CORPORA_PROGRAMS_CASCADES_EVIDENCE_SINGLE_FAULTS_H_
#define RANKLE_CORPORA_PROGRAMS_CASCADES_EVIDENCE_SINGLE_FAULTS_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "corpora/programs/cascades/evidence/job_run.h"
#include "corpora/programs/cascades/evidence/truth.h"

namespace rankle::cascades {

// A fault at a site: "AwaitReply:recv error EAGAIN", "ReadShard:read delay 200".
using Fault = std::string;
// From a fault to those that its effects are like: the error of a new outcome, the delay of more hits.
// Effects of delays that are only more hits are left out, as in published work: load that makes load is no
// failure.
using FaultGraph = std::map<Fault, std::set<Fault>>;

Fault FaultAt(const Site& site, const std::string& what);

// The faults to try at the sites of plain runs. A delay is `delay` milliseconds long.
struct Trial {
  Site site;
  std::string what;     // "error EAGAIN", "delay 200"
  std::string trigger;  // at the middle one of the site's hits, or at every hit
};
std::vector<Trial> TrialsFor(const std::vector<JobRun>& plain, int delay, bool delay_every_hit);

// Adds the edges of one injected run.
void AddEdges(const Trial& trial, const std::vector<JobRun>& plain, const JobRun& injected, int delay,
              FaultGraph* graph);

// Simple cycles of at most `longest` faults at different sites; each begins with its least fault.
std::set<std::vector<Fault>> Cycles(const FaultGraph& graph, size_t longest);

}  // namespace rankle::cascades

#endif  // RANKLE_CORPORA_PROGRAMS_CASCADES_EVIDENCE_SINGLE_FAULTS_H_
