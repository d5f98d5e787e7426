// Archives among the inputs: honest ones are read, hostile ones end in a note and write nothing outside.
#include "analyzer/import/archives.h"

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "absl/strings/str_join.h"
#include "analyzer/import/file_bytes.h"
#include "analyzer/testing/dump_files.h"

namespace rankle::import {
namespace {

namespace fs = std::filesystem;
using rankle::testing::DumpDirectory;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Member {
  std::string name, content;
  mode_t type = AE_IFREG;
};

enum class Kind { kTar, kTarGzip, kTarZstd, kZip };

void WriteArchive(const fs::path& path, Kind kind, const std::vector<Member>& members) {
  archive* a = archive_write_new();
  if (kind == Kind::kZip) {
    archive_write_set_format_zip(a);
  } else {
    archive_write_set_format_pax_restricted(a);
    if (kind == Kind::kTarGzip) archive_write_add_filter_gzip(a);
    if (kind == Kind::kTarZstd) archive_write_add_filter_zstd(a);
  }
  ASSERT_EQ(archive_write_open_filename(a, path.c_str()), ARCHIVE_OK) << archive_error_string(a);
  for (const Member& member : members) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, member.name.c_str());
    archive_entry_set_filetype(entry, member.type);
    archive_entry_set_perm(entry, 0644);
    if (member.type == AE_IFLNK) {
      archive_entry_set_symlink(entry, member.content.c_str());
    } else {
      archive_entry_set_size(entry, static_cast<la_int64_t>(member.content.size()));
    }
    ASSERT_EQ(archive_write_header(a, entry), ARCHIVE_OK) << archive_error_string(a);
    if (member.type == AE_IFREG) archive_write_data(a, member.content.data(), member.content.size());
    archive_entry_free(entry);
  }
  archive_write_close(a);
  archive_write_free(a);
}

class ArchivesTest : public ::testing::Test {
 protected:
  ArchivesTest() { fs::create_directories(Scratch()); }
  fs::path Path(const std::string& name) const { return directory_.path() / name; }
  fs::path Scratch() const { return directory_.path() / "scratch"; }
  Unpacked Make(const std::vector<std::string>& paths, const UnpackLimits& limits = {}) const {
    auto made = Unpacked::Make(paths, {}, Scratch(), limits);
    EXPECT_TRUE(made.ok()) << made.status();
    return *std::move(made);
  }
  static std::string Read(const fs::path& path) {
    std::string bytes;
    EXPECT_TRUE(ReadFileBytes(path, 1u << 20, bytes).ok()) << path;
    return bytes;
  }
  DumpDirectory directory_{std::string("archives_") +
                           ::testing::UnitTest::GetInstance()->current_test_info()->name()};
};

