#include "tests/support/small_disk.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace rankle::testing {
namespace {

namespace fs = std::filesystem;

constexpr int kCannotMount = 77;

bool EnterNamespace() {
  if (geteuid() == 0 && unshare(CLONE_NEWNS) == 0) return true;
  const uid_t user = geteuid();
  const gid_t group = getegid();
  if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
  std::ofstream("/proc/self/setgroups") << "deny";
  std::ofstream("/proc/self/uid_map") << "0 " << user << " 1";
  std::ofstream("/proc/self/gid_map") << "0 " << group << " 1";
  return true;
}

bool Mount(const std::string& directory, int mebibytes) {
  fs::create_directories(directory);
  const std::string options = "size=" + std::to_string(mebibytes) + "m";
  return EnterNamespace() && mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         mount("tmpfs", directory.c_str(), "tmpfs", 0, options.c_str()) == 0;
}

}  // namespace

bool OnSmallDisk(const std::string& directory, int mebibytes, const std::function<void()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    if (!Mount(directory, mebibytes)) _exit(kCannotMount);
    body();
    fflush(nullptr);
    _exit(::testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == kCannotMount) return false;
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "see above";
  return true;
}

void FillBut(const std::string& path, uint64_t bytes_left) {
  const int file = open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
  ASSERT_GE(file, 0) << path;
  const uint64_t free = fs::space(path).available;
  if (free > bytes_left) {
    EXPECT_EQ(posix_fallocate(file, 0, static_cast<off_t>(free - bytes_left)), 0) << path;
  }
  close(file);
}

}  // namespace rankle::testing
