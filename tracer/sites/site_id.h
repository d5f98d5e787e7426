// The name of a call site that is the same in every run of the same binaries, wherever the loader puts them:
// a hash of the function and of two (module, offset) pairs. A module is its build id, or without one the name
// of its file. Fault plans aim with it (`site=`). Pure, C library only.
#pragma once

#include <cstdint>
#include <string_view>

namespace rankle::sites {

// 48 bits: twelve digits that people can copy. 2,048 sites of a process collide with a chance of 1e-8.
inline constexpr uint64_t kSiteIdBits = 48;
inline constexpr uint64_t kLargestSiteId = (uint64_t{1} << kSiteIdBits) - 1;

struct Place {
  std::string_view build_id;  // its bytes; empty = none
  std::string_view path;      // empty = no module
  uint64_t offset = 0;
};

namespace internal {

constexpr uint64_t Fold(uint64_t hash, std::string_view text) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  return (hash ^ text.size()) * 0x100000001b3ull;
}
constexpr uint64_t Fold(uint64_t hash, uint64_t value) {
  for (int byte = 0; byte < 8; ++byte) hash = (hash ^ (value >> (8 * byte) & 0xff)) * 0x100000001b3ull;
  return hash;
}
constexpr uint64_t Fold(uint64_t hash, const Place& place) {
  std::string_view file = place.path;  // substr could throw, and the job's side has no exceptions
  if (const size_t slash = file.rfind('/'); slash != std::string_view::npos) file.remove_prefix(slash + 1);
  hash = Fold(hash, place.build_id.empty() ? file : place.build_id);
  // Where code was made at run time, its address tells nothing in the next run.
  return Fold(hash, place.path.empty() && place.build_id.empty() ? 0 : place.offset);
}

}  // namespace internal

// Never 0. `caller` is nullptr where the frame above is unknown.
constexpr uint64_t SiteId(uint16_t api, const Place& place, const Place* caller) {
  uint64_t hash = internal::Fold(0xcbf29ce484222325ull, uint64_t{api});
  hash = internal::Fold(hash, place);
  if (caller != nullptr) hash = internal::Fold(hash, *caller);
  hash ^= hash >> 31;
  hash *= 0x94d049bb133111ebull;
  hash ^= hash >> 29;
  hash &= kLargestSiteId;
  return hash == 0 ? 1 : hash;
}

}  // namespace rankle::sites
