#include "analyzer/testing/nccl_tools.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace rankle::testing {
namespace {

const char* Bool(bool value) { return value ? "true" : "false"; }

std::string Head(const RasRankText& r, int process) {
  return absl::StrFormat(
      "        {\n          \"rank\": %d,\n          \"host\": \"%s\",\n          \"pid\": %d,\n"
      "          \"cuda_dev\": %d,\n          \"nvml_dev\": %d,\n          \"status\": {\n",
      r.rank, r.unknown ? "unknown" : absl::StrCat("10.0.0.", 1 + process / 4),
      r.unknown ? -1 : 1000 + process, process % 4, process % 4);
}

std::string Answered(const RasRankText& r, int process) {
  return absl::StrCat(
      Head(r, process),
      absl::StrFormat(
          "            \"init_state\": %d,\n            \"async_error\": %d,\n"
          "            \"finalize_called\": %s,\n            \"destroy_flag\": false,\n"
          "            \"abort_flag\": false\n          },\n          \"collective_counts\": {\n"
          "            \"Broadcast\": 0,\n            \"Reduce\": 0,\n            \"AllGather\": %u,\n"
          "            \"ReduceScatter\": 0,\n            \"AllReduce\": %u\n          }\n        }",
          r.init_state, r.async_error, Bool(r.finalizing), r.all_gathers, r.all_reduces));
}

std::string Missing(const RasRankText& r, int process) {
  return absl::StrCat(Head(r, process), "            \"unresponsive\": ", Bool(r.unresponsive),
                      ",\n            \"considered_dead\": ", Bool(r.dead), "\n          }\n        }");
}

}  // namespace

std::string RasStatus(const std::string& time, const std::vector<RasCommunicatorText>& communicators) {
  std::string text = absl::StrFormat(
      "{\n  \"nccl_version\": \"2.29.1\",\n  \"cuda_runtime_version\": 13000,\n  \"cuda_driver_version\": "
      "13000,\n"
      "  \"timestamp\": \"2025-12-19 %s\",\n  \"communicators_count\": %d,\n  \"communicators\": [\n",
      time, communicators.size());
  for (size_t i = 0; i < communicators.size(); ++i) {
    const RasCommunicatorText& c = communicators[i];
    std::vector<std::string> here, missing;
    for (const RasRankText& r : c.ranks)
      r.missing ? missing.push_back(Missing(r, c.processes[r.rank]))
                : here.push_back(Answered(r, c.processes[r.rank]));
    absl::StrAppendFormat(
        &text,
        "%s    {\n      \"hash\": \"0x%x\",\n      \"secondary_hash\": \"0x1:0x2\",\n"
        "      \"size\": %d,\n      \"ranks_count\": %d,\n      \"missing_ranks_count\": %d,\n"
        "      \"ranks\": [\n%s\n      ],\n      \"missing_ranks\": [\n%s\n      ]\n    }",
        i == 0 ? "" : ",\n", c.hash, c.processes.size(), here.size(), missing.size(),
        absl::StrJoin(here, ",\n"), absl::StrJoin(missing, ",\n"));
  }
  return text +
         "\n  ],\n  \"ras\": {\n    \"collection_time_sec\": 0.001,\n    \"timeouts_count\": 0\n  }\n}\n";
}

std::string RasStatus(const std::string& time, const std::vector<uint64_t>& counts) {
  RasCommunicatorText c;
  for (size_t r = 0; r < counts.size(); ++r) {
    c.processes.push_back(static_cast<int>(r));
    c.ranks.push_back({.rank = static_cast<int>(r), .all_reduces = counts[r]});
  }
  return RasStatus(time, {c});
}

std::string RasStatusText(const std::string& errors, const std::string& warnings) {
  return absl::StrCat(
      "NCCL version 2.26.2 compiled with CUDA 12.4\nCUDA runtime version 12040, driver version 12040\n\n"
      "Job summary\n===========\n\n  Nodes  Processes         GPUs  Processes     GPUs\n"
      "(total)   per node  per process    (total)  (total)\n      1          4            1          4       "
      " 4\n\n"
      "Communicators... (2.05s)\n=============\n\n"
      "Group     Comms     Nodes     Ranks     Ranks     Ranks    Status  Errors\n"
      "    #  in group  per comm  per node  per comm  in group\n"
      "    0         1         1       3-4         4         4   RUNNING  INCOMPLETE\n\nErrors\n======\n\n",
      errors, "\nWarnings\n========\n\n", warnings);
}

std::string RasPeerDead(const std::string& time, int process) {
  return absl::StrFormat(
      "{\n  \"timestamp\": \"2025-12-19 %s\",\n  \"group\": \"LIFECYCLE\",\n  \"event\": \"PEER_DEAD\",\n"
      "  \"peer\": {\n    \"host\": \"10.0.0.%d\",\n    \"pid\": %d,\n    \"cuda_devs\": [%d],\n"
      "    \"nvml_devs\": [%d]\n  },\n  \"details\": \"\"\n}\n",
      time, 1 + process / 4, 1000 + process, process % 4, process % 4);
}

