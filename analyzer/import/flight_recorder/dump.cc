#include "analyzer/import/flight_recorder/dump.h"

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "analyzer/import/flight_recorder/coalesced.h"
#include "analyzer/import/flight_recorder/pickle.h"
#include "analyzer/import/torch_names.h"

namespace rankle::import {
namespace {

using Kind = TreeValue::Kind;

// Far above what PyTorch writes (2,000 entries, some hundred groups), far below what would hurt. Lists may be
// shared inside a pickle, so what is walked is bounded apart from the size of the file.
constexpr size_t kMostEntries = 1u << 20, kMostGroups = 1u << 16, kMostRanks = 1u << 20;
constexpr size_t kMostKeys = 64, kMostTensors = 4096, kMostDimensions = 16, kMostFrames = 64, kMostText = 256;

// How often a value may be looked at on average: once, where nothing is shared.
constexpr size_t kBudgetPerValue = 8, kLeastBudget = 4096;

enum class Key : uint8_t {
  kOther,
  kRecord,
  kGroupId,
  kGroup,
  kCollectiveSeq,
  kP2pSeq,
  kIsP2p,
  kName,
  kCreated,
  kInputs,
  kTypes,
  kState,
  kStarted,
  kCompleted,
  kRetired,
  kTimeout,
  kFrames
};
// Some editors and shells put it before what they save.
constexpr absl::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr struct {
  absl::string_view text;
  Key key;
} kKeys[] = {
    {"record_id", Key::kRecord},
    {"id", Key::kRecord},
    {"pg_id", Key::kGroupId},
    {"process_group", Key::kGroup},
    {"collective_seq_id", Key::kCollectiveSeq},
    {"seq_id", Key::kCollectiveSeq},  // before 2.0
    {"p2p_seq_id", Key::kP2pSeq},
    {"is_p2p", Key::kIsP2p},
    {"profiling_name", Key::kName},
    {"time_created_ns", Key::kCreated},
    {"input_sizes", Key::kInputs},
    {"input_dtypes", Key::kTypes},
    {"state", Key::kState},
    {"time_discovered_started_ns", Key::kStarted},
    {"time_discovered_completed_ns", Key::kCompleted},
    {"retired", Key::kRetired},
    {"timeout_ms", Key::kTimeout},
    {"frames", Key::kFrames},
};

// JSON tells numbers as texts here and there.
int64_t AsInt(const TreeValue& v, int64_t fallback) {
  if (v.kind == Kind::kInt || v.kind == Kind::kBool) return v.integer;
  if (v.kind == Kind::kFloat)
    return v.real > -9e18 && v.real < 9e18 ? static_cast<int64_t>(v.real) : fallback;
  int64_t number = 0;
  return v.kind == Kind::kText && absl::SimpleAtoi(v.AsText(), &number) ? number : fallback;
}
std::string AsString(const TreeValue& v) {
  if (v.kind == Kind::kInt) return absl::StrCat(v.integer);
  return std::string(v.AsText().substr(0, kMostText));
}
bool IsTrue(const TreeValue& v) {
  return v.kind == Kind::kText ? absl::EqualsIgnoreCase(v.AsText(), "true") : AsInt(v, 0) != 0;
}

// "[0, 1, 2]", or a list.
std::vector<int32_t> AsRanks(const Tree& tree, const TreeValue& v) {
  std::vector<int32_t> ranks;
  const auto add = [&](int64_t rank) {
    if (rank >= 0 && rank <= INT32_MAX && ranks.size() < kMostRanks)
      ranks.push_back(static_cast<int32_t>(rank));
  };
  tree.ForEach(v, kMostRanks, [&](const TreeValue& rank) { add(AsInt(rank, -1)); });
  int64_t number = -1;
  for (const char c : v.AsText()) {
    if (absl::ascii_isdigit(static_cast<unsigned char>(c))) {
      number = std::min<int64_t>((number < 0 ? 0 : number) * 10 + (c - '0'), int64_t{1} << 40);
    } else {
      add(number), number = -1;
    }
  }
  add(number);
  return ranks;
}

class Extractor {
 public:
  Extractor(const Tree& tree, Dump& dump)
      : tree_(tree), dump_(dump), budget_(kBudgetPerValue * tree.values() + kLeastBudget) {}

