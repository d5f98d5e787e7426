#include "analyzer/stitch/allocate/consequences.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace rankle::stitch {

std::vector<Consequences> ConsequencesOf(const Causes& causes, const std::vector<Injection>& injections) {
  // Injections ascend by their first fault; so do place, kind and role.
  std::map<Fault, size_t> places;
  for (size_t i = 0; i < injections.size(); ++i) {
    for (const Fault& fault : injections[i].faults) places[fault] = i;
  }
  std::vector<Consequences> consequences(injections.size());
  for (const Experiment& experiment : causes.experiments) {
    const auto it = places.find(experiment.fault);
    if (it != places.end()) consequences[it->second].by_workload[experiment.workload];
  }
  // Edges of one experiment to one place (S+ and a slowed parent) are one word.
  std::set<std::tuple<size_t, Place, Word>> seen;
  for (const Edge& edge : causes.edges) {
    const Experiment& experiment = causes.experiments[edge.experiment];
    const auto it = places.find(experiment.fault);
    if (it == places.end()) continue;
    const Word word = edge.effect == Effect::kNewBehaviour ? Word::kBehaviour : Word::kLoad;
    if (!seen.insert({edge.experiment, edge.to, word}).second) continue;
    consequences[it->second].all[{edge.to, word}] += 1;
    consequences[it->second].by_workload[experiment.workload][{edge.to, word}] += 1;
  }
  return consequences;
}

std::vector<Document> Weigh(const std::vector<Document>& documents) {
  std::map<std::pair<Place, Word>, double> with;
  for (const Document& document : documents) {
    for (const auto& [word, count] : document) with[word] += 1;
  }
  std::vector<Document> weighed = documents;
  for (Document& document : weighed) {
    double square = 0;
    for (auto& [word, weight] : document) {
      weight *= std::log((1.0 + documents.size()) / (1.0 + with[word])) + 1;
      square += weight * weight;
    }
    for (auto& [word, weight] : document) weight /= std::sqrt(square);
  }
  return weighed;
}

double CosineSimilarity(const Document& a, const Document& b) {
  if (a.empty() || b.empty()) return 0;
  const auto square = [](const Document& document) {
    double sum = 0;
    for (const auto& [word, weight] : document) sum += weight * weight;
    return sum;
  };
  double product = 0;
  for (const auto& [word, weight] : a) {
    if (const auto it = b.find(word); it != b.end()) product += weight * it->second;
  }
  return product / std::sqrt(square(a) * square(b));
}

double SimilarityAcross(const Consequences& consequences, Word kind, double unknown) {
  std::vector<Document> documents;
  for (const auto& [workload, document] : consequences.by_workload) {
    documents.emplace_back();
    for (const auto& [word, weight] : document) {
      if (word.second == kind) documents.back()[word] = weight;
    }
  }
  if (documents.size() < 2) return unknown;
  double sum = 0, pairs = 0;
  for (size_t i = 0; i < documents.size(); ++i) {
    for (size_t j = i + 1; j < documents.size(); ++j, ++pairs) {
      const bool both_none = documents[i].empty() && documents[j].empty();
      sum += both_none ? 1 : CosineSimilarity(documents[i], documents[j]);
    }
  }
  return sum / pairs;
}

}  // namespace rankle::stitch
