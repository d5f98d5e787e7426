#include "analyzer/testing/shared_traces.h"

#include <cstdlib>

namespace rankle::testing {

namespace fs = std::filesystem;

fs::path SharedTraces(const char* folder) {
  if (const char* const place = std::getenv("RANKLE_SHARED_TRACES")) return fs::path(place) / folder;
  const fs::path source = RANKLE_SOURCE_DIR;
  const fs::path beside = source / "../shared/traces" / folder;
  return fs::is_directory(beside) ? beside : source / "../../shared/traces" / folder;
}

}  // namespace rankle::testing