  void Extract(const TreeValue& root) {
    tree_.ForEachPair(root, kMostKeys, [&](const TreeValue& key, const TreeValue& value) {
      const absl::string_view name = key.AsText();
      if (name == "version") dump_.version = AsString(value);
      if (name == "nccl_version" || name == "comm_lib_version") dump_.library = AsString(value);
      if (name == "rank")
        dump_.told_rank = static_cast<int32_t>(std::clamp<int64_t>(AsInt(value, -1), -1, INT32_MAX));
      if (name == "pg_config") ReadGroups(value);
      if (name == "pg_status") ReadStatuses(value);
      if (name == "entries") ReadEntries(value);
    });
  }

 private:
  void ReadGroups(const TreeValue& config) {
    tree_.ForEachPair(config, kMostGroups, [&](const TreeValue& key, const TreeValue& value) {
      DumpGroup& group = dump_.groups.emplace_back();
      group.name = AsString(tree_.Find(value, "name"));
      if (group.name.empty()) group.name = AsString(key);
      group.description = AsString(tree_.Find(value, "desc"));
      group.ranks = AsRanks(tree_, tree_.Find(value, "ranks"));
    });
  }

  void ReadStatuses(const TreeValue& all) {
    dump_.has_status = all.kind == Kind::kDict;
    tree_.ForEachPair(all, kMostGroups, [&](const TreeValue& key, const TreeValue& value) {
      DumpStatus& status = dump_.statuses.emplace_back();
      status.group_id = AsInt(key, kAbsent);
      status.enqueued = AsInt(tree_.Find(value, "last_enqueued_collective"), kAbsent);
      status.started = AsInt(tree_.Find(value, "last_started_collective"), kAbsent);
      status.completed = AsInt(tree_.Find(value, "last_completed_collective"), kAbsent);
    });
    std::sort(dump_.statuses.begin(), dump_.statuses.end(),
              [](const DumpStatus& a, const DumpStatus& b) { return a.group_id < b.group_id; });
  }

  void ReadEntries(const TreeValue& entries) {
    dump_.entries.reserve(std::min(tree_.Size(entries), kMostEntries));
    tree_.ForEach(entries, kMostEntries, [&](const TreeValue& value) {
      if (value.kind != Kind::kDict) {
        ++dump_.malformed;
        return;
      }
      ReadEntry(value);
    });
  }

  void ReadEntry(const TreeValue& value) {
    DumpEntry entry;
    bool is_p2p = false, retired = false, named = false;
    tree_.ForEachPair(value, kMostKeys, [&](const TreeValue& key, const TreeValue& v) {
      switch (KeyOf(key)) {
        case Key::kRecord:
          entry.record = AsInt(v, kAbsent);
          break;
        case Key::kGroupId:
          entry.group_id = AsInt(v, kAbsent);
          break;
        case Key::kGroup:
          entry.group = GroupOf(v);
          break;
        case Key::kCollectiveSeq:
          entry.collective_seq = AsInt(v, kAbsent);
          break;
        case Key::kP2pSeq:
          entry.p2p_seq = AsInt(v, kAbsent);
          break;
        case Key::kIsP2p:
          is_p2p = IsTrue(v);
          break;
        case Key::kName:
          named = true, TakeName(v.AsText(), entry);
          break;
        case Key::kCreated:
          entry.created = std::max<int64_t>(AsInt(v, 0), 0);
          break;
        case Key::kInputs:
          entry.count = Elements(v);
          break;
        case Key::kTypes:
          entry.dtype = FirstType(v), entry.has_types = true;
          break;
        case Key::kState:
          TakeState(v.AsText(), entry);
          break;
        case Key::kStarted:
          entry.started = std::max<int64_t>(AsInt(v, 0), 0);
          break;
        case Key::kCompleted:
          entry.completed = std::max<int64_t>(AsInt(v, 0), 0);
          break;
        case Key::kRetired:
          retired = IsTrue(v);
          break;
        case Key::kTimeout:
          dump_.timeout_ms = std::max(dump_.timeout_ms, AsInt(v, 0));
          break;
        case Key::kFrames:
          entry.place = PlaceOf(v);
          break;
        case Key::kOther:
          break;
      }
    });
    if (!named && entry.collective_seq == kAbsent && entry.p2p_seq == kAbsent) {
      ++dump_.malformed;
      return;
    }
    entry.p2p = entry.p2p || is_p2p;
    entry.has_started = entry.has_started || entry.started != 0;
    entry.is_done = entry.is_done || entry.completed != 0;
    entry.has_timed_out = retired && !entry.is_done;
    dump_.entries.push_back(entry);
  }

