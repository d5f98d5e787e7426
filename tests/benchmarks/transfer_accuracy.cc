// How often the source x destination fit names exactly the planted culprits, on synthetic all-to-all
// matrices: ranks x factor x kind and number of culprits, and how often it names anybody on healthy ones.
// Prints the table of docs/measurements.md; with an argument, what noise alone does, rings, and times. A
// planted factor counts as found only with nobody else named.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <map>
#include <random>
#include <set>
#include <string_view>
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

void PrintAccuracy() {
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

// ---- What noise alone does: matrices without a culprit, of normal noise and of noise with heavy tails.

// What the rules ask for (rules/slow_link.sql).
constexpr double kRuleFactor = 1.15;

bool NamesAnybody(int ranks, const std::vector<MatrixCell>& cells) {
  const auto effects = FitMatrix(ranks, cells);
  return std::any_of(effects.begin(), effects.end(),
                     [](const SlowEffect& e) { return e.effect >= std::log(kRuleFactor); });
}

double AlarmShare(int ranks, bool heavy, double noise) {
  constexpr int kMatrices = 4000, kLargeMatrices = 1000;
  std::mt19937 random(7);
  std::normal_distribution<double> normal(0, noise);
  std::student_t_distribution<double> student(3);  // its deviation is the root of 3
  const int matrices = ranks > 8 ? kLargeMatrices : kMatrices;
  int alarms = 0;
  for (int m = 0; m < matrices; ++m) {
    std::vector<MatrixCell> cells;
    for (int i = 0; i < ranks; ++i) {
      for (int j = 0; j < ranks; ++j) {
        if (i != j)
          cells.push_back({i, j, heavy ? noise * student(random) / std::sqrt(3.0) : normal(random)});
      }
    }
    alarms += NamesAnybody(ranks, cells);
  }
  return 100.0 * alarms / matrices;
}

void PrintNoise() {
  printf("| noise | ranks: 3 | 4 | 5 | 6 | 8 | 16 |\n|---|---|---|---|---|---|---|\n");
  for (bool heavy : {false, true}) {
    for (double noise : {0.02, 0.05, 0.1, 0.2}) {
      printf("| %s, %.0f %% |", heavy ? "heavy tails" : "normal", 100 * noise);
      for (int ranks : {3, 4, 5, 6, 8, 16}) printf(" %.2f |", AlarmShare(ranks, heavy, noise));
      printf("\n");
    }
  }
}

// A ring has one link a rank: how often a link of twice the time is named, and anybody on an even ring.
void PrintRings() {
  constexpr int kRings = 2000, kCulprit = 2;
  printf("| ring of | noise | x2 found | false alarms |\n|---|---|---|---|\n");
  for (int ranks : {4, 8, 16}) {
    for (double noise : {0.03, 0.1}) {
      std::mt19937 random(7);
      std::normal_distribution<double> normal(0, noise);
      int found = 0, alarms = 0;
      for (int ring = 0; ring < 2 * kRings; ++ring) {
        const bool planted = ring % 2 == 1;
        std::vector<MatrixCell> cells;
        for (int i = 0; i < ranks; ++i)
          cells.push_back(
              {i, (i + 1) % ranks, normal(random) + (planted && i == kCulprit ? std::log(2.0) : 0)});
        if (!planted) {
          alarms += NamesAnybody(ranks, cells);
          continue;
        }
        const auto effects = FitMatrix(ranks, cells);
        found += effects.size() == 1 && effects[0].row == kCulprit;
      }
      printf("| %d | %.0f %% | %.1f | %.2f |\n", ranks, 100 * noise, 100.0 * found / kRings,
             100.0 * alarms / kRings);
    }
  }
}

// All to all, with slow senders and as many slow links of another sender.
void PrintTimes() {
  constexpr int kOther = 40;
  printf("| ranks | slow senders, slow links | seconds |\n|---|---|---|\n");
  for (int ranks : {64, 256, 1024}) {
    for (int slow : {0, 1, 8}) {
      std::mt19937 random(7);
      std::normal_distribution<double> normal(0, 0.03);
      std::vector<MatrixCell> cells;
      for (int i = 0; i < ranks; ++i) {
        for (int j = 0; j < ranks; ++j) {
          const double effect = (i < slow ? 0.3 : 0) + (i == kOther && j < slow ? 0.5 : 0);
          if (i != j) cells.push_back({i, j, normal(random) + effect});
        }
      }
      const auto begin = std::chrono::steady_clock::now();
      FitMatrix(ranks, cells);
      const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
      printf("| %d | %d | %.2f |\n", ranks, slow, took.count());
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "accuracy";
  const std::map<std::string_view, void (*)()> parts = {
      {"accuracy", PrintAccuracy}, {"noise", PrintNoise}, {"rings", PrintRings}, {"times", PrintTimes}};
  const auto part = parts.find(what);
  if (part == parts.end()) {
    fprintf(stderr, "usage: transfer_accuracy [accuracy|noise|rings|times]\n");
    return 2;
  }
  part->second();
  return 0;
}
