// The upper median: of few values a value that occurred.
#pragma once

#include <algorithm>
#include <vector>

namespace rankle::localize {

// T{} when there are no values.
template <typename T>
T Median(std::vector<T> values) {
  if (values.empty()) return T{};
  const auto middle =
      values.begin() + static_cast<typename std::vector<T>::difference_type>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace rankle::localize
