#include "detectors/fault_points/api_table.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace rankle::points {
namespace {

constexpr bool kIo = true, kWaits = true, kSleeps = true;

// Sorted by hand into what they touch; looked up linearly through `*` names last. Values: the error that the
// function meets most often in the field.
constexpr Api kApis[] = {
    // sockets
    {"socket", Family::kErrno, "(errno = EMFILE, -1)", kIo},
    {"bind", Family::kErrno, "(errno = EADDRINUSE, -1)", kIo},
    {"listen", Family::kErrno, "(errno = EADDRINUSE, -1)", kIo},
    {"connect", Family::kErrno, "(errno = ECONNREFUSED, -1)", kIo, kWaits},
    {"accept", Family::kErrno, "(errno = ECONNABORTED, -1)", kIo, kWaits},
    {"accept4", Family::kErrno, "(errno = ECONNABORTED, -1)", kIo, kWaits},
    {"send", Family::kErrno, "(errno = ECONNRESET, -1)", kIo},
    {"sendto", Family::kErrno, "(errno = ECONNRESET, -1)", kIo},
    {"sendmsg", Family::kErrno, "(errno = ECONNRESET, -1)", kIo},
    {"recv", Family::kErrno, "(errno = ECONNRESET, -1)", kIo, kWaits},
    {"recvfrom", Family::kErrno, "(errno = ECONNRESET, -1)", kIo, kWaits},
    {"recvmsg", Family::kErrno, "(errno = ECONNRESET, -1)", kIo, kWaits},
    {"shutdown", Family::kErrno, "(errno = ENOTCONN, -1)", kIo},
    {"setsockopt", Family::kErrno, "(errno = EINVAL, -1)", kIo},
    {"getsockopt", Family::kErrno, "(errno = EBADF, -1)", kIo},
    {"getsockname", Family::kErrno, "(errno = EBADF, -1)", kIo},
    {"getpeername", Family::kErrno, "(errno = ENOTCONN, -1)", kIo},
    {"getaddrinfo", Family::kErrorNumber, "EAI_AGAIN", kIo, kWaits},
    {"getnameinfo", Family::kErrorNumber, "EAI_AGAIN", kIo, kWaits},
    {"getifaddrs", Family::kErrno, "(errno = EIO, -1)", kIo},
    {"gethostname", Family::kErrno, "(errno = EIO, -1)"},
    {"ioctl", Family::kErrno, "(errno = EIO, -1)", kIo},
    {"fcntl", Family::kErrno, "(errno = EBADF, -1)", kIo},
    // waiting for descriptors
    {"poll", Family::kErrno, "(errno = EINTR, -1)", kIo, kWaits},
    {"ppoll", Family::kErrno, "(errno = EINTR, -1)", kIo, kWaits},
    {"select", Family::kErrno, "(errno = EINTR, -1)", kIo, kWaits},
    {"epoll_create", Family::kErrno, "(errno = EMFILE, -1)", kIo},
    {"epoll_create1", Family::kErrno, "(errno = EMFILE, -1)", kIo},
    {"epoll_ctl", Family::kErrno, "(errno = ENOMEM, -1)", kIo},
    {"epoll_wait", Family::kErrno, "(errno = EINTR, -1)", kIo, kWaits},
    {"eventfd", Family::kErrno, "(errno = EMFILE, -1)", kIo},
    {"pipe", Family::kErrno, "(errno = EMFILE, -1)", kIo},
    {"pipe2", Family::kErrno, "(errno = EMFILE, -1)", kIo},
    // files
    {"open", Family::kErrno, "(errno = EIO, -1)", kIo},
    {"openat", Family::kErrno, "(errno = EIO, -1)", kIo},
    {"creat", Family::kErrno, "(errno = EIO, -1)", kIo},
    {"read", Family::kErrno, "(errno = EIO, -1)", kIo, kWaits},
    {"readv", Family::kErrno, "(errno = EIO, -1)", kIo, kWaits},
    {"pread", Family::kErrno, "(errno = EIO, -1)", kIo},
    {"write", Family::kErrno, "(errno = ENOSPC, -1)", kIo},
    {"writev", Family::kErrno, "(errno = ENOSPC, -1)", kIo},
    {"pwrite", Family::kErrno, "(errno = ENOSPC, -1)", kIo},
    {"fsync", Family::kErrno, "(errno = EIO, -1)", kIo, kWaits},
    {"fdatasync", Family::kErrno, "(errno = EIO, -1)", kIo, kWaits},
    {"ftruncate", Family::kErrno, "(errno = ENOSPC, -1)", kIo},
    {"posix_fallocate", Family::kErrorNumber, "ENOSPC", kIo},
    {"lseek", Family::kErrno, "(errno = EIO, -1)", kIo},
    {"close", Family::kErrno, "(errno = EIO, -1)", kIo},
    {"rename", Family::kErrno, "(errno = EIO, -1)", kIo},
    {"unlink", Family::kErrno, "(errno = EIO, -1)", kIo},
    {"link", Family::kErrno, "(errno = EIO, -1)", kIo},
    {"mkdir", Family::kErrno, "(errno = EIO, -1)", kIo},
    {"rmdir", Family::kErrno, "(errno = EIO, -1)", kIo},
    {"stat", Family::kErrno, "(errno = EIO, -1)", kIo},
    {"fstat", Family::kErrno, "(errno = EIO, -1)", kIo},
    {"lstat", Family::kErrno, "(errno = EIO, -1)", kIo},
    {"access", Family::kErrno, "(errno = EIO, -1)", kIo},
    {"flock", Family::kErrno, "(errno = EINTR, -1)", kIo, kWaits},
    {"opendir", Family::kErrnoPointer, "(errno = EIO, nullptr)", kIo},
    {"fopen", Family::kErrnoPointer, "(errno = EIO, nullptr)", kIo},
    {"fdopen", Family::kErrnoPointer, "(errno = EMFILE, nullptr)", kIo},
    {"fread", Family::kNone, "", kIo},
    {"fwrite", Family::kNone, "", kIo},
    {"fflush", Family::kErrno, "(errno = EIO, -1)", kIo},
    {"fclose", Family::kErrno, "(errno = EIO, -1)", kIo},
    {"mmap", Family::kErrnoPointer, "(errno = ENOMEM, MAP_FAILED)", kIo},
    {"munmap", Family::kErrno, "(errno = EINVAL, -1)", kIo},
    {"shm_open", Family::kErrno, "(errno = EMFILE, -1)", kIo},
    // processes and threads
    {"fork", Family::kErrno, "(errno = EAGAIN, -1)", kIo},
    {"execv*", Family::kErrno, "(errno = ENOENT, -1)", kIo},
    {"execl*", Family::kErrno, "(errno = ENOENT, -1)", kIo},
    {"posix_spawn*", Family::kErrorNumber, "EAGAIN", kIo},
    {"kill", Family::kErrno, "(errno = ESRCH, -1)", kIo},
    {"wait", Family::kErrno, "(errno = EINTR, -1)", kIo, kWaits},
    {"waitpid", Family::kErrno, "(errno = EINTR, -1)", kIo, kWaits},
    {"pthread_create", Family::kErrorNumber, "EAGAIN"},
    {"pthread_join", Family::kErrorNumber, "EINVAL", false, kWaits},
    {"pthread_mutex_lock", Family::kErrorNumber, "EINVAL", false, kWaits},
    {"pthread_cond_wait", Family::kErrorNumber, "EINVAL", false, kWaits},
    {"pthread_cond_timedwait", Family::kErrorNumber, "ETIMEDOUT", false, kWaits, kSleeps},
    {"sem_wait", Family::kErrno, "(errno = EINTR, -1)", false, kWaits},
    {"sem_timedwait", Family::kErrno, "(errno = ETIMEDOUT, -1)", false, kWaits, kSleeps},
    {"sched_yield", Family::kNone, "", false, kWaits},
    // sleeping
    {"sleep", Family::kNone, "", false, kWaits, kSleeps},
    {"usleep", Family::kNone, "", false, kWaits, kSleeps},
    {"nanosleep", Family::kErrno, "(errno = EINTR, -1)", false, kWaits, kSleeps},
    {"clock_nanosleep", Family::kErrorNumber, "EINTR", false, kWaits, kSleeps},
    {"std::this_thread::sleep_for", Family::kNone, "", false, kWaits, kSleeps},
    {"std::this_thread::sleep_until", Family::kNone, "", false, kWaits, kSleeps},
    {"std::this_thread::yield", Family::kNone, "", false, kWaits},
    {"absl::SleepFor", Family::kNone, "", false, kWaits, kSleeps},
    // C++ waits
    {"std::condition_variable::wait_for", Family::kNone, "", false, kWaits, kSleeps},
    {"std::condition_variable::wait_until", Family::kNone, "", false, kWaits, kSleeps},
    {"std::condition_variable::wait", Family::kNone, "", false, kWaits},
    {"std::condition_variable_any::wait*", Family::kNone, "", false, kWaits},
    {"std::future::*", Family::kNone, "", false, kWaits},
    {"std::shared_future::*", Family::kNone, "", false, kWaits},
    {"std::__basic_future::wait_for", Family::kNone, "", false, kWaits, kSleeps},
    {"std::__basic_future::*", Family::kNone, "", false, kWaits},
    {"std::thread::join", Family::kNone, "", false, kWaits},
    {"std::mutex::lock", Family::kNone, "", false, kWaits},
    {"std::lock_guard::*", Family::kNone, "", false, kWaits},
    {"std::unique_lock::*", Family::kNone, "", false, kWaits},
    {"std::scoped_lock::*", Family::kNone, "", false, kWaits},
    {"std::atomic::wait", Family::kNone, "", false, kWaits},
    {"absl::Mutex::*", Family::kNone, "", false, kWaits},
    {"absl::CondVar::*", Family::kNone, "", false, kWaits},
    // C++ files
    {"std::basic_ifstream::*", Family::kNone, "", kIo},
    {"std::basic_ofstream::*", Family::kNone, "", kIo},
    {"std::basic_fstream::*", Family::kNone, "", kIo},
    {"std::basic_filebuf::*", Family::kNone, "", kIo},
    {"std::basic_istream::read", Family::kNone, "", kIo},
    {"std::basic_istream::get", Family::kNone, "", kIo},
    {"std::getline", Family::kNone, "", kIo},
    {"std::basic_ostream::flush", Family::kNone, "", kIo},
    {"std::filesystem::*", Family::kNone, "", kIo},
    // accelerators and verbs; their error families follow from the types that they return
    {"ncclGetErrorString", Family::kNone, ""},
    {"cudaGetErrorString", Family::kNone, ""},
    {"ncclCommGetAsyncError", Family::kNccl, "ncclSystemError", kIo},
    {"nccl*", Family::kNccl, "ncclSystemError", kIo, kWaits},
    {"cudaStreamSynchronize", Family::kCuda, "cudaErrorUnknown", kIo, kWaits},
    {"cudaMalloc*", Family::kCuda, "cudaErrorMemoryAllocation", kIo},
    {"cuda*", Family::kCuda, "cudaErrorUnknown", kIo},
    {"ibv_poll_cq", Family::kErrno, "-1", kIo},
    {"ibv_*", Family::kNone, "", kIo},
    {"rdma_*", Family::kNone, "", kIo},
    {"MPI_*", Family::kMpi, "MPI_ERR_OTHER", kIo, kWaits},
    {"PMPI_*", Family::kMpi, "MPI_ERR_OTHER", kIo, kWaits},
};

constexpr ErrorType kErrorTypes[] = {
    {"ncclResult_t", Family::kNccl, "ncclSystemError"},
    {"cudaError_t", Family::kCuda, "cudaErrorUnknown"},
    {"cudaError", Family::kCuda, "cudaErrorUnknown"},
    {"CUresult", Family::kCudaDriver, "CUDA_ERROR_UNKNOWN"},
    {"cudaError_enum", Family::kCudaDriver, "CUDA_ERROR_UNKNOWN"},
    {"absl::Status", Family::kStatus,
     "::absl::Status(::absl::StatusCode::kUnavailable, \"injected by rankle\")"},
    {"absl::StatusOr", Family::kStatus,
     "::absl::Status(::absl::StatusCode::kUnavailable, \"injected by rankle\")"},
    {"std::error_code", Family::kErrorCode, "::std::make_error_code(::std::errc::connection_reset)"},
    {"std::optional", Family::kOptional, "::std::nullopt"},
    {"std::expected", Family::kExpected, ""},
    {"absl::optional", Family::kOptional, "::absl::nullopt"},
    {"boost::system::error_code", Family::kErrorCode, ""},
};

constexpr std::string_view kProgrammerErrors[] = {
    "std::logic_error",  "std::invalid_argument",  "std::domain_error",         "std::length_error",
    "std::out_of_range", "std::bad_alloc",         "std::bad_array_new_length", "std::bad_cast",
    "std::bad_typeid",   "std::bad_function_call", "std::bad_optional_access",  "std::bad_variant_access",
};

constexpr std::string_view kLibraryDetectors[] = {
    "absl::Status::ok",
    "absl::StatusOr::ok",
    "std::weak_ptr::expired",
    "std::__weak_ptr::expired",
    "std::basic_ios::good",
    "std::basic_ios::fail",
    "std::basic_ios::bad",
    "std::basic_ios::operator!",
    "std::basic_ifstream::is_open",
    "std::basic_ofstream::is_open",
    "std::basic_fstream::is_open",
};

bool Matches(std::string_view pattern, std::string_view name) {
  if (!pattern.empty() && pattern.back() == '*')
    return name.substr(0, pattern.size() - 1) == pattern.substr(0, pattern.size() - 1);
  return pattern == name;
}

template <typename Table>
const auto* Find(const Table& table, std::string_view name) {
  const auto it = std::find_if(std::begin(table), std::end(table),
                               [&](const auto& row) { return Matches(row.name, name); });
  return it == std::end(table) ? nullptr : &*it;
}

template <typename Table>
bool Has(const Table& table, std::string_view name) {
  return std::find(std::begin(table), std::end(table), name) != std::end(table);
}

}  // namespace

