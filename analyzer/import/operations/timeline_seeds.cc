// Seeds for fuzz_timeline: timeline_seeds DIRECTORY writes a step of a pipeline of two stages, as a bare list
// with named threads and under "traceEvents" without names. The first byte is the fuzzer's (tp).
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

namespace {

nlohmann::json Events(bool named) {
  nlohmann::json events = nlohmann::json::array();
  const auto add = [&](int stage, const char* kind, int sequence, double start, double end) {
    events.push_back({{"ph", "X"},
                      {"name", kind},
                      {"pid", 0},
                      {"tid", stage * 5},
                      {"ts", 1e6 * start},
                      {"dur", 1e6 * (end - start)},
                      {"args", {{"step", 7}, {"seq_id", sequence}, {"model_chunk", 0}}}});
  };
  for (int stage = 0; named && stage < 2; ++stage) {
    events.push_back({{"ph", "M"},
                      {"name", "thread_name"},
                      {"pid", 0},
                      {"tid", stage * 5},
                      {"args", {{"name", "PP rank " + std::to_string(stage) + ", TP rank 0, compute"}}}});
  }
  for (int k = 0; k < 2; ++k) {
    add(0, "forward-compute", k, k, k + 1), add(0, "forward-send", k, k + 1, k + 1.1);
    add(1, "forward-recv", k, k + 1, k + 1.1), add(1, "forward-compute", k, 2.2 + k, 3.2 + k);
    add(1, "backward-compute", k, 5 + k, 6 + k), add(1, "backward-send", k, 6 + k, 6.1 + k);
    add(0, "backward-recv", k, 6 + k, 6.1 + k), add(0, "backward-compute", k, 7.1 + k, 8.1 + k);
  }
  for (int stage = 0; stage < 2; ++stage) add(stage, "optimizer", 0, 10, 11);
  return events;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::string directory = argv[1];
  std::ofstream(directory + "/list") << '\1' << Events(true);
  std::ofstream(directory + "/object") << '\2' << nlohmann::json{{"traceEvents", Events(false)}};
  return 0;
}
