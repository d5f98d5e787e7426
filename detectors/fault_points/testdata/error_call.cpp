// Cases for the kind error_call: what a comment says is found in its line, and nothing else. Not .cc: formatting moves comments.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <system_error>

typedef enum { ncclSuccess = 0, ncclSystemError = 2 } ncclResult_t;
typedef enum { cudaSuccess = 0, cudaErrorUnknown = 999 } cudaError_t;
typedef struct Comm* ncclComm_t;
extern "C" ncclResult_t ncclAllReduce(void*, ncclComm_t);
extern "C" const char* ncclGetErrorString(ncclResult_t);
extern "C" cudaError_t cudaStreamSynchronize(void*);
namespace absl {
class Status {
 public:
  bool ok() const;
};
template <typename T>
class StatusOr {
 public:
  bool ok() const;
};
}  // namespace absl
namespace rocks {
class Status {
 public:
  bool ok() const;
};
}  // namespace rocks

using Result = ncclResult_t;
Result Wrapped(ncclComm_t comm);
absl::Status Load(const char* path);
absl::StatusOr<int> Parse(const char* text);
rocks::Status Put(int key);
std::optional<int> Lookup(int key);
std::error_code Flush(int fd);
int Transfer(int fd);
int Size(int fd);
bool SendFrame(int fd);
bool Verbose();
void Use(int);
#define CHECK_NCCL(call) \
  do {                   \
    const ncclResult_t result = call; \
    if (result != ncclSuccess) return; \
  } while (false)

void Nccl(void* data, ncclComm_t comm) {
  if (ncclAllReduce(data, comm) != ncclSuccess) return;  // kept: error_call ncclAllReduce nccl instrumented
  CHECK_NCCL(ncclAllReduce(data, comm));                 // kept: error_call ncclAllReduce nccl instrumented
  const Result result = Wrapped(comm);                   // kept: error_call Wrapped nccl
  puts(ncclGetErrorString(result));
  ncclAllReduce(data, comm);        // dropped: error_call answer
  (void)ncclAllReduce(data, comm);  // dropped: error_call answer
}

void Cuda() {
  const cudaError_t status = cudaStreamSynchronize(nullptr);  // kept: error_call cudaStreamSynchronize cuda
  if (status != cudaSuccess) return;
}

void Errno(char* buffer) {
  const int fd = open("/tmp/x", O_RDONLY);     // kept: error_call open errno EIO
  if (read(fd, buffer, 1) < 0) return;         // kept: error_call read errno
  ssize_t n;
  if ((n = recv(fd, buffer, 1, 0)) == -1) {    // kept: error_call recv errno ECONNRESET
    return;
  }
  FILE* file = fopen("/tmp/x", "r");           // kept: error_call fopen errno_pointer
  if (!file) return;
  const int made = pthread_mutex_lock(nullptr);  // kept: error_call pthread_mutex_lock errno_value
  Use(made);
  close(fd);                                   // dropped: error_call answer
  if (Transfer(fd) < 0) return;                // kept: error_call Transfer errno
  const int sent = Transfer(fd);               // kept: error_call Transfer errno
  if (sent == -1) return;
  if (Size(fd) > 3) return;
  Use(Size(fd));
}

int Statuses(const char* path) {
  if (!Load(path).ok()) return 1;     // kept: error_call Load status kUnavailable instrumented
  const auto parsed = Parse(path);    // kept: error_call Parse status instrumented
  if (!parsed.ok()) return 2;
  if (!Put(1).ok()) return 3;         // kept: error_call Put status no-recipe
  Load(path);                         // dropped: error_call answer
  return 0;
}

void ErrorCodes(int fd) {
  if (Flush(fd)) return;              // kept: error_call Flush error_code
  std::error_code error;
  std::filesystem::create_directory("/tmp/x", error);  // kept: error_call create_directory error_code_out
}

void Optionals() {
  const auto found = Lookup(1);       // kept: error_call Lookup optional
  if (!found) return;
}

void Bools(int fd) {
  if (!SendFrame(fd)) return;         // kept: error_call SendFrame bool
  if (Verbose()) return;
}

