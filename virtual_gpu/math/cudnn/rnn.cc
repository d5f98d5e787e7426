// Recurrent networks: their descriptor and where each matrix and bias lies in the weight space. Programs
// build their parameters from these places, so sizes and places must fit together. The layout: pseudo layer
// after pseudo layer all matrices, input gates before recurrent ones before the projection; then all biases
// the same way.
#include <algorithm>

#include "virtual_gpu/math/cudnn/descriptors.h"

using namespace rankle::vgpu::math;

namespace {

enum Cell { kRelu = 0, kTanh = 1, kLstm = 2, kGru = 3 };
constexpr int kNoBias = 0;  // CUDNN_RNN_NO_BIAS

int Gates(const RnnDescriptor& rnn) { return rnn.cell == kLstm ? 4 : rnn.cell == kGru ? 3 : 1; }
int Directions(const RnnDescriptor& rnn) { return rnn.bidirectional ? 2 : 1; }
bool HasProjection(const RnnDescriptor& rnn) {
  return rnn.projection_size != 0 && rnn.projection_size != rnn.hidden_size;
}
int OutputSize(const RnnDescriptor& rnn) {
  return HasProjection(rnn) ? rnn.projection_size : rnn.hidden_size;
}

struct Shape {
  int64_t rows = 0, columns = 0;
  int64_t elements() const { return rows * columns; }
};

// Linear layers of a pseudo layer (a layer in one direction): the input's gates, the output's gates, the
// projection.
int LinearLayers(const RnnDescriptor& rnn) { return 2 * Gates(rnn) + (HasProjection(rnn) ? 1 : 0); }

Shape MatrixShape(const RnnDescriptor& rnn, int pseudo_layer, int linear) {
  if (linear == 2 * Gates(rnn)) return {rnn.projection_size, rnn.hidden_size};
  const bool first_layer = pseudo_layer < Directions(rnn);
  const int64_t input = first_layer ? rnn.input_size : int64_t{OutputSize(rnn)} * Directions(rnn);
  return {rnn.hidden_size, linear < Gates(rnn) ? input : OutputSize(rnn)};
}

Shape BiasShape(const RnnDescriptor& rnn, int linear) {
  return {rnn.has_bias && linear < 2 * Gates(rnn) ? rnn.hidden_size : 0, 1};
}

// In elements from the start of the weight space.
struct Place {
  int64_t matrix = 0, bias = 0;
};

// Of this linear layer; of the one past the last: the ends of both parts.
Place PlaceOf(const RnnDescriptor& rnn, int pseudo_layer, int linear) {
  int64_t matrices = 0, biases = 0;
  Place place;
  for (int i = 0; i < rnn.layers * Directions(rnn); ++i) {
    for (int j = 0; j < LinearLayers(rnn); ++j) {
      if (i == pseudo_layer && j == linear) place = {matrices, biases};
      matrices += MatrixShape(rnn, i, j).elements();
      biases += BiasShape(rnn, j).elements();
    }
  }
  if (pseudo_layer == rnn.layers * Directions(rnn)) place = {matrices, biases};
  place.bias += matrices;
  return place;
}

int64_t WeightElements(const RnnDescriptor& rnn) {
  return PlaceOf(rnn, rnn.layers * Directions(rnn), 0).bias;
}

void Describe(TensorDescriptor& descriptor, const RnnDescriptor& rnn, Shape shape) {
  const auto rows = static_cast<int>(shape.rows), columns = static_cast<int>(shape.columns);
  descriptor.data_type = rnn.data_type;
  descriptor.dimensions = {1, rows, columns};
  descriptor.strides = {std::max(rows * columns, 1), std::max(columns, 1), 1};
}

}  // namespace

extern "C" {

int cudnnCreateRNNDescriptor(void** descriptor) {
  if (descriptor == nullptr) return kCudnn.invalid_value;
  Create<RnnDescriptor>(descriptor);
  return 0;
}

int cudnnSetRNNDescriptor_v8(void* descriptor, int, int cell, int bias_mode, int direction, int,
                             int data_type, int, int, int32_t input_size, int32_t hidden_size,
                             int32_t projection_size, int32_t layers, void*, uint32_t) {
  const auto rnn = Find<RnnDescriptor>(descriptor);
  if (rnn == nullptr || cell < kRelu || cell > kGru || CudnnElementSize(data_type) == 0 || input_size <= 0 ||
      hidden_size <= 0 || projection_size < 0 || layers <= 0) {
    return kCudnn.invalid_value;
  }
  rnn->cell = cell;
  rnn->has_bias = bias_mode != kNoBias;
  rnn->bidirectional = direction == 1;
  rnn->data_type = data_type;
  rnn->input_size = input_size, rnn->hidden_size = hidden_size, rnn->projection_size = projection_size;
  rnn->layers = layers;
  return 0;
}

int cudnnGetRNNWeightSpaceSize(void* handle, void* descriptor, size_t* size) {
  const auto rnn = Find<RnnDescriptor>(descriptor);
  if (Handles().Find(handle) == nullptr) return kCudnn.no_handle;
  if (rnn == nullptr || size == nullptr) return kCudnn.invalid_value;
  *size = static_cast<size_t>(WeightElements(*rnn)) * CudnnElementSize(rnn->data_type);
  return 0;
}

// Nothing is computed, so a page will do. Either size may be left out.
int cudnnGetRNNTempSpaceSizes(void* handle, void* descriptor, int, void*, size_t* work_size,
                              size_t* reserve_size) {
  constexpr size_t kBytes = 4096;
  if (Handles().Find(handle) == nullptr) return kCudnn.no_handle;
  if (Find<RnnDescriptor>(descriptor) == nullptr) return kCudnn.invalid_value;
  if (work_size != nullptr) *work_size = kBytes;
  if (reserve_size != nullptr) *reserve_size = kBytes;
  return 0;
}

int cudnnGetRNNWeightParams(void* handle, void* descriptor, int32_t pseudo_layer, size_t space_size,
                            const void* space, int32_t linear, void* matrix_descriptor, void** matrix,
                            void* bias_descriptor, void** bias) {
  const auto rnn = Find<RnnDescriptor>(descriptor);
  if (Handles().Find(handle) == nullptr) return kCudnn.no_handle;
  if (rnn == nullptr || linear < 0 || linear >= LinearLayers(*rnn) || pseudo_layer < 0 ||
      pseudo_layer >= rnn->layers * Directions(*rnn) ||
      space_size < static_cast<size_t>(WeightElements(*rnn)) * CudnnElementSize(rnn->data_type)) {
    return kCudnn.invalid_value;
  }
  const Place place = PlaceOf(*rnn, pseudo_layer, linear);
  const auto fill = [&](void* to_describe, void** to_place, Shape shape, int64_t at) {
    if (const auto tensor = Find<TensorDescriptor>(to_describe); tensor != nullptr)
      Describe(*tensor, *rnn, shape);
    if (to_place == nullptr) return;
    auto* const start = static_cast<char*>(const_cast<void*>(space));
    *to_place = shape.elements() == 0 || start == nullptr
                    ? nullptr
                    : start + static_cast<size_t>(at) * CudnnElementSize(rnn->data_type);
  };
  fill(matrix_descriptor, matrix, MatrixShape(*rnn, pseudo_layer, linear), place.matrix);
  fill(bias_descriptor, bias, BiasShape(*rnn, linear), place.bias);
  return 0;
}

}  // extern "C"
