#include "analyzer/import/json_documents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace rankle::import {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Found {
  std::vector<std::string> documents, lines;
  bool whole = false;
};

// Fed in pieces of `piece` bytes.
Found Split(std::string_view text, size_t piece) {
  Found found;
  JsonDocuments documents([&](std::string_view d) { found.documents.emplace_back(d); },
                          [&](std::string_view l) { found.lines.emplace_back(l); });
  for (size_t at = 0; at < text.size(); at += piece) documents.Feed(text.substr(at, piece));
  found.whole = documents.Finish();
  return found;
}

TEST(JsonDocuments, FindsObjectsAndTheLinesBetweenThem) {
  const std::string text = "OK\n{\"a\": [1, {}]}\n\n \nnoise {\"b\": \"}\\\"{\"}{}\nend";
  for (const size_t piece : {size_t{1}, size_t{3}, text.size()}) {
    const Found found = Split(text, piece);
    EXPECT_THAT(found.documents, ElementsAre("{\"a\": [1, {}]}", "{\"b\": \"}\\\"{\"}", "{}"));
    EXPECT_THAT(found.lines, ElementsAre("OK", "noise ", "end"));
    EXPECT_TRUE(found.whole);
  }
}

TEST(JsonDocuments, AnObjectThatIsCutIsNotGiven) {
  const Found found = Split("{} {\"a\": {\"b\": 1}", 4);
  EXPECT_THAT(found.documents, ElementsAre("{}"));
  EXPECT_THAT(found.lines, IsEmpty());
  EXPECT_FALSE(found.whole);
}

}  // namespace
}  // namespace rankle::import
