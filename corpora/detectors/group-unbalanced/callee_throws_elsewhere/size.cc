// One function that throws and one that does not.
#include <cstddef>
#include <stdexcept>

size_t CheckedSize(int size) {
  if (size < 0) throw std::length_error("negative size");
  return static_cast<size_t>(size);
}

size_t PlainSize(int size) {
  return size > 0 ? static_cast<size_t>(size) : 0;
}