  // A pickle tells each key once and refers to it afterwards, so its address is as good as its text.
  Key KeyOf(const TreeValue& key) {
    const absl::string_view text = key.AsText();
    Seen& seen = seen_keys_[(reinterpret_cast<uintptr_t>(text.data()) >> 2) % seen_keys_.size()];
    if (seen.text == text.data() && seen.size == text.size()) return seen.key;
    seen = {text.data(), text.size(), Key::kOther};
    for (const auto& known : kKeys) {
      if (known.text == text) seen.key = known.key;
    }
    return seen.key;
  }

  int32_t GroupOf(const TreeValue& pair) {
    if (pair.kind == Kind::kList && last_group_ >= 0 && pair.container == last_group_container_)
      return last_group_;
    std::string texts[2];
    size_t n = 0;
    tree_.ForEach(pair, 2, [&](const TreeValue& v) { texts[n++] = AsString(v); });
    if (n == 0) texts[0] = AsString(pair);
    const auto [it, added] =
        group_index_.try_emplace(absl::StrCat(texts[0], absl::string_view("\0", 1), texts[1]),
                                 static_cast<int32_t>(dump_.named.size()));
    if (added) dump_.named.push_back({texts[0], texts[1], {}});
    if (pair.kind == Kind::kList) last_group_ = it->second, last_group_container_ = pair.container;
    return it->second;
  }

  void TakeName(absl::string_view name, DumpEntry& entry) {
    const OperationMeaning meaning = MeaningOf(name);
    entry.api = meaning.api, entry.p2p = entry.p2p || meaning.p2p, entry.sizes_agree = meaning.sizes_agree;
    entry.closes_group = meaning.closes_group, entry.self = meaning.self, entry.peer = meaning.peer;
    if (meaning.known || dump_.unknown_operations.size() >= 8) return;
    const std::string text(name.substr(0, kMostText));
    auto& unknown = dump_.unknown_operations;
    if (std::find(unknown.begin(), unknown.end(), text) == unknown.end()) unknown.push_back(text);
  }

  static void TakeState(absl::string_view state, DumpEntry& entry) {
    entry.is_done = state == "completed";
    entry.has_started = state == "started" || entry.is_done;
  }

  uint64_t Elements(const TreeValue& tensors) {
    uint64_t elements = 0;
    tree_.ForEach(tensors, kMostTensors, [&](const TreeValue& sizes) {
      if (!Afford(tree_.Size(sizes) + 1)) return;
      uint64_t product = 1;
      tree_.ForEach(sizes, kMostDimensions, [&](const TreeValue& size) {
        product *= static_cast<uint64_t>(std::max<int64_t>(AsInt(size, 1), 0));
      });
      elements += product;
    });
    return elements;
  }

  uint8_t FirstType(const TreeValue& types) const {
    TreeValue first = types;
    tree_.ForEach(types, 1, [&](const TreeValue& v) { first = v; });
    return DataTypeOf(first.AsText());
  }

