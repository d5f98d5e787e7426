// Style sheet and script of the page (analyzer/report/html/assets), compiled in by cmake/embed_files.cmake.
#pragma once

#include <vector>

namespace rankle::html {

struct EmbeddedAsset {
  const char* file;  // "analyzer/report/html/assets/page.css"
  const char* text;
};
extern const std::vector<EmbeddedAsset> kEmbeddedAssets;

}  // namespace rankle::html
