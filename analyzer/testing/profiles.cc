#include "analyzer/testing/profiles.h"

#include <unistd.h>

#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "analyzer/import/importer.h"

namespace rankle::testing {

namespace fs = std::filesystem;

std::string Kernel(double ts, double dur, const std::string& collective, const std::string& group,
                   const std::string& ranks, int size, int elements, int external, const std::string& more) {
  const std::string args = absl::StrFormat(
      R"("External id": %d, "device": 0, "stream": 7, "correlation": %d, "Collective name": "%s", )"
      R"("In msg nelems": %d, "Out msg nelems": %d, "Group size": %d, "dtype": "Float", )"
      R"("Process Group Name": "%s", "Process Group Description": "%s_desc", "Process Group Ranks": "%s"%s)",
      external, external, collective, elements, elements, size, group, group, ranks, more);
  return absl::StrFormat(
      R"j({"ph": "X", "cat": "kernel", "name": "ncclDevKernel_AllReduce_Sum_f32_RING_LL(Args<4096ul>)", )j"
      R"("pid": 0, "tid": 7, "ts": %f, "dur": %f, "args": {%s}})",
      ts, dur, args);
}

std::string Call(double ts, int external) {
  return absl::StrFormat(
      R"({"ph": "X", "cat": "cpu_op", "name": "record_param_comms", "pid": 9, "tid": 9, "ts": %f, "dur": 5, )"
      R"("args": {"External id": %d}})",
      ts, external);
}

std::string Step(int number, double ts, double dur) {
  return absl::StrFormat(
      R"({"ph": "X", "cat": "user_annotation", "name": "ProfilerStep#%d", "pid": 9, "tid": 9, "ts": %f, )"
      R"("dur": %f})",
      number, ts, dur);
}

std::string Document(int rank, int world, const std::vector<std::string>& events, const std::string& info,
                     const std::string& head) {
  std::string text = R"({"schemaVersion": 1, "deviceProperties": [{"id": 0, "name": "a \"GPU\""}],)";
  absl::StrAppend(&text, head);
  if (rank >= 0)
    absl::StrAppend(&text, R"("distributedInfo": {"backend": "nccl", "rank": )", rank, R"(, "world_size": )",
                    world, info, "},");
  absl::StrAppend(&text, "\n\"traceEvents\": [\n");
  // What surrounds the interesting events.
  absl::StrAppend(&text, R"({"ph": "M", "name": "process_name", "pid": 0, "args": {"name": "python"}})");
  for (const std::string& event : events) absl::StrAppend(&text, ",\n", event);
  return text + "\n], \"traceName\": \"t.json\"}\n";
}

ProfileTest::ProfileTest()
    : directory_(fs::path(::testing::TempDir()) / absl::StrCat("profiles-", getpid())) {
  fs::remove_all(directory_);
  fs::create_directories(directory_);
}
ProfileTest::~ProfileTest() { fs::remove_all(directory_); }

void ProfileTest::Write(const std::string& name, const std::string& text) {
  fs::create_directories((directory_ / name).parent_path());
  std::ofstream(directory_ / name) << text;
}

store::Store ProfileTest::Read() {
  auto store = import::ImportPaths({directory_.string()});
  EXPECT_TRUE(store.ok()) << store.status();
  return store.ok() ? *std::move(store) : store::Store{};
}

}  // namespace rankle::testing