const char* FamilyName(Family family) {
  static constexpr const char* kNames[] = {
      "",    "nccl",   "cuda",       "cuda_driver",    "errno",    "errno_pointer", "errno_value",
      "mpi", "status", "error_code", "error_code_out", "optional", "expected",      "bool"};
  return kNames[static_cast<int>(family)];
}

const Api* FindApi(std::string_view qualified_name) { return Find(kApis, qualified_name); }

const ErrorType* FindErrorType(std::string_view type_name) {
  if (const ErrorType* known = Find(kErrorTypes, type_name)) return known;
  // Many libraries have a Status of their own (rocksdb, arrow, protobuf): no value is known that fits them
  // all.
  static constexpr ErrorType kForeign{"", Family::kStatus, ""};
  const size_t colon = type_name.rfind(':');
  const std::string_view last = colon == std::string_view::npos ? type_name : type_name.substr(colon + 1);
  return last == "Status" || last == "StatusOr" ? &kForeign : nullptr;
}

bool IsProgrammerError(std::string_view exception_class) { return Has(kProgrammerErrors, exception_class); }

bool IsAssertionMacro(std::string_view macro) {
  std::string lower(macro);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  for (const std::string_view word : {"assert", "unreachable", "not_reached", "notreached", "dcheck"}) {
    if (lower.find(word) != std::string::npos) return true;
  }
  return false;
}

bool IsLibraryDetector(std::string_view qualified_name) { return Has(kLibraryDetectors, qualified_name); }

}  // namespace rankle::points
