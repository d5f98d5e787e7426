#include "injector/sites/file_path.h"

#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace rankle::sites {
namespace {

constexpr int kNone = -1;
constexpr char kDeleted[] = " (deleted)";  // what the kernel adds to the name of an unlinked file

// Where a call has its file: a descriptor, or a path and the descriptor of the directory it starts from.
struct Place {
  uint16_t api;
  int descriptor, folder, path;  // positions of arguments
};
constexpr Place kPlaces[] = {
    {api::IdOf("open"), kNone, kNone, 0},     {api::IdOf("openat"), kNone, 0, 1},
    {api::IdOf("creat"), kNone, kNone, 0},    {api::IdOf("rename"), kNone, kNone, 1},
    {api::IdOf("renameat"), kNone, 2, 3},     {api::IdOf("unlink"), kNone, kNone, 0},
    {api::IdOf("mkdir"), kNone, kNone, 0},    {api::IdOf("read"), 0, kNone, kNone},
    {api::IdOf("write"), 0, kNone, kNone},    {api::IdOf("pread"), 0, kNone, kNone},
    {api::IdOf("pwrite"), 0, kNone, kNone},   {api::IdOf("readv"), 0, kNone, kNone},
    {api::IdOf("writev"), 0, kNone, kNone},   {api::IdOf("close"), 0, kNone, kNone},
    {api::IdOf("fsync"), 0, kNone, kNone},    {api::IdOf("fdatasync"), 0, kNone, kNone},
    {api::IdOf("ftruncate"), 0, kNone, kNone}};

const Place* FindPlace(uint16_t api) {
  for (const Place& place : kPlaces) {
    if (place.api == api) return &place;
  }
  return nullptr;
}

// The kernel's name of an open file; snprintf is no function for signal handlers.
bool NameOf(int descriptor, FilePath* path) {
  if (descriptor < 0) return false;
  char link[sizeof("/proc/self/fd/") + 3 * sizeof(int)];
  memcpy(link, "/proc/self/fd/", sizeof("/proc/self/fd/"));
  char digits[3 * sizeof(int)];
  int count = 0;
  do {
    digits[count++] = static_cast<char>('0' + descriptor % 10);
  } while ((descriptor /= 10) != 0);
  char* end = link + sizeof("/proc/self/fd/") - 1;
  while (count > 0) *end++ = digits[--count];
  *end = '\0';
  ssize_t size = readlink(link, path->text, PATH_MAX);
  if (size <= 0 || path->text[0] != '/') return false;
  constexpr ssize_t kSuffix = sizeof(kDeleted) - 1;
  if (size > kSuffix && memcmp(path->text + size - kSuffix, kDeleted, kSuffix) == 0) size -= kSuffix;
  path->text[size] = '\0';
  return true;
}

// By system call: libc's open is one of those that the program's calls are counted of.
bool NameOfPath(int folder, const char* name, int flags, FilePath* path) {
  const long opened = syscall(SYS_openat, folder, name, O_PATH | O_CLOEXEC | flags, 0);
  if (opened < 0) return false;
  const bool known = NameOf(static_cast<int>(opened), path);
  syscall(SYS_close, opened);
  return known;
}

// A file that is not there: its directory, and the last part of the name.
bool NameOfNewFile(int folder, const char* name, FilePath* path) {
  const char* const slash = strrchr(name, '/');
  const size_t length = slash == nullptr ? 1 : slash == name ? 1 : static_cast<size_t>(slash - name);
  if (length >= PATH_MAX) return false;
  memcpy(path->text, slash == nullptr ? "." : name, length);
  path->text[length] = '\0';
  if (!NameOfPath(folder, path->text, O_DIRECTORY, path)) return false;
  const char* const leaf = slash == nullptr ? name : slash + 1;
  size_t end = strlen(path->text);
  if (end > 1) path->text[end++] = '/';
  const size_t size = strlen(leaf);
  if (end + size > PATH_MAX) return false;
  memcpy(path->text + end, leaf, size + 1);
  return true;
}

}  // namespace

bool PathOf(const Visit& visit, FilePath* path) {
  const Place* const place = FindPlace(visit.call->api);
  if (place == nullptr) return false;
  if (place->descriptor != kNone) return NameOf(visit.Argument<int>(place->descriptor), path);
  const int folder = place->folder == kNone ? AT_FDCWD : visit.Argument<int>(place->folder);
  const char* const name = visit.Argument<const char*>(place->path);
  if (name == nullptr || name[0] == '\0') return false;
  return NameOfPath(folder, name, 0, path) || NameOfNewFile(folder, name, path);
}

bool MayNeedRoom(const Visit& visit) {
  const uint16_t id = visit.call->api;
  if (id == api::IdOf("open")) return (visit.Argument<int>(1) & O_CREAT) != 0;
  if (id == api::IdOf("openat")) return (visit.Argument<int>(2) & O_CREAT) != 0;
  return true;
}

}  // namespace rankle::sites
