// Values that are one base plus noise, except for groups of them that are higher by an effect: which groups,
// by how much, and how certain? Groups may overlap (a row and one of its cells). Pure; see matrix_fit.h for
// the method.
#pragma once

#include <cstddef>
#include <vector>

namespace rankle::localize {

struct SparseEffect {
  size_t candidate = 0;  // index into the candidates
  double size = 0;       // above the base, > 0
  double error = 0;      // its standard error
};

struct SparseFit {
  double base = 0;
  double noise = 0;    // standard deviation of a value
  double freedom = 1;  // degrees of freedom of the noise
  std::vector<SparseEffect> effects;
};

// `candidates`: the indices of the values in each group, not empty. At most half of the values can be
// explained by effects: beyond that it is not known what is normal.
SparseFit FitSparse(const std::vector<double>& values, const std::vector<std::vector<size_t>>& candidates);

}  // namespace rankle::localize
