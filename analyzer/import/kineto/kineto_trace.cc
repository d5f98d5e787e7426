#include "analyzer/import/kineto/kineto_trace.h"

#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "analyzer/import/json_objects/trace_scanner.h"
#include "analyzer/import/torch_names.h"
#include "analyzer/store/store.h"

namespace rankle::import {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

// Until 2065: later times are damage, and sums of three of them stay within 64 bits.
constexpr int64_t kMostNs = 3'000'000'000'000'000'000;

// Microseconds as nanoseconds, where they can be a time.
std::optional<int64_t> Nanoseconds(std::optional<double> microseconds) {
  if (!microseconds || std::abs(*microseconds) > static_cast<double>(kMostNs / 1000)) return std::nullopt;
  return std::llround(*microseconds * 1000);
}

std::string_view Text(const object& o, const char* key) {
  std::string_view text;
  return o[key].get(text) == simdjson::SUCCESS ? text : std::string_view();
}

std::optional<double> Number(const object& o, const char* key) {
  double value = 0;
  if (o[key].get(value) == simdjson::SUCCESS && std::isfinite(value)) return value;
  std::string_view text;  // some versions write numbers as strings
  if (o[key].get(text) == simdjson::SUCCESS && absl::SimpleAtod({text.data(), text.size()}, &value) &&
      std::isfinite(value))
    return value;
  return std::nullopt;
}

int64_t Integer(const object& o, const char* key, int64_t otherwise) {
  int64_t value = 0;
  if (o[key].get(value) == simdjson::SUCCESS) return value;
  const std::optional<double> number = Number(o, key);
  return number && std::abs(*number) < 9e18 ? static_cast<int64_t>(*number) : otherwise;
}

// A number of 64 bits, or one as text; 0 where there is none.
uint64_t Unsigned(const object& o, const char* key) {
  uint64_t value = 0;
  if (o[key].get(value) == simdjson::SUCCESS) return value;
  const std::string_view text = Text(o, key);
  return absl::SimpleAtoi(absl::string_view(text.data(), text.size()), &value) ? value : 0;
}

int32_t RankOf(int64_t value) { return value >= 0 && value < kMostRanks ? static_cast<int32_t>(value) : -1; }

// "[0, 1, 2]"; nothing when the list is cut off ("...") or is none.
std::vector<int32_t> ParseRankList(std::string_view text) {
  std::vector<int32_t> ranks;
  std::string_view inside = text;
  if (inside.size() < 2 || inside.front() != '[' || inside.back() != ']') return {};
  inside = inside.substr(1, inside.size() - 2);
  for (const absl::string_view part :
       absl::StrSplit(absl::string_view(inside.data(), inside.size()), ',', absl::SkipWhitespace())) {
    int64_t rank = -1;
    if (!absl::SimpleAtoi(part, &rank) || RankOf(rank) < 0) return {};
    ranks.push_back(static_cast<int32_t>(rank));
  }
  return ranks;
}

// "AllReduce" of ncclDevKernel_AllReduce_Sum_f32_RING_LL(...) and
// ncclKernel_AllReduce_RING_LL_Sum_float(...).
std::string FunctionOfKernel(std::string_view kernel) {
  const size_t begin = kernel.find('_');
  if (begin == std::string_view::npos) return std::string(kernel.substr(0, kernel.find('(')));
  const size_t end = kernel.find_first_of("_(", begin + 1);
  return std::string(kernel.substr(begin + 1, end == std::string_view::npos ? end : end - begin - 1));
}

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// Cheap and never wrong in the direction that matters: what has none of these is none of ours.
bool MayMatter(std::string_view event) {
  return Contains(event, "nccl") || Contains(event, "record_param_comms") || Contains(event, "ProfilerStep#");
}

}  // namespace

bool LooksLikeKineto(std::string_view first_bytes) {
  if (first_bytes.substr(0, kByteOrderMark.size()) == kByteOrderMark)
    first_bytes.remove_prefix(kByteOrderMark.size());
  const size_t begin = first_bytes.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos || first_bytes[begin] != '{') return false;
  return Contains(first_bytes, "\"schemaVersion\"") &&
         (Contains(first_bytes, "\"deviceProperties\"") || Contains(first_bytes, "\"distributedInfo\"") ||
          Contains(first_bytes, "\"traceEvents\""));
}

