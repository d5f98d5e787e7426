// The arithmetic of the models: forward and backward of each layer on row-major float arrays.
//
// Contract: pure, single-threaded, no allocation; summation order is fixed, so equal inputs give equal bits.
// Backward functions add to parameter gradients and overwrite input gradients.
#ifndef RANKLE_CORPORA_PROGRAMS_COMMON_LAYERS_H_
#define RANKLE_CORPORA_PROGRAMS_COMMON_LAYERS_H_

#include <cstdint>
#include <span>

namespace rankle::programs {

using Floats = std::span<float>;
using ConstFloats = std::span<const float>;
using Tokens = std::span<const int32_t>;

// y[n x out] = x[n x in] w[in x out] + b[out]; an empty b is zero. n follows from the sizes.
void LinearForward(ConstFloats x, ConstFloats w, ConstFloats b, int in, int out, Floats y);
// dx may be empty when nothing below needs it, db when there is no bias.
void LinearBackward(ConstFloats x, ConstFloats w, ConstFloats dy, int in, int out, Floats dx, Floats dw,
                    Floats db);

// y[i] = table[tokens[i]], each row `width` wide.
void EmbeddingForward(ConstFloats table, Tokens tokens, int width, Floats y);
void EmbeddingBackward(Tokens tokens, ConstFloats dy, int width, Floats dtable);

void TanhInPlace(Floats x);
// y is the output of tanh; dy becomes the gradient of its input, in place.
void TanhBackward(ConstFloats y, Floats dy);

// Rows of `classes` logits become probabilities, in place.
void SoftmaxRows(Floats logits, int classes);
// Mean negative log-likelihood; logits become their gradient, in place.
double CrossEntropyInPlace(Floats logits, Tokens targets, int classes);

double SumOfSquares(ConstFloats x);
void Add(ConstFloats from, Floats to);
void Scale(Floats x, float factor);

}  // namespace rankle::programs

#endif  // RANKLE_CORPORA_PROGRAMS_COMMON_LAYERS_H_