std::string InspectorLine(const InspectorText& r) {
  const char* kind = r.p2p ? "p2p" : "coll";
  std::string text = absl::StrFormat("{\"header\":{\"id\":\"0x%x\",", r.communicator);
  if (!r.name.empty()) absl::StrAppendFormat(&text, "\"comm_name\":\"%s\",", r.name);
  absl::StrAppendFormat(
      &text,
      "\"rank\":%d,\"n_ranks\":%d,\"nnodes\":1},\"metadata\":{\"inspector_output_format_version\":"
      "\"v4.0\",\"git_rev\":\"\",\"rec_mechanism\":\"nccl_profiler_interface\","
      "\"dump_timestamp_us\":%d,\"hostname\":\"%s\",\"pid\":%d},\"%s_perf\":{",
      r.rank, r.ranks, r.dumped_us, r.host, r.pid, kind);
  absl::StrAppendFormat(&text, "\"%s\":\"%s\",\"%s_sn\":%d,", kind, r.function, kind, r.number);
  if (r.p2p) absl::StrAppendFormat(&text, "\"p2p_peer\":%d,", r.peer);
  absl::StrAppendFormat(
      &text,
      "\"%1$s_msg_size_bytes\":1048576,\"%1$s_exec_time_us\":%2$d,\"%1$s_timing_source\":\"kernel_gpu\","
      "\"%1$s_algobw_gbs\":277.210914,\"%1$s_busbw_gbs\":485.119099",
      kind, r.duration_us);
  if (r.ended_us != 0) {
    absl::StrAppendFormat(
        &text,
        ",\"event_trace_sn\":{\"%1$s_start_sn\":1,\"%1$s_stop_sn\":2,\"kernel_events\":[{\"channel_id\":0,"
        "\"kernel_start_sn\":3,\"kernel_stop_sn\":5,\"kernel_record_sn\":4}]},\"event_trace_ts\":{"
        "\"%1$s_start_ts\":%2$d,\"%1$s_stop_ts\":%2$d,\"kernel_events\":[{\"channel_id\":0,"
        "\"kernel_start_ts\":%3$d,\"kernel_stop_ts\":%4$d,\"kernel_record_ts\":%4$d}]}",
        kind, r.ended_us - r.duration_us - 50, r.ended_us - r.duration_us, r.ended_us);
  }
  return text + "}}\n";
}

namespace {

std::string Event(const char* name, const char* category, const char* phase, int pid, double ts,
                  const std::string& args = "") {
  return absl::StrFormat(
      "{\"name\": \"%s\", \"cat\": \"%s\", \"ph\": \"%s\", \"id\": 0, \"pid\": %d, \"tid\": 1, \"ts\": "
      "%f%s},\n",
      name, category, phase, pid, ts, args.empty() ? "" : absl::StrCat(", \"args\": {", args, "}"));
}

std::string ProxyEvents(const ProfilerText& o) {
  constexpr int kSteps = 4, kBytes = 512 << 10;
  const std::string args =
      absl::StrFormat("\"Channel\": 0, \"Peer\": %d, \"Steps\": %d, \"ChunkSize\": %d, \"transSize\": %d",
                      o.next, kSteps, kBytes, kSteps * kBytes);
  const auto proxy = [&](const char* name, const char* phase, double ts) {
    return Event(name, "PROXY", phase, o.pid, ts, *phase == 'b' ? args : "");
  };
  std::string text = proxy("ScheduleSend", "b", o.called + 1) + proxy("ScheduleSend", "e", o.called + 2) +
                     proxy("ProgressSend", "b", o.called + 2);
  double at = o.begun;
  for (int step = 0; step < kSteps; ++step) {
    const std::string number = absl::StrCat("\"Step\": ", step);
    text += Event("SendWait", "NET", "b", o.pid, at, number) +
            Event("SendWait", "NET", "e", o.pid, at + o.step_us);
    at += o.step_us + 1;
  }
  return text + proxy("ProgressSend", "e", o.ended);
}

}  // namespace

std::string ProfilerEvents(const ProfilerText& o) {
  const char *category = o.p2p ? "P2P" : "COLL", *name = o.function.c_str();
  std::string args = absl::StrFormat("\"CommHash\": %u, \"Rank\": %d, ", o.communicator, o.rank);
  o.p2p ? absl::StrAppendFormat(&args, "\"Peer\": %d, ", o.peer)
        : absl::StrAppendFormat(&args, "\"SeqNum\": %u, ", o.number);
  args += "\"Count\": 64, \"Datatype\": \"ncclFloat32\", \"nChannels\": 1";
  // The trailer of an operation that was only enqueued has the time of that.
  std::string text =
      Event("Group API", "GROUP_API", "b", o.pid, o.called, "\"groupApiId\": 0, \"groupDepth\": 1");
  // As NCCL 2.28 prints it: not valid JSON.
  text += Event(name, "COLL_API", "b", o.pid, o.called, "\"datatype\": ncclFloat32, \"Stream\": 0x7f00");
  text += Event(name, category, "b", o.pid, o.called, args);
  if (o.kernels) {
    const auto clock = [](double us) { return static_cast<uint64_t>(us * 1000 + 1e12); };
    text += Event("KernelCh", "GPU", "b", o.pid, o.begun,
                  absl::StrFormat("\"Channel\": 0, \"StartGpuClk\": %u, \"StopGpuClk\": %u", clock(o.begun),
                                  o.ended == 0 ? 0 : clock(o.ended)));
  }
  if (o.next >= 0) text += ProxyEvents(o);
  if (o.kernels) text += Event("KernelCh", "GPU", "e", o.pid, o.ended);
  text += Event(name, category, "e", o.pid, o.ended == 0 ? o.called + 1 : o.ended);
  return text + Event(name, "COLL_API", "e", o.pid, o.called + 1) +
         Event("Group API", "GROUP_API", "e", o.pid, o.called + 1);
}

std::string ProfilerDump(const std::vector<ProfilerText>& operations) {
  std::string text = "[\n";
  for (const ProfilerText& o : operations) text += ProfilerEvents(o);
  return text + "{}]\n";
}

}  // namespace rankle::testing