class KinetoReader::Impl {
 public:
  Impl()
      : scanner_({[this](std::string_view event) { TakeEvent(event); },
                  [this](std::string_view key, std::string_view value) { TakeTopValue(key, value); }}) {}

  absl::Status Feed(std::string_view bytes) { return scanner_.Feed(bytes); }

  RankTrace Finish(std::string file) {
    trace_.file = std::move(file);
    trace_.cut = !scanner_.Finish().ok();
    trace_.events = scanner_.events();
    for (const Pending& p : pending_) JoinWithCall(p);
    JoinByOrder();
    // What cannot be a time once the base is added is damage, too.
    const auto shift = [this](int64_t& t) {
      if (t != kNotTold) t += base_ns_;
      return t == kNotTold || (t >= 0 && t <= kMostNs);
    };
    std::erase_if(trace_.operations, [&](RankOperation& o) {
      const bool usable = shift(o.started_ns) && shift(o.finished_ns);
      if (!shift(o.called_ns)) o.called_ns = kNotTold;
      trace_.malformed += !usable;
      return !usable;
    });
    std::erase_if(trace_.steps, [&](RankStep& s) { return !shift(s.begin_ns) || !shift(s.end_ns); });
    std::stable_sort(trace_.operations.begin(), trace_.operations.end(),
                     [](const auto& a, const auto& b) { return a.started_ns < b.started_ns; });
    std::stable_sort(trace_.steps.begin(), trace_.steps.end(),
                     [](const auto& a, const auto& b) { return a.begin_ns < b.begin_ns; });
    return std::move(trace_);
  }

 private:
  // What the CPU side says of an "External id".
  struct Call {
    int64_t begin_ns = kNotTold;
    RankOperation what;      // name "" = not told
    std::string annotation;  // "nccl:all_to_all"
  };
  struct Pending {
    size_t operation = 0;
    int64_t external = -1;
  };

  void TakeTopValue(std::string_view key, std::string_view value) {
    if (key != "distributedInfo" && key != "baseTimeNanoseconds") return;
    element root;
    if (parser_.parse(value.data(), value.size()).get(root) != simdjson::SUCCESS) {
      ++trace_.malformed;
      return;
    }
    if (key == "baseTimeNanoseconds") {
      int64_t base = 0;
      const bool usable = root.get(base) == simdjson::SUCCESS && base >= 0 && base <= kMostNs;
      base_ns_ = usable ? base : 0;
      trace_.malformed += !usable;
      return;
    }
    object info;
    if (root.get(info) != simdjson::SUCCESS) return;
    trace_.rank = RankOf(Integer(info, "rank", -1));
    trace_.world_size = std::max(0, RankOf(Integer(info, "world_size", 0)));
    simdjson::dom::array groups;
    if (info["pg_config"].get(groups) != simdjson::SUCCESS) return;
    for (const element item : groups) {
      object group;
      if (item.get(group) == simdjson::SUCCESS) TakeGroup(group);
    }
  }

  void TakeGroup(const object& group) {
    RankGroup& g = trace_.groups.emplace_back();
    g.name = Text(group, "pg_name");
    if (g.name.empty()) g.name = Text(group, "uid");
    g.title = Text(group, "pg_desc");
    simdjson::dom::array ranks;
    if (group["ranks"].get(ranks) != simdjson::SUCCESS) return;
    for (const element item : ranks) {
      int64_t rank = -1;
      if (item.get(rank) == simdjson::SUCCESS && RankOf(rank) >= 0) g.ranks.push_back(RankOf(rank));
    }
  }