  // "train.py:120 in forward": the innermost line that is not PyTorch's own.
  int32_t PlaceOf(const TreeValue& frames) {
    TreeValue best;
    bool own = false;
    tree_.ForEach(frames, kMostFrames, [&](const TreeValue& frame) {
      if (own || !Afford(tree_.Size(frame) + 1)) return;
      const absl::string_view file = tree_.Find(frame, "filename").AsText();
      own = absl::EndsWith(file, ".py") && !absl::StrContains(file, "/torch/");
      if (own || best.kind == Kind::kNone) best = frame;
    });
    if (best.kind == Kind::kNone) return -1;
    absl::string_view file = tree_.Find(best, "filename").AsText();
    if (const size_t slash = file.rfind('/'); slash != absl::string_view::npos) file.remove_prefix(slash + 1);
    const std::string place = absl::StrCat(file.substr(0, kMostText), ":", AsInt(tree_.Find(best, "line"), 0),
                                           " in ", tree_.Find(best, "name").AsText().substr(0, kMostText));
    const auto [it, added] = place_index_.try_emplace(place, static_cast<int32_t>(dump_.places.size()));
    if (added) dump_.places.push_back(place);
    return it->second;
  }

  // Pays for looking at `values` more of them. Only what is shared many times over runs out of means.
  bool Afford(size_t values) {
    values = std::min(values, 2 * kMostKeys);
    if (budget_ < values) return false;
    budget_ -= values;
    return true;
  }

  struct Seen {
    const char* text = nullptr;
    size_t size = 0;
    Key key = Key::kOther;
  };
  const Tree& tree_;
  Dump& dump_;
  size_t budget_;
  std::array<Seen, 128> seen_keys_{};
  absl::flat_hash_map<std::string, int32_t> group_index_, place_index_;
  int32_t last_group_ = -1;
  uint32_t last_group_container_ = 0;
};

constexpr absl::string_view kTopKeys[] = {"pg_config", "pg_status", "entries"};

}  // namespace

bool LooksLikeDump(absl::string_view first_bytes) {
  absl::ConsumePrefix(&first_bytes, kByteOrderMark);
  const bool json = absl::StartsWith(absl::StripLeadingAsciiWhitespace(first_bytes), "{");
  if (!json && !LooksLikePickledDict(first_bytes)) return false;
  const auto has = [&](absl::string_view word) { return absl::StrContains(first_bytes, word); };
  if (has("pg_config") || has("pg_status")) return true;
  // With long stacks the first entry alone may be longer than what is looked at.
  return has("entries") && (has("collective_seq_id") || has("profiling_name") || has("nccl_version") ||
                            has("record_id") || (has("frames") && has("filename")));
}

absl::Status DumpReader::Read(absl::string_view bytes, const std::string& file, Dump& dump) {
  dump = {};
  dump.file = file;
  absl::ConsumePrefix(&bytes, kByteOrderMark);
  const bool json = absl::StartsWith(absl::StripLeadingAsciiWhitespace(bytes.substr(0, 4096)), "{");
  const absl::StatusOr<TreeValue> root = json ? json_.Parse(bytes, tree_) : ParsePickle(bytes, tree_);
  if (!root.ok()) {
    return absl::Status(root.status().code(),
                        absl::StrCat(file, ": ", root.status().message(), "; left out"));
  }
  const bool known = std::any_of(std::begin(kTopKeys), std::end(kTopKeys), [&](absl::string_view key) {
    return tree_.Find(*root, key).kind != Kind::kNone;
  });
  if (!known) {
    return absl::InvalidArgumentError(
        absl::StrCat(file, ": no Flight Recorder dump: it has neither entries nor pg_status; left out"));
  }
  Extractor(tree_, dump).Extract(*root);
  ResolveCoalesced(dump);
  return absl::OkStatus();
}

}  // namespace rankle::import
