// How often the source x destination fit names exactly the planted culprits, on synthetic all-to-all
// matrices: ranks x factor x kind and number of culprits, and how often it names anybody on healthy ones.
// Prints the table of docs/measurements.md. A planted factor counts as found only with nobody else named.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <random>
#include <set>
#include <tuple>

#include "analyzer/localize/matrix_fit.h"

namespace {

using namespace rankle::localize;

constexpr int kTrials = 100;
// What the rules ask for at least (rules/slow_link.sql), with room for noise.
constexpr double kMinFactor = 1.12;

using Culprits = std::set<std::tuple<SlowPart, int, int>>;

struct Case {
  int ranks;
  SlowPart part;
  int culprits;
  double factor;
  double noise;
};

Culprits Plant(const Case& c, std::mt19937& random) {
  std::uniform_int_distribution<int> rank(0, c.ranks - 1);
  Culprits planted;
  while (static_cast<int>(planted.size()) < c.culprits) {
    const int a = rank(random), b = rank(random);
    if (a == b) continue;
    planted.insert({c.part, c.part == SlowPart::kColumn ? -1 : a, c.part == SlowPart::kRow ? -1 : b});
  }
  return planted;
}

bool FindsExactly(const Case& c, std::mt19937& random) {
  const Culprits planted = Plant(c, random);
  std::normal_distribution<double> noise(0, c.noise);
  std::vector<MatrixCell> cells;
  for (int i = 0; i < c.ranks; ++i) {
    for (int j = 0; j < c.ranks; ++j) {
      if (i == j) continue;
      double value = std::log(100e-6) + noise(random);
      for (const auto& [part, row, column] : planted) {
        if ((row == -1 || row == i) && (column == -1 || column == j)) value += std::log(c.factor);
      }
      cells.push_back({i, j, value});
    }
  }
  Culprits found;
  for (const SlowEffect& e : FitMatrix(c.ranks, cells)) {
    if (e.effect >= std::log(kMinFactor)) found.insert({e.part, e.row, e.column});
  }
  return found == planted;
}

double Share(const Case& c) {
  std::mt19937 random(1);
  int exact = 0;
  for (int trial = 0; trial < kTrials; ++trial) exact += FindsExactly(c, random);
  return 100.0 * exact / kTrials;
}

}  // namespace

int main() {
  constexpr const char* kNames[] = {"sender", "receiver", "link"};
  constexpr double kFactors[] = {1.2, 1.5, 2, 3};
  for (double noise : {0.03, 0.1}) {
    printf("noise of a link's median: %.0f %%\n| ranks | culprits |", 100 * noise);
    for (double factor : kFactors) printf(" x%.1f |", factor);
    printf("\n|---|---|---|---|---|---|\n");
    for (int ranks : {4, 8, 16, 64}) {
      printf("| %d | none: healthy | %.1f |\n", ranks, Share({ranks, SlowPart::kCell, 0, 1, noise}));
      for (SlowPart part : {SlowPart::kRow, SlowPart::kColumn, SlowPart::kCell}) {
        for (int culprits : {1, 2, 4}) {
          if (culprits * 2 > ranks) continue;
          printf("| %d | %d %s%s |", ranks, culprits, kNames[static_cast<int>(part)],
                 culprits > 1 ? "s" : "");
          for (double factor : kFactors) printf(" %.1f |", Share({ranks, part, culprits, factor, noise}));
          printf("\n");
        }
      }
    }
  }
}