  void TakeEvent(std::string_view text) {
    if (!MayMatter(text)) return;
    element root;
    object event;
    if (parser_.parse(text.data(), text.size()).get(root) != simdjson::SUCCESS ||
        root.get(event) != simdjson::SUCCESS) {
      ++trace_.malformed;
      return;
    }
    if (Text(event, "ph") != "X") return;
    const std::optional<int64_t> ts = Nanoseconds(Number(event, "ts")),
                                 duration = Nanoseconds(Number(event, "dur"));
    if (!ts || !duration) {
      ++trace_.malformed;
      return;
    }
    const int64_t begin = *ts, end = begin + std::max<int64_t>(*duration, 0);
    const std::string_view name = Text(event, "name");
    const std::string category = std::string(Text(event, "cat"));
    object args;
    const bool has_args = event["args"].get(args) == simdjson::SUCCESS;
    if (absl::EqualsIgnoreCase(category, "kernel")) {
      if (has_args && absl::StartsWithIgnoreCase({name.data(), name.size()}, "nccl"))
        AddKernel(name, args, begin, end);
      return;
    }
    if (name.substr(0, 13) == "ProfilerStep#" && category != "gpu_user_annotation") {
      int64_t number = 0;
      if (absl::SimpleAtoi(absl::string_view(name.data() + 13, name.size() - 13), &number))
        trace_.steps.push_back({number, begin, end});
      return;
    }
    if (!has_args || category == "gpu_user_annotation") return;
    const int64_t external = Integer(args, "External id", -1);
    if (external < 0) return;
    if (name == "record_param_comms") {
      Call& call = calls_[external];
      call.begin_ns = call.begin_ns == kNotTold ? begin : std::min(call.begin_ns, begin);
      ReadArguments(args, call.what);
    } else if (name.substr(0, 5) == "nccl:") {
      Call& call = calls_[external];
      if (call.begin_ns == kNotTold) call.begin_ns = begin;
      call.annotation = name;
      call.what.elements = InputElements(args);
      annotations_.push_back({begin, std::string(name), call.what.elements});
    }
  }

  // "Input Dims": [[6144], [2, 3]]: a shape for each tensor.
  static uint64_t InputElements(const object& args) {
    simdjson::dom::array tensors;
    if (args["Input Dims"].get(tensors) != simdjson::SUCCESS) return 0;
    double elements = 0;
    for (const element tensor : tensors) {
      simdjson::dom::array shape;
      if (tensor.get(shape) != simdjson::SUCCESS || shape.size() == 0) continue;
      double product = 1;
      for (const element extent : shape) {
        int64_t value = 0;
        if (extent.get(value) == simdjson::SUCCESS)
          product *= static_cast<double>(std::max<int64_t>(value, 0));
      }
      elements += product;
    }
    return elements < 1e18 ? static_cast<uint64_t>(elements) : 0;
  }

  static void ReadArguments(const object& args, RankOperation& o) {
    if (const auto name = Text(args, "Collective name"); !name.empty())
      o.name = name, o.named_by_kernel = false;
    if (const auto group = Text(args, "Process Group Name"); !group.empty()) o.group = group;
    if (const auto title = Text(args, "Process Group Description"); !title.empty()) o.group_title = title;
    if (o.ranks.empty()) o.ranks = ParseRankList(Text(args, "Process Group Ranks"));
    o.group_size = std::max(o.group_size, RankOf(Integer(args, "Group size", 0)));
    o.sequence = std::max<int64_t>(o.sequence, Integer(args, "Seq", -1));
    if (o.shared_id == 0) o.shared_id = Unsigned(args, "Comms Id");
    const int64_t in = Integer(args, "In msg nelems", 0), out = Integer(args, "Out msg nelems", 0);
    if (o.elements == 0) o.elements = static_cast<uint64_t>(std::max<int64_t>({in, out, 0}));
    if (const auto dtype = Text(args, "dtype"); !dtype.empty()) o.dtype = dtype;
    const int64_t peer = Integer(args, o.name == "recv" ? "Src Rank" : "Dst Rank", -1);
    if ((o.name == "send" || o.name == "recv") && o.peer < 0) o.peer = RankOf(peer);
  }

  void AddKernel(std::string_view name, const object& args, int64_t begin, int64_t end) {
    RankOperation& o = trace_.operations.emplace_back();
    o.name = FunctionOfKernel(name), o.named_by_kernel = true;
    o.started_ns = begin, o.finished_ns = end;
    o.stream = static_cast<uint32_t>(Integer(args, "stream", 0));
    o.device = static_cast<uint32_t>(Integer(args, "device", 0));
    ReadArguments(args, o);
    pending_.push_back({trace_.operations.size() - 1, Integer(args, "External id", -1)});
  }

