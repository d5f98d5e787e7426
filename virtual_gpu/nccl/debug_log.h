// NCCL_DEBUG output in NCCL's grammar, and the last-error text of ncclGetLastError. Reads NCCL_DEBUG,
// NCCL_DEBUG_SUBSYS, NCCL_DEBUG_FILE, NCCL_DEBUG_TIMESTAMP_LEVELS and _FORMAT once, at the first line.
// Thread-safe.
#pragma once

#include <nccl.h>

#include <string>

namespace rankle::virtual_nccl {

enum class LogLevel { kNone = 0, kVersion = 1, kWarn = 2, kInfo = 3, kAbort = 4, kTrace = 5 };
enum LogSubsystem : unsigned long {
  kLogInit = 1ul << 0,
  kLogColl = 1ul << 1,
  kLogP2p = 1ul << 2,
  kLogNet = 1ul << 4,
  kLogEnv = 1ul << 7,
  kLogBootstrap = 1ul << 12,
  kLogReg = 1ul << 13,
  kLogProfile = 1ul << 14,
};

bool InfoEnabled(unsigned long subsystem);
void LogInfo(unsigned long subsystem, const char* format, ...) __attribute__((format(printf, 2, 3)));
// "NCCL version ..." once a process, from level VERSION on.
void LogVersionOnce();
// Keeps the text for LastErrorText(), prints it from level WARN on, and returns `result`.
ncclResult_t LogWarning(ncclResult_t result, const char* file, int line, const char* format, ...)
    __attribute__((format(printf, 4, 5)));
// The logger that plugins are given (ncclDebugLogger_t).
void PluginLogger(int level, unsigned long flags, const char* file, int line, const char* format, ...)
    __attribute__((format(printf, 5, 6)));

// Text of the last warning in this process; valid until this thread asks again.
const char* LastErrorText();

// The host's name up to the first dot.
const std::string& ShortHostName();

}  // namespace rankle::virtual_nccl

#define NCCL_FAIL(result, ...) ::rankle::virtual_nccl::LogWarning(result, __FILE__, __LINE__, __VA_ARGS__)
