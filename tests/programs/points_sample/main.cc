#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <map>
#include <memory>
#include <vector>

#include "link.h"

namespace sample {
namespace {

enum class Letter { kVowel, kConsonant, kOther };

Letter Classify(char c) {
  switch (c) {
    case 'a':
    case 'e':
    case 'i':
    case 'o':
    case 'u':
      return Letter::kVowel;
    default:
      return c >= 'a' && c <= 'z' ? Letter::kConsonant : Letter::kOther;
  }
}

std::unique_ptr<Link> Open(const char* path) {
  SAMPLE_CHECK(strlen(path) > 0, "no path");
  return std::unique_ptr<Link>(new Link(path));
}

std::map<int, int> Count(Link& link) {
  std::map<int, int> counts;
  char buffer[4];
  int n = 0;
  if (!link.Alive()) throw LinkLost("dead");
  do n = link.Receive(buffer, sizeof(buffer));
  while (n > 0 && [&] {
    for (int i = 0; i < n; ++i)
      if (const auto letter = static_cast<int>(Classify(buffer[i])); letter < 2)
        ++counts[letter];
      else
        ++counts[2];
    return true;
  }());
  return counts;
}

int Main(int argc, char** argv) {
  if (argc < 2) return 2;
  int retries = 0, status = 0;
again:
  try {
    const std::unique_ptr<Link> link = Open(argv[1]);
    for (const auto& entry : Count(*link)) printf("%d: %d\n", entry.first, Twice(entry.second));
  } catch (const LinkLost& lost) {
    printf("lost: %s\n", lost.what());
    if (++retries < 2) goto again;
    status = 3;
  } catch (const std::runtime_error& error) {
    printf("error: %s\n", error.what());
    status = 4;
  }
  fflush(stdout);
  if (argc > 2) raise(SIGKILL);
  return status;
}

}  // namespace
}  // namespace sample

int main(int argc, char** argv) { return sample::Main(argc, argv); }
