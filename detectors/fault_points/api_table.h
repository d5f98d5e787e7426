// What is known of functions that programs call and whose bodies are not in their sources: how they report
// errors, and whether they reach outside the process or wait. The only place with such knowledge; shared by
// the kinds of fault points. Pure.
#pragma once

#include <string_view>

namespace rankle::points {

// How a call says that it failed. kNone: it does not, or nobody knows.
enum class Family {
  kNone,
  kNccl,
  kCuda,
  kCudaDriver,
  kErrno,         // negative, errno set
  kErrnoPointer,  // null (or MAP_FAILED), errno set
  kErrorNumber,   // the errno value itself: pthread_create
  kMpi,
  kStatus,
  kErrorCode,
  kErrorCodeOut,  // std::error_code& argument
  kOptional,
  kExpected,
  kBool,
};

const char* FamilyName(Family family);

struct Api {
  std::string_view name;  // qualified, inline namespaces left out
  Family family = Family::kNone;
  std::string_view value;  // the error to inject, as C++
  bool io = false;         // reaches outside the process
  bool waits = false;      // blocks or sleeps
  bool sleeps = false;     // ... for a time that the caller names
};

// nullptr: unknown. A name with `*` at its end stands for all that begin so.
const Api* FindApi(std::string_view qualified_name);

// By the type that a call returns ("ncclResult_t", "absl::StatusOr"), without template arguments.
struct ErrorType {
  std::string_view name;
  Family family;
  std::string_view value;
};
const ErrorType* FindErrorType(std::string_view type_name);

// Exceptions that report a mistake of the programmer, not of the world around the program: dropped.
bool IsProgrammerError(std::string_view exception_class);

// Macros whose failure is a programmer's error, not a fault: assert, unreachable, DCHECK.
bool IsAssertionMacro(std::string_view macro);

// Answers of library objects that say whether something failed: absl::Status::ok, std::weak_ptr::expired.
bool IsLibraryDetector(std::string_view qualified_name);

}  // namespace rankle::points