  // A kernel belongs to the innermost call around its launch: the annotation "nccl:...", which lies in
  // record_param_comms and has the next id.
  void JoinWithCall(const Pending& pending) {
    RankOperation& o = trace_.operations[pending.operation];
    const auto exact = calls_.find(pending.external);
    if (exact == calls_.end()) return;
    const auto outer = calls_.find(pending.external - 1);
    const Call& call = exact->second;
    const bool has_outer =
        !call.annotation.empty() && outer != calls_.end() && outer->second.annotation.empty();
    o.called_ns = has_outer ? outer->second.begin_ns : call.begin_ns;
    const RankOperation& told = has_outer ? outer->second.what : call.what;
    if (o.named_by_kernel && !told.name.empty()) o.name = told.name, o.named_by_kernel = false;
    if (o.named_by_kernel && !call.annotation.empty()) o.name = call.annotation, o.named_by_kernel = false;
    if (o.group.empty()) o.group = told.group, o.group_title = told.group_title;
    if (o.ranks.empty()) o.ranks = told.ranks;
    o.group_size = std::max(o.group_size, told.group_size);
    if (o.sequence < 0) o.sequence = told.sequence;
    if (o.shared_id == 0) o.shared_id = told.shared_id;
    if (o.peer < 0) o.peer = told.peer;
    if (o.elements == 0) o.elements = told.elements;
    if (o.dtype.empty()) o.dtype = told.dtype;
  }

  // Traces of 2023 have the kernel's correlation as its "External id": there is no call of that number. Then
  // the n-th kernel belongs to the n-th annotation, if there are as many and none contradicts.
  void JoinByOrder() {
    std::vector<RankOperation*> kernels;
    for (RankOperation& o : trace_.operations) {
      if (o.called_ns != kNotTold) return;
      kernels.push_back(&o);
    }
    if (kernels.size() != annotations_.size()) return;
    const auto by_start = [](const RankOperation* a, const RankOperation* b) {
      return a->started_ns < b->started_ns;
    };
    std::stable_sort(kernels.begin(), kernels.end(), by_start);
    std::stable_sort(annotations_.begin(), annotations_.end(),
                     [](const Annotation& a, const Annotation& b) { return a.begin_ns < b.begin_ns; });
    for (size_t i = 0; i < kernels.size(); ++i) {
      if (annotations_[i].begin_ns > kernels[i]->started_ns || !MayBe(annotations_[i].name, kernels[i]->name))
        return;
    }
    for (size_t i = 0; i < kernels.size(); ++i) {
      kernels[i]->called_ns = annotations_[i].begin_ns;
      if (!kernels[i]->named_by_kernel) continue;
      kernels[i]->name = annotations_[i].name, kernels[i]->named_by_kernel = false;
      if (kernels[i]->elements == 0) kernels[i]->elements = annotations_[i].elements;
    }
  }

  // Kernels of exchanges between pairs are all called SendRecv.
  static bool MayBe(const std::string& annotation, const std::string& kernel) {
    const OperationMeaning meaning = MeaningOf(annotation);
    if (!meaning.known) return true;
    const std::string function = store::OperationName(meaning.api);
    const bool in_pairs =
        meaning.p2p || function == "AlltoAll" || function == "Gather" || function == "Scatter";
    return in_pairs ? kernel == "SendRecv" || kernel == function : kernel == function;
  }

  struct Annotation {
    int64_t begin_ns = 0;
    std::string name;
    uint64_t elements = 0;
  };
  TraceScanner scanner_;
  simdjson::dom::parser parser_;
  std::vector<Annotation> annotations_;
  RankTrace trace_;
  int64_t base_ns_ = 0;
  absl::flat_hash_map<int64_t, Call> calls_;  // by "External id"
  std::vector<Pending> pending_;
};

KinetoReader::KinetoReader() : impl_(std::make_unique<Impl>()) {}
KinetoReader::~KinetoReader() = default;
absl::Status KinetoReader::Feed(std::string_view bytes) { return impl_->Feed(bytes); }
RankTrace KinetoReader::Finish(std::string file) { return impl_->Finish(std::move(file)); }

}  // namespace rankle::import
