#include "corpora/programs/common/layers.h"

#include <algorithm>
#include <cmath>

namespace rankle::programs {

void LinearForward(ConstFloats x, ConstFloats w, ConstFloats b, int in, int out, Floats y) {
  const size_t rows = x.size() / static_cast<size_t>(in);
  for (size_t n = 0; n < rows; ++n) {
    const float* row = x.data() + n * in;
    float* to = y.data() + n * out;
    if (b.empty()) {
      std::fill_n(to, out, 0.0f);
    } else {
      std::copy_n(b.data(), out, to);
    }
    for (int i = 0; i < in; ++i) {
      const float* weights = w.data() + static_cast<size_t>(i) * out;
      for (int o = 0; o < out; ++o) to[o] += row[i] * weights[o];
    }
  }
}

void LinearBackward(ConstFloats x, ConstFloats w, ConstFloats dy, int in, int out, Floats dx, Floats dw,
                    Floats db) {
  const size_t rows = x.size() / static_cast<size_t>(in);
  for (size_t n = 0; n < rows; ++n) {
    const float* row = x.data() + n * in;
    const float* from = dy.data() + n * out;
    for (size_t o = 0; o < db.size(); ++o) db[o] += from[o];
    for (int i = 0; i < in; ++i) {
      const float* weights = w.data() + static_cast<size_t>(i) * out;
      float* gradient = dw.data() + static_cast<size_t>(i) * out;
      float sum = 0;
      for (int o = 0; o < out; ++o) {
        gradient[o] += row[i] * from[o];
        sum += weights[o] * from[o];
      }
      if (!dx.empty()) dx[n * in + i] = sum;
    }
  }
}

void EmbeddingForward(ConstFloats table, Tokens tokens, int width, Floats y) {
  for (size_t i = 0; i < tokens.size(); ++i) {
    std::copy_n(table.data() + static_cast<size_t>(tokens[i]) * width, width, y.data() + i * width);
  }
}

void EmbeddingBackward(Tokens tokens, ConstFloats dy, int width, Floats dtable) {
  for (size_t i = 0; i < tokens.size(); ++i) {
    Add(dy.subspan(i * width, width), dtable.subspan(static_cast<size_t>(tokens[i]) * width, width));
  }
}

void TanhInPlace(Floats x) {
  for (float& value : x) value = std::tanh(value);
}

void TanhBackward(ConstFloats y, Floats dy) {
  for (size_t i = 0; i < y.size(); ++i) dy[i] *= 1.0f - y[i] * y[i];
}

void SoftmaxRows(Floats logits, int classes) {
  for (size_t at = 0; at + classes <= logits.size(); at += classes) {
    const Floats row = logits.subspan(at, classes);
    const float highest = *std::max_element(row.begin(), row.end());
    double sum = 0;
    for (float& value : row) sum += value = std::exp(value - highest);
    Scale(row, static_cast<float>(1.0 / sum));
  }
}

double CrossEntropyInPlace(Floats logits, Tokens targets, int classes) {
  SoftmaxRows(logits, classes);
  double loss = 0;
  for (size_t n = 0; n < targets.size(); ++n) {
    float& target = logits[n * classes + targets[n]];
    loss -= std::log(std::max(target, 1e-30f));
    target -= 1.0f;
  }
  const double rows = static_cast<double>(std::max<size_t>(targets.size(), 1));
  Scale(logits, static_cast<float>(1.0 / rows));
  return loss / rows;
}

double SumOfSquares(ConstFloats x) {
  double sum = 0;
  for (const float value : x) sum += static_cast<double>(value) * value;
  return sum;
}

void Add(ConstFloats from, Floats to) {
  for (size_t i = 0; i < from.size(); ++i) to[i] += from[i];
}

void Scale(Floats x, float factor) {
  for (float& value : x) value *= factor;
}

}  // namespace rankle::programs
