// The built library exports every function of nccl.h under both names, and its pnccl name is the same code,
// so that an interposer that defines ncclX reaches the library through pncclX.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

namespace {

TEST(ExportsTest, EveryFunctionOfTheHeaderHasItsTwoNames) {
  std::ifstream header(NCCL_HEADER);
  const std::string text{std::istreambuf_iterator<char>(header), std::istreambuf_iterator<char>()};
  void* const library = dlopen(NCCL_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(library, nullptr) << dlerror();
  const std::regex declaration("\\b(pnccl[A-Za-z]+)\\(");
  std::set<std::string> names;
  for (std::sregex_iterator it(text.begin(), text.end(), declaration), end; it != end; ++it)
    names.insert((*it)[1]);
  EXPECT_GE(names.size(), 40u);
  for (const std::string& name : names) {
    void* const strong = dlsym(library, name.c_str());
    EXPECT_NE(strong, nullptr) << name;
    EXPECT_EQ(strong, dlsym(library, name.c_str() + 1)) << name;
  }
}

}  // namespace
