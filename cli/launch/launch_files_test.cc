// Files and names of a launch: command lookup, output directory, run record, installation.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "cli/launch/command_path.h"
#include "cli/launch/file_descriptor.h"
#include "cli/launch/files.h"
#include "cli/launch/installation.h"
#include "cli/launch/loader_path.h"
#include "cli/launch/local_port.h"
#include "cli/launch/output_directory.h"
#include "cli/launch/run_record.h"

namespace rankle::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class LaunchFiles : public ::testing::Test {
 protected:
  LaunchFiles() {
    std::string pattern = (fs::temp_directory_path() / "rankle-test-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
  }
  ~LaunchFiles() override { fs::remove_all(directory_); }
  std::string Path(const std::string& name) const { return (directory_ / name).string(); }
  std::string Touch(const std::string& name, mode_t mode) {
    std::ofstream(Path(name)) << "#!/bin/sh\n";
    chmod(Path(name).c_str(), mode);
    return Path(name);
  }
  fs::path directory_;
};

std::string Message(const absl::Status& status) { return std::string(status.message()); }

TEST_F(LaunchFiles, ACommandIsFoundInTheFirstDirectoryThatHasIt) {
  fs::create_directories(Path("a"));
  fs::create_directories(Path("b"));
  Touch("b/train", 0755);
  EXPECT_EQ(*FindCommand("train", Path("a") + ":" + Path("b")), Path("b/train"));
}

TEST_F(LaunchFiles, AMissingCommandGives127) {
  for (const char* name : {"no-such-command", "./no-such-command", ""}) {
    const absl::Status status = FindCommand(name, directory_.string()).status();
    EXPECT_EQ(CommandErrorExitCode(status), 127) << name;
    EXPECT_THAT(Message(status), HasSubstr("not found"));
  }
}

TEST_F(LaunchFiles, AFileWithoutExecutePermissionGives126) {
  const std::string path = Touch("train", 0644);
  EXPECT_EQ(CommandErrorExitCode(FindCommand(path, "").status()), 126);
  EXPECT_EQ(CommandErrorExitCode(FindCommand("train", directory_.string()).status()), 126);
  EXPECT_EQ(CommandErrorExitCode(FindCommand(directory_.string(), "").status()), 126);
}

TEST_F(LaunchFiles, OutputDirectoriesAreCreatedWithTheirParents) {
  const absl::StatusOr<OutputDirectory> made = PrepareOutputDirectory(Path("x/y"), 0);
  ASSERT_TRUE(made.ok());
  EXPECT_TRUE(fs::is_directory(made->path));
}

TEST_F(LaunchFiles, AnEarlierRunIsRemovedAndOtherFilesStay) {
  const char* const of_the_run[] = {"flight-1-2.rkl", "transport-1-2.rkt", "kernels-1-2.rkd",
                                    "sites-1-2.rks",  "points-1-2.rkp",    "run.json"};
  for (const char* name : of_the_run) Touch(name, 0644);
  Touch("report.html", 0644);
  ASSERT_TRUE(PrepareOutputDirectory(directory_.string(), 0).ok());
  for (const char* name : of_the_run) EXPECT_FALSE(fs::exists(Path(name))) << name;
  EXPECT_TRUE(fs::exists(Path("report.html")));
}

TEST_F(LaunchFiles, FilesOfSomebodyElseThatWouldBeReplacedAreKept) {
  Touch("job.log", 0644);
  EXPECT_THAT(Message(PrepareOutputDirectory(directory_.string(), 0).status()),
              HasSubstr("job.log: would be replaced"));
  EXPECT_TRUE(fs::exists(Path("job.log")));
  // A run that was killed before it wrote run.json left its records.
  Touch("flight-1-2.rkl", 0644);
  EXPECT_TRUE(PrepareOutputDirectory(directory_.string(), 0).ok());
  EXPECT_FALSE(fs::exists(Path("job.log")));
  ASSERT_TRUE(WriteRunRecord({}, directory_.string()).ok());
  Touch("control", 0644);
  EXPECT_TRUE(PrepareOutputDirectory(directory_.string(), 0).ok());
}

TEST_F(LaunchFiles, AFileInTheWayAndAFullDiskAreRefused) {
  Touch("file", 0644);
  EXPECT_THAT(Message(PrepareOutputDirectory(Path("file/out"), 0).status()), HasSubstr("-o"));
  EXPECT_THAT(Message(PrepareOutputDirectory(Path("out"), uint64_t{1} << 60).status()),
              HasSubstr("disk is full"));
}

TEST_F(LaunchFiles, ADirectoryTakesOneRunAtATime) {
  {
    const absl::StatusOr<OutputDirectory> first = PrepareOutputDirectory(Path("out"), 0);
    ASSERT_TRUE(first.ok());
    Touch("out/flight-1-2.rkl", 0644);
    EXPECT_THAT(Message(PrepareOutputDirectory(Path("out"), 0).status()),
                HasSubstr("another run writes there"));
    EXPECT_TRUE(fs::exists(Path("out/flight-1-2.rkl")));
  }
  EXPECT_TRUE(PrepareOutputDirectory(Path("out"), 0).ok());
}

TEST_F(LaunchFiles, PathsThatTheLoaderTakesApartAreLinked) {
  Touch("a library:1.so", 0755);
  const std::string strange = Path("a library:1.so");
  EXPECT_EQ(*LoaderPath("/opt/lib/x.so", directory_.string(), "x.so"), "/opt/lib/x.so");
  EXPECT_EQ(*LoaderPath(strange, directory_.string(), "x.so"), Path("x.so"));
  EXPECT_TRUE(fs::equivalent(Path("x.so"), strange));
  fs::create_directories(Path("an out"));
  EXPECT_THAT(Message(LoaderPath(strange, Path("an out"), "x.so").status()), HasSubstr("-o"));
}

TEST_F(LaunchFiles, AFileThatCannotBeWrittenIsKnownBeforehand) {
  EXPECT_TRUE(CheckWritable(Path("new.xml")).ok());
  EXPECT_TRUE(fs::is_empty(directory_));
  for (const std::string& path : {Path("missing/new.xml"), directory_.string()}) {
    EXPECT_THAT(Message(CheckWritable(path)), HasSubstr("cannot be written")) << path;
  }
}

TEST_F(LaunchFiles, AtomicWritesLeaveNoPartialFile) {
  ASSERT_TRUE(WriteFile(Path("f"), "new").ok());
  EXPECT_EQ(*ReadFile(Path("f")), "new");
  EXPECT_FALSE(WriteFile(Path("missing/f"), "x").ok());
  EXPECT_EQ(std::distance(fs::directory_iterator(directory_), fs::directory_iterator()), 1);
}

TEST_F(LaunchFiles, WritingThroughALinkWritesTheFileThatItLeadsTo) {
  fs::create_directories(Path("elsewhere"));
  Touch("elsewhere/report", 0640);
  fs::create_symlink("elsewhere/report", Path("link"));  // relative to the link, not to this process
  fs::create_symlink(Path("elsewhere/new"), Path("dangling"));
  fs::create_symlink("circle", Path("circle"));
  EXPECT_TRUE(WriteFile(Path("link"), "one").ok());
  EXPECT_TRUE(WriteFile(Path("dangling"), "two").ok());
  EXPECT_FALSE(WriteFile(Path("circle"), "three").ok());
  EXPECT_TRUE(fs::is_symlink(Path("link")) && fs::is_symlink(Path("dangling")));
  EXPECT_EQ(*ReadFile(Path("elsewhere/report")), "one");
  EXPECT_EQ(*ReadFile(Path("elsewhere/new")), "two");
  EXPECT_EQ(fs::status(Path("elsewhere/report")).permissions(), fs::perms{0640});
}

TEST_F(LaunchFiles, AFifoIsWrittenInto) {
  ASSERT_EQ(mkfifo(Path("fifo").c_str(), 0600), 0);
  const FileDescriptor reader(open(Path("fifo").c_str(), O_RDONLY | O_NONBLOCK));
  ASSERT_TRUE(WriteFile(Path("fifo"), "news").ok());
  char buffer[16];
  ASSERT_EQ(read(reader.get(), buffer, sizeof(buffer)), 4);
  EXPECT_EQ(std::string(buffer, 4), "news");
  EXPECT_TRUE(fs::is_fifo(Path("fifo")));
}

// Nodes of our own with the numbers of /dev/null and /dev/full.
TEST_F(LaunchFiles, DevicesAreNeverReplaced) {
  if (mknod(Path("null").c_str(), S_IFCHR | 0600, makedev(1, 3)) != 0 ||
      mknod(Path("full").c_str(), S_IFCHR | 0600, makedev(1, 7)) != 0) {
    GTEST_SKIP() << "only root makes devices";
  }
  if (!FileDescriptor(open(Path("null").c_str(), O_WRONLY | O_CLOEXEC)).is_open())
    GTEST_SKIP() << "no devices on this file system";
  EXPECT_TRUE(WriteFile(Path("null"), "x").ok());
  EXPECT_THAT(Message(WriteFile(Path("full"), "x")), HasSubstr("No space left"));
  EXPECT_TRUE(fs::is_character_file(Path("null")) && fs::is_character_file(Path("full")));
}

TEST_F(LaunchFiles, ADeletedFileBehindALinkOfProcIsStillWritten) {
  const FileDescriptor file(open(Touch("gone", 0600).c_str(), O_RDWR | O_CLOEXEC));
  fs::remove(Path("gone"));
  ASSERT_TRUE(WriteFile("/proc/self/fd/" + std::to_string(file.get()), "kept").ok());
  EXPECT_EQ(*ReadFile("/proc/self/fd/" + std::to_string(file.get())), "kept");
  EXPECT_TRUE(fs::is_empty(directory_));
}

TEST_F(LaunchFiles, ARunRecordSurvivesTheRoundTrip) {
  RunRecord record;
  record.command = {"train", "--text", "\xff not utf-8"};
  record.host = "node1";
  record.n = 2;
  record.job_id = 0xfedcba9876543210;
  record.seed = 7;
  record.stalls_ns = {5};
  record.exit_code = 137;
  record.processes.push_back({.pid = 10, .rank = 0, .started_ns = 1, .end = {}, .ended_by_rankle = false});
  record.processes.push_back({.pid = 11,
                              .rank = 1,
                              .started_ns = 2,
                              .end = ProcessEnd{.ended_ns = 9, .exit_code = {}, .signal = 9},
                              .ended_by_rankle = true});
  ASSERT_TRUE(WriteRunRecord(record, directory_.string()).ok());
  const absl::StatusOr<RunRecord> read = ReadRunRecord(directory_.string());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->job_id, record.job_id);
  EXPECT_EQ(read->exit_code, 137);
  EXPECT_EQ(read->stalls_ns, record.stalls_ns);
  ASSERT_EQ(read->processes.size(), 2u);
  EXPECT_FALSE(read->processes[0].end);
  EXPECT_TRUE(read->processes[1].ended_by_rankle);
  EXPECT_EQ(read->processes[1].end->signal, 9);
  EXPECT_FALSE(read->processes[1].end->exit_code);
}

