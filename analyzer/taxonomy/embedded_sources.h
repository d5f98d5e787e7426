// The text sources of the taxonomy (rules/taxonomy, corpora/bugs) as of this build, compiled in by
// cmake/embed_files.cmake.
#pragma once

#include <vector>

namespace rankle::taxonomy {

struct EmbeddedSource {
  const char* file;  // "corpora/bugs/nccl.jsonl"
  const char* text;  // JSON lines
};
extern const std::vector<EmbeddedSource> kEmbeddedSources;

}  // namespace rankle::taxonomy
