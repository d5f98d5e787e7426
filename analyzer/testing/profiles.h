// Small made-up profiles of PyTorch, in the shapes that it has written over the years, for tests.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "analyzer/store/store.h"

namespace rankle::testing {

inline constexpr double kFirstTs = 1000;  // microseconds

// One kernel of an all-reduce with the arguments of newer versions; `more` follows them: R"(, "Seq": 3)".
std::string Kernel(double ts, double dur, const std::string& collective, const std::string& group,
                   const std::string& ranks, int size, int elements, int external = 0,
                   const std::string& more = "");
// The call on the CPU that enqueued the kernel with this external id.
std::string Call(double ts, int external);
std::string Step(int number, double ts, double dur);
// A whole file. `rank` < 0: it does not tell. `info` goes into distributedInfo, `head` before it.
std::string Document(int rank, int world, const std::vector<std::string>& events,
                     const std::string& info = "", const std::string& head = "");

// A directory of profiles, removed at the end.
class ProfileTest : public ::testing::Test {
 protected:
  ProfileTest();
  ~ProfileTest() override;
  // `name` may have directories.
  void Write(const std::string& name, const std::string& text);
  // Fails the test and is empty when the import fails.
  store::Store Read();

  std::filesystem::path directory_;
};

}  // namespace rankle::testing
