// Processes are asked where they stand with a signal: those that await it answer, no other process gets it.
#include "cli/launch/python_stacks.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace rankle::cli {
namespace {

namespace fs = std::filesystem;

int g_file = -1;
void Answer(int) { [[maybe_unused]] const ssize_t written = write(g_file, "here\n", 5); }

class PythonStacks : public ::testing::Test {
 protected:
  PythonStacks() {
    std::string pattern = (fs::temp_directory_path() / "rankle-test-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
  }
  ~PythonStacks() override {
    if (child_ > 0) {
      kill(child_, SIGKILL);
      waitpid(child_, nullptr, 0);
    }
    fs::remove_all(directory_);
  }
  // A process that has said how to ask it, and awaits the signal or does not.
  void Start(bool awaits) {
    int ready[2];
    ASSERT_EQ(pipe(ready), 0);
    child_ = fork();
    if (child_ == 0) {
      std::ofstream(Path()) << "{\"pid\":" << getpid() << ",\"signal\":" << SIGRTMIN + 5 << "}\n";
      g_file = open(Path().c_str(), O_WRONLY | O_APPEND);
      if (awaits) signal(SIGRTMIN + 5, Answer);
      [[maybe_unused]] const ssize_t said = write(ready[1], "x", 1);
      while (true) pause();
    }
    char byte = 0;
    ASSERT_EQ(read(ready[0], &byte, 1), 1);
    close(ready[0]), close(ready[1]);
  }
  std::string Path() const { return (directory_ / "python-1.stacks").string(); }
  std::string Text() const {
    std::ostringstream text;
    text << std::ifstream(Path()).rdbuf();
    return text.str();
  }
  fs::path directory_;
  pid_t child_ = -1;
};

TEST_F(PythonStacks, AProcessThatAwaitsTheSignalAnswersBeforeAnybodyReadsOn) {
  Start(true);
  AskForPythonStacks(directory_.string());
  EXPECT_TRUE(Text().ends_with("here\n")) << Text();
}

TEST_F(PythonStacks, AProcessThatDoesNotAwaitItIsLeftAlive) {
  Start(false);
  AskForPythonStacks(directory_.string());
  EXPECT_EQ(waitpid(child_, nullptr, WNOHANG), 0);
  EXPECT_EQ(Text().find("here"), std::string::npos);
}

TEST_F(PythonStacks, DamagedFilesAskNobody) {
  for (const char* text :
       {"", "{", "[1]", "{\"pid\":-1,\"signal\":39}", "{\"pid\":1,\"signal\":9}", "{\"pid\":\"x\"}"}) {
    std::ofstream(Path()) << text << "\n";
    AskForPythonStacks(directory_.string());
    EXPECT_EQ(Text(), std::string(text) + "\n");
  }
}

}  // namespace
}  // namespace rankle::cli
