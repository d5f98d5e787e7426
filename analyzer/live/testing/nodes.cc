#include "analyzer/live/testing/nodes.h"

#include <stdlib.h>

#include <algorithm>
#include <filesystem>

#include "absl/strings/str_cat.h"

namespace rankle::live::testing {

JobBuilder HangingJob() {
  rankle::testing::DdpJob ddp(4);
  rankle::testing::Enter(ddp.job, ddp.dp, 2.2, {0, 1, 2});
  ddp.job.ObservedUntil(12.2);
  return ddp.job;
}

NodesOfJob::NodesOfJob(const JobBuilder& job, int nodes) {
  std::string pattern = (std::filesystem::temp_directory_path() / "rankle-nodes-XXXXXX").string();
  const std::string directory = mkdtemp(pattern.data());
  job.WriteTo(directory);
  const std::vector<record::FlightRecord> records = ReadNewest(directory, kDigestRecords);
  std::filesystem::remove_all(directory);
  const size_t share = (records.size() + static_cast<size_t>(nodes) - 1) / static_cast<size_t>(nodes);
  for (int n = 0; n < nodes; ++n) {
    Part part;
    part.node = part.digest.node = part.digest.host = absl::StrCat("n", n);
    part.has_digest = true, part.written_s = 100, part.digest.sequence = 1;
    for (size_t i = static_cast<size_t>(n) * share;
         i < std::min(records.size(), (static_cast<size_t>(n) + 1) * share); ++i) {
      part.digest.processes.push_back(records[i]);
      part.digest.processes.back().process.host = part.node;
      part.digest.monotonic_ns = std::max(part.digest.monotonic_ns, records[i].process.heartbeat_ns);
    }
    for (record::FlightRecord& record : part.digest.processes) record.observed_ns = part.digest.monotonic_ns;
    parts_.push_back(std::move(part));
  }
}

}  // namespace rankle::live::testing