TEST(RunRecord, UnsoundTextIsAnErrorThatNamesTheFile) {
  for (const char* text :
       {"", "{", "[]", "{}", R"({"schema":"rankle.run/1"})", R"({"schema":"rankle.run/2","command":[]})"}) {
    EXPECT_THAT(Message(ParseRunRecord(text, "dir/run.json").status()), HasSubstr("dir/run.json")) << text;
  }
}

TEST(Installation, EverythingLiesBesideTheExecutable) {
  const Installation installation = InstallationOf("/opt/rankle/bin/rankle");
  EXPECT_EQ(installation.hooks_library, "/opt/rankle/lib/librankle.so");
  EXPECT_EQ(installation.virtual_gpu_dir, "/opt/rankle/lib/vgpu");
  EXPECT_EQ(installation.rules_dir, "/opt/rankle/share/rankle/rules");
  EXPECT_EQ(installation.corpora_dir, "/opt/rankle/share/rankle/corpora");
}

TEST(LocalPort, PortsOfRunningJobsDifferAndComeBackAfterwards) {
  std::vector<LocalPort> ports;
  std::vector<int> numbers;
  for (int i = 0; i < 100; ++i) {
    absl::StatusOr<LocalPort> port = LocalPort::Reserve();
    ASSERT_TRUE(port.ok());
    EXPECT_THAT(numbers, ::testing::Not(::testing::Contains(port->number())));
    numbers.push_back(port->number());
    ports.push_back(*std::move(port));
  }
}

}  // namespace
}  // namespace rankle::cli
