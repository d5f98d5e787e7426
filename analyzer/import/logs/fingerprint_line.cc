#include "analyzer/import/logs/fingerprint_line.h"

#include <algorithm>
#include <charconv>

#include "analyzer/import/logs/log_text.h"

namespace rankle::import {
namespace {

constexpr std::string_view kMark = "Detected mismatch between collectives on ranks. ";
constexpr auto kNowhere = std::string_view::npos;

// "[2, 4]" -> 8, "[]" (a scalar) -> 1; -1 = no shape.
int64_t Elements(std::string_view text) {
  const size_t at = text.find("TensorShape=[");
  if (at == kNowhere) return -1;
  std::string_view shape = text.substr(at + 13);
  shape = shape.substr(0, shape.find(']'));
  int64_t elements = 1;
  while (!shape.empty()) {
    int64_t size = 0;
    const auto [end, error] = std::from_chars(shape.data(), shape.data() + shape.size(), size);
    if (error != std::errc() || size < 0 || __builtin_mul_overflow(elements, size, &elements)) return -1;
    shape.remove_prefix(static_cast<size_t>(end - shape.data()));
    shape.remove_prefix(std::min(shape.find_first_not_of(", "), shape.size()));
  }
  return elements;
}

bool ParseSide(std::string_view text, Fingerprint& side) {
  const int64_t rank = NumberAfter(text, "Rank ", int64_t{-1});
  if (rank < 0 || rank > INT32_MAX || text.find(" is running collective: ") == kNowhere) return false;
  side.rank = static_cast<int32_t>(rank);
  side.sequence = NumberAfter(text, "SequenceNumber=", int64_t{-1});
  const size_t operation = text.find("OpType=");
  if (operation == kNowhere) return false;
  side.operation = text.substr(operation + 7);
  side.operation = side.operation.substr(0, side.operation.find_first_of(",)"));
  side.elements = Elements(text);
  return !side.operation.empty();
}

}  // namespace

bool MayBeFingerprintLine(std::string_view line) { return Holds(line, kMark); }

bool ParseFingerprintLine(std::string_view line, std::array<Fingerprint, 2>& sides) {
  const size_t at = line.find(kMark);
  if (at == kNowhere) return false;
  line.remove_prefix(at + kMark.size());
  const size_t but = line.find("but Rank ");
  return but != kNowhere && ParseSide(line.substr(0, but), sides[0]) &&
         ParseSide(line.substr(but), sides[1]) && sides[0].rank != sides[1].rank;
}

}  // namespace rankle::import
