// Causes for tests, edge by edge.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "analyzer/stitch/fca/causes.h"
#include "analyzer/stitch/testing/campaign.h"

namespace rankle::stitch::testing {

struct CausesBuilder {
  using At = std::vector<std::pair<CallSiteId, std::vector<Signature>>>;
  Causes causes;

  // An experiment whose fault's place behaved so; edges that follow are its effects.
  CausesBuilder& Inject(const Fault& fault, const At& own, const std::string& workload = "w") {
    Experiment experiment;
    experiment.workload = workload;
    experiment.fault = fault;
    experiment.injected_runs = {absl::StrCat("run", causes.experiments.size())};
    for (const auto& [call_site, signatures] : own) {
      experiment.own.push_back({{{fault.role, fault.site}, call_site}, signatures});
    }
    causes.experiments.push_back(experiment);
    return *this;
  }
  CausesBuilder& Behaviour(SiteId to, const At& fresh, double confidence = 0.99) {
    Edge& edge = Add(Effect::kNewBehaviour, to, confidence);
    for (const auto& [call_site, signatures] : fresh) {
      edge.evidence.push_back({.call_site = call_site, .fresh = signatures});
    }
    return *this;
  }
  CausesBuilder& Load(SiteId to, const std::vector<CallSiteId>& call_sites, double confidence = 0.99) {
    AddCallSites(Add(Effect::kMoreWork, to, confidence), call_sites);
    return *this;
  }
  CausesBuilder& Slow(SiteId to, const std::vector<CallSiteId>& call_sites, SiteId via) {
    Edge& edge = Add(Effect::kSlowedParent, to, 0.99);
    edge.via = {"", via};
    AddCallSites(edge, call_sites);
    return *this;
  }

 private:
  Edge& Add(Effect effect, SiteId to, double confidence) {
    Edge edge;
    edge.experiment = causes.experiments.size() - 1;
    edge.effect = effect;
    edge.to = {"", to};
    edge.confidence = confidence;
    causes.edges.push_back(edge);
    return causes.edges.back();
  }
  static void AddCallSites(Edge& edge, const std::vector<CallSiteId>& call_sites) {
    for (CallSiteId call_site : call_sites) edge.evidence.push_back({.call_site = call_site, .fresh = {}});
  }
};

}  // namespace rankle::stitch::testing
