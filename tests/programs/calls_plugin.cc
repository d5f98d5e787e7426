// A library with one call site, twice (sites_run_test): two builds that differ in their data only, so that
// their call sites are at the same offset.
#include <unistd.h>

extern "C" __attribute__((noinline)) int CallFromPlugin(int fd) {
  static const char text[] = PLUGIN;
  return write(fd, text, sizeof(text)) == sizeof(text) ? 1 : 0;
}
