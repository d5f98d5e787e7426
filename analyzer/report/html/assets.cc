#include "analyzer/report/html/assets.h"

#include "absl/strings/match.h"

namespace rankle::html {

std::string Asset(absl::string_view name) {
  for (const EmbeddedAsset& asset : kEmbeddedAssets) {
    if (absl::EndsWith(asset.file, name)) return asset.text;
  }
  return "";
}

}  // namespace rankle::html
