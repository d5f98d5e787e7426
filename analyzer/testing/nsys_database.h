// Small exports of Nsight Systems, written with SQLite by tests: the tables and columns that matter, as its
// documentation has them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace rankle::testing {

// One process with one device.
struct NsysProcess {
  int32_t pid = 100;
  uint32_t device = 0;
  int64_t mpi_rank = -1;
};

// A call of NCCL and the kernel that it launches. Times: microseconds since the session began.
struct NsysCall {
  std::string name = "ncclAllReduce";
  std::string kernel = "ncclDevKernel_AllReduce_Sum_f32_RING_LL";  // "" = none (not finished in the window)
  int64_t called = 0, started = 0, finished = 0;
  uint64_t communicator = 0xabc;
  int64_t bytes = 4096;
  int64_t peer = -1;
  bool grouped = false;  // launched by the ncclGroupEnd after it
};

class NsysDatabase {
 public:
  struct Form {
    bool ranges = true;                              // --trace=nvtx
    bool payloads = true;                            // NCCL tells communicator and size
    bool communicators = true;                       // payloads tell the communicator (NCCL 2.25 and later)
    bool launches = true;                            // CUPTI_ACTIVITY_KIND_RUNTIME
    bool inline_text = false;                        // names of ranges are texts, not numbers of strings
    int64_t session_ns = 1'700'000'000'000'000'000;  // 0: no such table
    std::string host = "node1";
    std::string capture;  // a row of META_DATA_CAPTURE, "" = no such table
  };
  // Makes the file anew. Failures end the test program.
  NsysDatabase(const std::string& path, const Form& form);
  explicit NsysDatabase(const std::string& path) : NsysDatabase(path, Form{}) {}
  ~NsysDatabase();
  NsysDatabase(const NsysDatabase&) = delete;
  NsysDatabase& operator=(const NsysDatabase&) = delete;

  // The process took part in the creation of a communicator.
  void Created(const NsysProcess& process, uint64_t communicator, int ranks, int rank);
  void Call(const NsysProcess& process, const NsysCall& call);
  // Calls between ncclGroupStart and ncclGroupEnd, launched as these kernels.
  void Group(const NsysProcess& process, const std::vector<NsysCall>& calls,
             const std::vector<NsysCall>& kernels);
  void Execute(const std::string& sql);

 private:
  int64_t String(const std::string& text);
  void Range(const NsysProcess& process, const std::string& name, int64_t start, int64_t end,
             const std::string& payload);
  void Kernel(const NsysProcess& process, const NsysCall& call, int64_t launched);
  std::string Payload(const NsysCall& call) const;

  Form form_;
  void* database_ = nullptr;
  int64_t strings_ = 0, correlations_ = 0;
};

}  // namespace rankle::testing
