// The edge files of this build, compiled in (cmake/embed_files.cmake).
#pragma once

#include <vector>

namespace rankle::explain {

struct EmbeddedEdges {
  const char* file;
  const char* text;
};
extern const std::vector<EmbeddedEdges> kEmbeddedEdges;

}  // namespace rankle::explain
