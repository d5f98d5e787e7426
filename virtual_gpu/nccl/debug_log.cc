#include "virtual_gpu/nccl/debug_log.h"

#include <strings.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <mutex>
#include <string_view>

#include "absl/strings/str_split.h"
#include "virtual_gpu/nccl/device.h"

namespace rankle::virtual_nccl {
namespace {

constexpr unsigned long kDefaultSubsystems = kLogInit | kLogBootstrap | kLogEnv;
constexpr size_t kLineLimit = 1024;  // prefix and text, as NCCL cuts them

LogLevel ParseLevel(const char* text) {
  static constexpr std::array<const char*, 6> kNames = {"NONE", "VERSION", "WARN", "INFO", "ABORT", "TRACE"};
  for (size_t i = 0; text != nullptr && i < kNames.size(); ++i) {
    if (strcasecmp(text, kNames[i]) == 0) return static_cast<LogLevel>(i);
  }
  return LogLevel::kNone;
}

unsigned long SubsystemBit(absl::string_view text) {
  static constexpr std::array<const char*, 18> kNames = {
      "INIT", "COLL",  "P2P",  "SHM",       "NET", "GRAPH",   "TUNING", "ENV",     "ALLOC",
      "CALL", "PROXY", "NVLS", "BOOTSTRAP", "REG", "PROFILE", "RAS",    "DESTROY", "ALLOC_HOST"};
  const std::string name(text);
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (strcasecmp(name.c_str(), kNames[i]) == 0) return 1ul << i;
  }
  return strcasecmp(name.c_str(), "ALL") == 0 ? ~0ul : 0;
}

unsigned long ParseSubsystems(const char* text) {
  if (text == nullptr) return kDefaultSubsystems;
  const bool inverted = text[0] == '^';
  unsigned long mask = inverted ? ~0ul : 0;
  for (const absl::string_view name : absl::StrSplit(text + (inverted ? 1 : 0), ',')) {
    mask = inverted ? mask & ~SubsystemBit(name) : mask | SubsystemBit(name);
  }
  return mask;
}

std::string ExpandFileName(const char* pattern) {
  std::string name;
  for (const char* at = pattern; *at != '\0'; ++at) {
    if (at[0] != '%' || at[1] == '\0') {
      name += *at;
      continue;
    }
    ++at;
    if (*at == 'h') {
      name += ShortHostName();
    } else if (*at == 'p') {
      name += std::to_string(getpid());
    } else if (*at == '%') {
      name += '%';
    } else {
      name += {'%', *at};
    }
  }
  return name;
}

struct Settings {
  LogLevel level = ParseLevel(std::getenv("NCCL_DEBUG"));
  unsigned long subsystems = ParseSubsystems(std::getenv("NCCL_DEBUG_SUBSYS"));
  bool stamp_info = false;
  bool stamp_warn = true;
  std::string stamp_format = "[%F %T] ";
  FILE* out = stdout;

  Settings() {
    if (const char* levels = std::getenv("NCCL_DEBUG_TIMESTAMP_LEVELS")) {
      const std::string_view text = levels;
      const auto listed = [&](std::string_view name) {
        return text.find("ALL") != text.npos || text.find(name) != text.npos;
      };
      stamp_info = listed("INFO");
      stamp_warn = listed("WARN");
    }
    if (const char* format = std::getenv("NCCL_DEBUG_TIMESTAMP_FORMAT")) {
      stamp_format = format;
      std::replace(stamp_format.begin(), stamp_format.end(), '_', ' ');
    }
    const char* file = std::getenv("NCCL_DEBUG_FILE");
    if (level > LogLevel::kVersion && file != nullptr && *file != '\0') {
      if (FILE* opened = std::fopen(ExpandFileName(file).c_str(), "w")) out = opened;
    }
  }
};

// Leaked on purpose: threads may log while the process exits.
const Settings& GetSettings() {
  static const auto* settings = new Settings;
  return *settings;
}

std::mutex& LastErrorMutex() {
  static auto* mutex = new std::mutex;
  return *mutex;
}
std::string& LastError() {
  static auto* text = new std::string;
  return *text;
}

std::string Timestamp(const std::string& format) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  tm local{};
  localtime_r(&now.tv_sec, &local);
  // "%Nf": N digits of the second's fraction.
  std::string expanded;
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] == '%' && i + 2 < format.size() && format[i + 1] >= '1' && format[i + 1] <= '9' &&
        format[i + 2] == 'f') {
      char digits[16];
      std::snprintf(digits, sizeof digits, "%09ld", now.tv_nsec);
      expanded.append(digits, static_cast<size_t>(format[i + 1] - '0'));
      i += 2;
    } else {
      expanded += format[i];
    }
  }
  char text[128] = "";
  std::strftime(text, sizeof text, expanded.c_str(), &local);
  return text;
}

