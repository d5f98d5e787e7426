// Style sheets and script of the pages (analyzer/report/html/assets), compiled in by cmake/embed_files.cmake.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace rankle::html {

struct EmbeddedAsset {
  const char* file;  // "analyzer/report/html/assets/page.css"
  const char* text;
};
extern const std::vector<EmbeddedAsset> kEmbeddedAssets;

// The text of "page.css"; empty where there is none of that name.
std::string Asset(absl::string_view name);

}  // namespace rankle::html
