// Trees with links in them, and overlays of before: what is put into an overlay, and that nothing is written
// behind a link.
#include "detectors/instrument/overlay_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

#include "cli/launch/files.h"

namespace rankle::instrument {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Key;

class OverlayTree : public ::testing::Test {
 protected:
  OverlayTree() {
    std::string name = (fs::temp_directory_path() / "overlay-XXXXXX").string();
    base_ = mkdtemp(name.data());
    fs::create_directories(root());
    fs::create_directories(overlay() / kOwnFolder);
  }
  ~OverlayTree() override { fs::remove_all(base_); }

  fs::path root() const { return base_ / "app"; }
  fs::path overlay() const { return base_ / "overlay"; }
  void Make(const std::string& path, const std::string& text) const {
    fs::create_directories((base_ / path).parent_path());
    std::ofstream(base_ / path) << text;
  }
  void Link(const std::string& path, const std::string& to) const {
    fs::create_directories((base_ / path).parent_path());
    fs::create_symlink(to, base_ / path);
  }
  std::string Text(const std::string& path) const {
    const auto text = cli::ReadFile((base_ / path).string());
    return text.ok() ? *text : "(none)";
  }
  Tree List(const std::set<std::string>& rewritten = {}) const {
    const auto tree = ListTree(root(), overlay(), rewritten);
    EXPECT_TRUE(tree.ok()) << tree.status();
    return tree.ok() ? *tree : Tree();
  }
  // Brings the overlay up to date; `rewritten` get another text.
  absl::Status Update(const std::set<std::string>& rewritten = {}) const {
    OverlayFolder folder(overlay());
    const Tree tree = List(rewritten);
    size_t copied = 0;
    absl::Status status = folder.ForgetOthers(tree);
    for (const auto& [place, entry] : tree) {
      if (status.ok())
        status = rewritten.count(place) ? folder.Write(place, "new") : folder.Put(place, entry, copied);
    }
    return status;
  }

  fs::path base_;
};

TEST_F(OverlayTree, AFileBehindALinkOutOfTheTreeIsRewrittenInTheOverlayAlone) {
  Make("common/unit.cc", "old");
  Make("common/deep/other.cc", "old");
  Make("common/as_it_is.h", "header");
  Link("app/common", "../common");
  Link("app/one.cc", "../common/unit.cc");
  Link("overlay/common", "../common");  // as an overlay of before may have it
  Link("overlay/one.cc", "../common/unit.cc");
  const std::set<std::string> rewritten{"common/unit.cc", "common/deep/other.cc", "one.cc"};
  for (const std::string& place : rewritten) EXPECT_EQ(PlaceInTree(root(), (root() / place).string()), place);
  ASSERT_TRUE(Update(rewritten).ok());
  ASSERT_TRUE(Update(rewritten).ok());
  EXPECT_EQ(Text("common/unit.cc"), "old");
  EXPECT_EQ(Text("common/deep/other.cc"), "old");
  for (const std::string& place : rewritten) EXPECT_EQ(Text("overlay/" + place), "new") << place;
  EXPECT_EQ(Text("overlay/common/as_it_is.h"), "header");
  EXPECT_FALSE(fs::is_symlink(overlay() / "common"));
}

TEST_F(OverlayTree, AFileWithTwoNamesInTheTreeIsOnePlace) {
  Make("app/sub/h.h", "old");
  Link("app/link.h", "sub/h.h");
  Link("app/again", "sub");
  Link("app/absolute", (root() / "sub").string());
  EXPECT_EQ(PlaceInTree(root(), (root() / "link.h").string()), "sub/h.h");
  EXPECT_EQ(PlaceInTree(root(), (root() / "again/h.h").string()), "sub/h.h");
  EXPECT_EQ(PlaceInTree(root(), (root() / "absolute/new.h").string()), "sub/new.h");
  ASSERT_TRUE(Update({"sub/h.h"}).ok());
  EXPECT_EQ(Text("overlay/link.h"), "new");
  EXPECT_EQ(Text("overlay/again/h.h"), "new");
  EXPECT_EQ(Text("overlay/absolute/h.h"), "new");
  EXPECT_EQ(Text("app/sub/h.h"), "old");
}

TEST_F(OverlayTree, LinksOutOfTheTreeLeadWhereTheyLed) {
  Make("elsewhere/data", "data");
  Link("app/deep/er/data", "../../../elsewhere/data");
  Link("app/gone", "nowhere");
  Link("app/circle", "circle");
  Link("app/with/circle/behind", "../circle/behind");
  ASSERT_TRUE(Update().ok());
  EXPECT_EQ(Text("overlay/deep/er/data"), "data");
  EXPECT_EQ(fs::read_symlink(overlay() / "gone"), "nowhere");
  EXPECT_EQ(fs::read_symlink(overlay() / "circle"), "circle");
}

TEST_F(OverlayTree, OverlaysAreNotCopiedIntoOverlays) {
  Make("app/a.cc", "a");
  Make("app/earlier/rankle-points/points.json", "{}");
  Make("app/earlier/a.cc", "a");
  fs::create_directories(root() / "mine");
  Link("name", "app");
  const auto tree = ListTree(base_ / "name", root() / "mine", {});
  ASSERT_TRUE(tree.ok());
  EXPECT_THAT(*tree, ElementsAre(Key("a.cc")));
}

TEST_F(OverlayTree, WhatWentFromTheSourceGoesFromTheOverlayAndBuildsStay) {
  Make("app/sub/old.cc", "old");
  Make("app/kind", "a file");
  Link("app/link", "kind");
  ASSERT_TRUE(Update().ok());
  Make("overlay/build/a.o", "object");
  fs::remove_all(root() / "sub");
  fs::remove(root() / "kind");
  fs::remove(root() / "link");
  Make("app/kind/is_a_folder", "now");
  Link("app/link", "kind/is_a_folder");
  ASSERT_TRUE(Update().ok());
  EXPECT_FALSE(fs::exists(overlay() / "sub"));
  EXPECT_EQ(Text("overlay/link"), "now");
  EXPECT_EQ(Text("overlay/build/a.o"), "object");
}

TEST_F(OverlayTree, NothingIsRemovedBehindALink) {
  Make("common/old.cc", "old");
  Make("overlay/rankle-points/files.txt",
       "common/old.cc\n../common/old.cc\n" + (base_ / "common/old.cc").string());
  Link("overlay/common", "../common");
  ASSERT_TRUE(Update().ok());
  EXPECT_EQ(Text("common/old.cc"), "old");
}

TEST_F(OverlayTree, SaysWhatIsInTheWay) {
  Make("app/sub/a.cc", "a");
  Make("overlay/sub", "a file");
  EXPECT_THAT(std::string(Update().message()),
              HasSubstr("overlay/sub: is a file here and a folder in the source"));
  fs::remove(overlay() / "sub");
  Make("overlay/sub/a.cc/b", "b");
  EXPECT_THAT(std::string(Update().message()),
              HasSubstr("overlay/sub/a.cc: is a folder here and a file in the source"));
}

}  // namespace
}  // namespace rankle::instrument