void Print(bool stamped, const char* before, const char* middle, const char* text) {
  const Settings& settings = GetSettings();
  char line[kLineLimit];
  const int length =
      std::snprintf(line, sizeof line, "%s%s%s:%d:%ld [%d] %s%s", before,
                    stamped ? Timestamp(settings.stamp_format).c_str() : "", ShortHostName().c_str(),
                    getpid(), syscall(SYS_gettid), CurrentDevice(), middle, text);
  size_t size = std::min<size_t>(static_cast<size_t>(std::max(length, 0)), sizeof line - 2);
  line[size++] = '\n';
  // One write a line: ranks that share a terminal or a file do not cut into each other's lines.
  std::fwrite(line, 1, size, settings.out);
  std::fflush(settings.out);
}

std::string Format(const char* format, va_list arguments) {
  char text[kLineLimit];
  std::vsnprintf(text, sizeof text, format, arguments);
  return text;
}

void PrintWarning(const char* file, int line, const char* text) {
  if (GetSettings().level < LogLevel::kWarn) return;
  const char* slash = std::strrchr(file, '/');
  char middle[256];
  std::snprintf(middle, sizeof middle, "%s:%d NCCL WARN ", slash == nullptr ? file : slash + 1, line);
  Print(GetSettings().stamp_warn, "\n", middle, text);
}

}  // namespace

const std::string& ShortHostName() {
  static const auto* name = [] {
    char buffer[256] = "";
    gethostname(buffer, sizeof buffer - 1);
    return new std::string(buffer, std::strcspn(buffer, "."));
  }();
  return *name;
}

bool InfoEnabled(unsigned long subsystem) {
  return GetSettings().level >= LogLevel::kInfo && (GetSettings().subsystems & subsystem) != 0;
}

void LogInfo(unsigned long subsystem, const char* format, ...) {
  if (!InfoEnabled(subsystem)) return;
  va_list arguments;
  va_start(arguments, format);
  Print(GetSettings().stamp_info, "", "NCCL INFO ", Format(format, arguments).c_str());
  va_end(arguments);
}

void LogVersionOnce() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (GetSettings().level < LogLevel::kVersion) return;
    std::fprintf(GetSettings().out, "NCCL version %d.%d.%d%s+cuda%d.%d\n", NCCL_MAJOR, NCCL_MINOR, NCCL_PATCH,
                 NCCL_SUFFIX, CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10);
    std::fflush(GetSettings().out);
  });
}

ncclResult_t LogWarning(ncclResult_t result, const char* file, int line, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const std::string text = Format(format, arguments);
  va_end(arguments);
  {
    const std::lock_guard<std::mutex> lock(LastErrorMutex());
    LastError() = text;
  }
  PrintWarning(file, line, text.c_str());
  return result;
}

void PluginLogger(int level, unsigned long flags, const char* file, int line, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const std::string text = Format(format, arguments);
  va_end(arguments);
  if (level == static_cast<int>(LogLevel::kWarn)) {
    PrintWarning(file, line, text.c_str());
  } else if (InfoEnabled(flags)) {
    Print(GetSettings().stamp_info, "", "NCCL INFO ", text.c_str());
  }
}

const char* LastErrorText() {
  thread_local std::string copy;
  const std::lock_guard<std::mutex> lock(LastErrorMutex());
  copy = LastError();
  return copy.c_str();
}

}  // namespace rankle::virtual_nccl