TEST_F(ArchivesTest, EveryKindIsKnownByItsContentAndUnpackedWhole) {
  for (const Kind kind : {Kind::kTar, Kind::kTarGzip, Kind::kTarZstd, Kind::kZip}) {
    const fs::path path = Path("no_telling_name");
    WriteArchive(path, kind, {{"job/a/rank_0", "zero"}, {"job/rank_1", std::string(100'000, 'x')}});
    ASSERT_TRUE(IsArchive(path));
    const Unpacked unpacked = Make({path});
    ASSERT_EQ(unpacked.paths().size(), 1u);
    const fs::path root = unpacked.paths().front();
    EXPECT_EQ(root.filename(), "job");  // the only folder in it
    EXPECT_EQ(Read(root / "a/rank_0"), "zero");
    EXPECT_EQ(Read(root / "rank_1").size(), 100'000u);
    EXPECT_THAT(unpacked.notes(), IsEmpty());
    EXPECT_EQ(unpacked.WithArchiveNames((root / "rank_1").string() + ": odd"),
              path.string() + "/job/rank_1: odd");
  }
}

TEST_F(ArchivesTest, WhatIsNoArchiveIsNotTouched) {
  directory_.Write("text", "hello");
  directory_.Write("packed.gz", rankle::testing::Gzip("{}"));
  directory_.Write("empty", "");
  const Unpacked unpacked = Make({Path("text"), Path("packed.gz"), directory_.path()});
  EXPECT_THAT(unpacked.paths(), ElementsAre(Path("text"), Path("packed.gz"), directory_.path()));
  EXPECT_TRUE(fs::is_empty(Scratch()));
}

TEST_F(ArchivesTest, TheScratchDirectoryGoesWithTheObject) {
  WriteArchive(Path("a.tar"), Kind::kTar, {{"f", "x"}});
  {
    Unpacked first = Make({Path("a.tar")});
    const Unpacked second = std::move(first);
    EXPECT_FALSE(fs::is_empty(Scratch()));
  }
  EXPECT_TRUE(fs::is_empty(Scratch()));
}

TEST_F(ArchivesTest, ArchivesInDirectoriesComeBesideTheDirectory) {
  fs::create_directories(Path("job"));
  WriteArchive(Path("job/b.tar.gz"), Kind::kTarGzip, {{"f", "x"}, {"g", "y"}});
  const Unpacked unpacked = Make({Path("job")});
  ASSERT_EQ(unpacked.paths().size(), 2u);
  EXPECT_EQ(unpacked.paths()[0], Path("job"));
  EXPECT_THAT(unpacked.paths()[1], EndsWith("b.tar.gz"));
  EXPECT_THAT(unpacked.archives(), ElementsAre(Path("job/b.tar.gz")));
}

TEST_F(ArchivesTest, NothingIsWrittenOutsideNorThroughLinks) {
  WriteArchive(Path("evil.tar"), Kind::kTar,
               {{"../../escaped", "no"},
                {"in/../../../escaped", "no"},
                {"link", directory_.path().string(), AE_IFLNK},
                {"link/escaped", "kept as an ordinary file in an ordinary folder"},
                {"/absolute/rank_0", "yes"}});
  const Unpacked unpacked = Make({Path("evil.tar")});
  EXPECT_FALSE(fs::exists(Path("escaped")));
  EXPECT_FALSE(fs::exists(Path("scratch/escaped")));
  const fs::path root = unpacked.paths().front();
  EXPECT_EQ(Read(root / "absolute/rank_0"), "yes");
  EXPECT_FALSE(fs::is_symlink(root / "link"));
  EXPECT_THAT(absl::StrJoin(unpacked.notes(), "\n"), HasSubstr("3 members are no ordinary files"));
}

TEST_F(ArchivesTest, ABombEndsInANoteAndLeavesNothing) {
  WriteArchive(Path("bomb.tar.gz"), Kind::kTarGzip, {{"zeros", std::string(32u << 20, '\0')}});
  const Unpacked unpacked = Make({Path("bomb.tar.gz")}, {.free_bytes = 1u << 20});
  EXPECT_THAT(absl::StrJoin(unpacked.notes(), "\n"), HasSubstr("more than 200 times its size"));
  EXPECT_FALSE(fs::exists(fs::path(unpacked.paths().front()) / "zeros"));
}

TEST_F(ArchivesTest, TooManyMembersAreCutOff) {
  std::vector<Member> members;
  for (int i = 0; i < 10; ++i) members.push_back({"f" + std::to_string(i), "x"});
  WriteArchive(Path("many.zip"), Kind::kZip, members);
  const Unpacked unpacked = Make({Path("many.zip")}, {.most_files = 3});
  EXPECT_THAT(absl::StrJoin(unpacked.notes(), "\n"), HasSubstr("more than 3 files"));
}

TEST_F(ArchivesTest, ADamagedArchiveKeepsWhatCameBefore) {
  std::string noise(200'000, '\0');
  uint32_t state = 1;
  for (char& c : noise) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  WriteArchive(Path("cut.tar"), Kind::kTar, {{"d/first", "whole"}, {"d/second", noise}});
  fs::resize_file(Path("cut.tar"), 100'000);
  const Unpacked unpacked = Make({Path("cut.tar")});
  EXPECT_EQ(Read(fs::path(unpacked.paths().front()) / "first"), "whole");
  EXPECT_THAT(absl::StrJoin(unpacked.notes(), "\n"), HasSubstr("damaged"));
}

TEST_F(ArchivesTest, ACheckpointIsNoTrace) {
  WriteArchive(Path("model.pt"), Kind::kZip, {{"model/data.pkl", "x"}, {"model/data/0", "weights"}});
  EXPECT_THAT(absl::StrJoin(Make({Path("model.pt")}).notes(), "\n"), HasSubstr("PyTorch checkpoint"));
}

TEST_F(ArchivesTest, AScratchDirectoryThatCannotBeMadeIsAnError) {
  WriteArchive(Path("a.tar"), Kind::kTar, {{"f", "x"}});
  const auto made = Unpacked::Make({Path("a.tar")}, {}, Path("absent"));
  EXPECT_THAT(std::string(made.status().message()), HasSubstr("set TMPDIR"));
}

}  // namespace
}  // namespace rankle::import
