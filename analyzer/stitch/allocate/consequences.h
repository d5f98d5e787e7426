// Consequences of injections as documents of words (a place, and what became of it), and how alike they are.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "analyzer/stitch/allocate/injections.h"
#include "analyzer/stitch/fca/causes.h"

namespace rankle::stitch {

enum class Word : uint8_t { kBehaviour, kLoad };  // E; S+ and the loops that it slows
// How often each word occurs: once for each experiment that has it.
using Document = std::map<std::pair<Place, Word>, double>;

struct Consequences {
  Document all;
  std::map<std::string, Document> by_workload;  // also of workloads without any: an empty document
};

// By injection.
std::vector<Consequences> ConsequencesOf(const Causes& causes, const std::vector<Injection>& injections);

// Term frequency x inverse document frequency, ln((1 + documents) / (1 + documents with it)) + 1, of
// length 1.
std::vector<Document> Weigh(const std::vector<Document>& documents);

// Of two weighed or plain documents; 0 if either is empty.
double CosineSimilarity(const Document& a, const Document& b);

// How alike the consequences are in the workloads in which the injection was tried, mean over all pairs, of
// the words of one kind: 1 = always the same (or never any), near 0 = they depend on the workload. `unknown`
// where fewer than two workloads tried it.
double SimilarityAcross(const Consequences& consequences, Word kind, double unknown);

}  // namespace rankle::stitch
