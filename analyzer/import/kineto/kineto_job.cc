#include "analyzer/import/kineto/kineto_job.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "analyzer/import/kineto/choose_job.h"
#include "analyzer/import/kineto/shared_order.h"
#include "analyzer/import/torch_names.h"
#include "analyzer/localize/median.h"
#include "injector/api/api.h"

namespace rankle::import {
namespace {

using store::kNone;
using store::Store;

// Profiles show completed work, and no identities of processes or hosts.
constexpr double kCertainty = 0.9;
// Files whose rank is not told were numbered by their order.
constexpr double kCertaintyGuessed = 0.5;
// Files that are named in a note; more are not for reading.
constexpr size_t kMostNamed = 4;

OperationMeaning Meaning(const KinetoOperation& o) {
  if (!o.named_by_kernel) return MeaningOf(o.name);
  OperationMeaning meaning;
  // Exchanges between pairs look alike: of an all-to-all each rank has one kernel, as of a collective.
  const api::ApiInfo* info =
      api::FindApi(o.name == "SendRecv" ? "ncclAlltoAll" : absl::StrCat("nccl", o.name));
  meaning.known = info != nullptr;
  if (info != nullptr) meaning.api = info->id;
  return meaning.known ? meaning : MeaningOf(o.name);
}

class JobBuilder {
 public:
  JobBuilder(std::vector<KinetoTrace> traces, Store& store) : traces_(std::move(traces)), store_(store) {}

  // An error when nothing can be told.
  absl::Status Build() {
    NoteDamage();
    TakeJob();
    NumberRanks();
    FindGroups();
    if (absl::Status status = LeaveOutGroupless(); !status.ok()) return status;
    FindOrder();
    if (absl::Status status = CheckOrder(); !status.ok()) return status;
    RelateClocks();
    AddRanks();
    AddCommunicators();
    for (size_t t = 0; t < traces_.size(); ++t) AddOperations(t);
    store_.source = "kineto";
    store_.quality.certainty = guessed_ ? kCertaintyGuessed : kCertainty;
    Describe();
    store_.Finish();
    return absl::OkStatus();
  }

 private:
  using GroupKey = std::pair<std::string, std::vector<int32_t>>;
  struct Group {
    GroupKey key;
    std::string title;
  };

  void Note(std::string text) { store_.quality.notes.push_back(std::move(text)); }

  // One note for all files that `count` says something of.
  template <typename Count>
  void NoteFiles(const char* what, const Count& count) {
    std::string names;
    size_t files = 0;
    for (const KinetoTrace& t : traces_) {
      const uint64_t n = count(t);
      if (n == 0) continue;
      if (files++ < kMostNamed) absl::StrAppend(&names, names.empty() ? "" : ", ", t.file, " (", n, ")");
    }
    if (files > kMostNamed) absl::StrAppend(&names, " and ", files - kMostNamed, " more");
    if (files > 0) Note(absl::StrCat(what, ": ", names));
  }

  void NoteDamage() {
    NoteFiles("damaged events of NCCL or the profiler are left out",
              [](const KinetoTrace& t) { return t.malformed; });
    NoteFiles("files are cut short; the events before are used",
              [](const KinetoTrace& t) { return t.cut ? t.events : 0; });
    for (const KinetoTrace& t : traces_) store_.quality.malformed += t.malformed;
    for (const KinetoTrace& t : traces_) store_.quality.cut_files += t.cut;
  }

  // Files without a kernel hold no rank; of several jobs one is taken.
  void TakeJob() {
    NoteFiles("no usable kernel of NCCL in files, whose ranks count as missing (events read)",
              [](const KinetoTrace& t) { return t.operations.empty() ? t.events + 1 : 0; });
    int32_t told_size = 0, most_rank = -1;
    for (const KinetoTrace& t : traces_) {
      if (!t.operations.empty()) continue;
      told_size = std::max(told_size, t.world_size), most_rank = std::max(most_rank, t.rank);
    }
    std::erase_if(traces_, [](const KinetoTrace& t) { return t.operations.empty(); });
    bool certain = true;
    traces_ = ChooseJob(std::move(traces_), store_.quality.notes, certain);
    guessed_ = !certain;
    // Where the files of the job do not tell its size, empty files may.
    for (const KinetoTrace& t : traces_) world_size_ = std::max(world_size_, t.world_size);
    if (world_size_ == 0) world_size_ = std::max(told_size, most_rank + 1);
  }

  // By what the files say; what says nothing gets the free numbers in order of the files' names.
  void NumberRanks() {
    std::set<int32_t> taken;
    for (const KinetoTrace& t : traces_) taken.insert(t.rank);
    std::stable_sort(traces_.begin(), traces_.end(),
                     [](const auto& a, const auto& b) { return a.file < b.file; });
    int32_t next = 0;
    for (KinetoTrace& t : traces_) {
      if (t.rank >= 0) continue;
      guessed_ = guessed_ || traces_.size() > 1;
      while (taken.contains(next)) ++next;
      t.rank = next, taken.insert(next);
    }
    std::sort(traces_.begin(), traces_.end(), [](const auto& a, const auto& b) { return a.rank < b.rank; });
    IndexRanks();
    world_size_ = std::max(world_size_, traces_.back().rank + 1);
  }

  void IndexRanks() {
    dense_.clear();
    for (size_t t = 0; t < traces_.size(); ++t) dense_[traces_[t].rank] = static_cast<int32_t>(t);
  }

  std::vector<int32_t> World() const {
    std::vector<int32_t> all(static_cast<size_t>(world_size_));
    for (int32_t r = 0; r < world_size_; ++r) all[r] = r;
    return all;
  }

  // The group of each operation; -1 = it cannot be told which ranks it has.
  void FindGroups() {
    std::map<std::string, std::vector<int32_t>> listed;  // by name, as any file lists it
    for (const KinetoTrace& t : traces_) {
      for (const KinetoGroup& g : t.groups) {
        if (!g.ranks.empty()) listed.try_emplace(g.name, g.ranks);
      }
    }
    group_of_.resize(traces_.size());
    for (size_t t = 0; t < traces_.size(); ++t) {
      for (const KinetoOperation& o : traces_[t].operations)
        group_of_[t].push_back(GroupOf(traces_[t], o, listed));
    }
  }

  int32_t GroupOf(const KinetoTrace& trace, const KinetoOperation& o,
                  const std::map<std::string, std::vector<int32_t>>& listed) {
    std::vector<int32_t> ranks = o.ranks;
    // The file's own list first: names may mean other ranks elsewhere.
    for (const KinetoGroup& g : trace.groups) {
      if (ranks.empty() && g.name == o.group &&
          (o.group_size == 0 || g.ranks.size() == static_cast<size_t>(o.group_size)))
        ranks = g.ranks;
    }
    if (const auto it = listed.find(o.group); ranks.empty() && it != listed.end()) ranks = it->second;
    if (ranks.empty() && (o.group_size == 0 || o.group_size == world_size_)) ranks = World();
    std::sort(ranks.begin(), ranks.end());
    if (!std::binary_search(ranks.begin(), ranks.end(), trace.rank)) {
      ++without_group_;
      return -1;
    }
    const GroupKey key(o.group, std::move(ranks));
    const auto [it, added] = groups_.try_emplace(key, static_cast<int32_t>(in_order_.size()));
    if (added) in_order_.push_back({key, o.group_title});
    return it->second;
  }

  // A rank of which no operation can be used counts as missing.
  absl::Status LeaveOutGroupless() {
    std::string files;
    size_t kept = 0;
    for (size_t t = 0; t < traces_.size(); ++t) {
      if (std::all_of(group_of_[t].begin(), group_of_[t].end(), [](int32_t g) { return g < 0; })) {
        absl::StrAppend(&files, files.empty() ? "" : ", ", traces_[t].file);
        continue;
      }
      if (kept != t) traces_[kept] = std::move(traces_[t]), group_of_[kept] = std::move(group_of_[t]);
      ++kept;
    }
    if (files.empty()) return absl::OkStatus();
    Note(absl::StrCat("the groups of all operations in files cannot be told, their ranks count as missing: ",
                      files));
    if (kept == 0)
      return absl::InvalidArgumentError(absl::StrCat(
          files,
          ": it cannot be told which ranks the operations belong to: profile with a PyTorch that writes "
          "\"Process Group Ranks\", or all ranks"));
    traces_.resize(kept), group_of_.resize(kept);
    IndexRanks();
    return absl::OkStatus();
  }

  struct Place {
    size_t trace = 0, operation = 0;
  };

  // Numbers what lies at these places (of each rank in order) alike where it is the same operation.
  bool Number(const std::vector<std::vector<Place>>& ranks, bool ids) {
    std::vector<std::vector<SharedOperation>> shared;
    for (const std::vector<Place>& places : ranks) {
      auto& list = shared.emplace_back();
      for (const auto& [t, i] : places) {
        const KinetoOperation& o = traces_[t].operations[i];
        const uint64_t id = o.shared_id != 0  ? o.shared_id
                            : o.sequence >= 0 ? static_cast<uint64_t>(o.sequence) + 1
                                              : 0;
        list.push_back({ids ? Meaning(o).api : uint16_t{0}, ids ? id : 0, o.finished_ns});
      }
    }
    const SharedOrder order = FindSharedOrder(shared);
    for (size_t r = 0; r < ranks.size(); ++r) {
      for (size_t k = 0; k < ranks[r].size(); ++k)
        number_[ranks[r][k].trace][ranks[r][k].operation] = order.number[r][k];
    }
    (order.told ? outside_ : not_told_) += order.left_out;
    return order.told;
  }

  // Collectives of a group; sends of one rank to another and their receives.
  void FindOrder() {
    std::vector<std::map<size_t, std::vector<Place>>> collectives(in_order_.size());  // by trace
    std::map<std::tuple<int32_t, int32_t, int32_t>, std::map<size_t, std::vector<Place>>> channels;
    number_.resize(traces_.size());
    for (size_t t = 0; t < traces_.size(); ++t) {
      number_[t].assign(traces_[t].operations.size(), 1);
      for (size_t i = 0; i < traces_[t].operations.size(); ++i) {
        const KinetoOperation& o = traces_[t].operations[i];
        const int32_t g = group_of_[t][i], rank = traces_[t].rank;
        if (g < 0) continue;
        if (!Meaning(o).p2p) {
          collectives[g][t].push_back({t, i});
        } else if (dense_.contains(o.peer)) {
          channels[o.name == "recv" ? std::tuple(g, o.peer, rank) : std::tuple(g, rank, o.peer)][t].push_back(
              {t, i});
        }
      }
    }
    const auto lists = [](const std::map<size_t, std::vector<Place>>& by_trace) {
      std::vector<std::vector<Place>> all;
      for (const auto& [t, places] : by_trace) all.push_back(places);
      return all;
    };
    for (size_t g = 0; g < in_order_.size(); ++g) {
      if (!Number(lists(collectives[g]), true)) untold_groups_.push_back(NameOf(g));
    }
    for (const auto& [ends, by_trace] : channels) {
      if (!Number(lists(by_trace), false)) untold_groups_.push_back(NameOf(std::get<0>(ends)));
    }
  }

  // Where ranks cannot be told to have been in the same operation, who waited for whom is not known of any.
  absl::Status CheckOrder() {
    if (outside_ > 0)
      Note(absl::StrCat(outside_,
                        " operations are left out: not all their ranks profiled them (windows of profilers "
                        "differ)"));
    if (untold_groups_.empty()) return absl::OkStatus();
    std::sort(untold_groups_.begin(), untold_groups_.end());
    untold_groups_.erase(std::unique(untold_groups_.begin(), untold_groups_.end()), untold_groups_.end());
    const std::string why = absl::StrCat(
        "which operations of ", absl::StrJoin(untold_groups_, ", "),
        " belong together cannot be told: ranks profiled different numbers of them, without \"Seq\", and the "
        "times of their ends do not tell either: profile the same steps on all ranks");
    bool any = false;
    for (size_t t = 0; t < traces_.size(); ++t) {
      for (size_t i = 0; i < number_[t].size(); ++i)
        any = any || (group_of_[t][i] >= 0 && number_[t][i] != 0);
    }
    if (!any) return absl::InvalidArgumentError(why);
    Note(absl::StrCat(why, "; these ", not_told_, " are left out, and nothing is said of slowness"));
    store_.device_times = false;
    return absl::OkStatus();
  }

  // By the ends of collectives that all ranks of a group have profiled.
  void RelateClocks() {
    std::map<std::pair<int32_t, uint32_t>, std::vector<std::pair<size_t, int64_t>>> ends;  // (trace, end)
    for (size_t t = 0; t < traces_.size(); ++t) {
      for (size_t i = 0; i < traces_[t].operations.size(); ++i) {
        const KinetoOperation& o = traces_[t].operations[i];
        if (group_of_[t][i] >= 0 && number_[t][i] != 0 && !Meaning(o).p2p)
          ends[{group_of_[t][i], number_[t][i]}].emplace_back(t, o.finished_ns);
      }
    }
    std::vector<std::vector<int64_t>> off(traces_.size());
    for (const auto& [where, found] : ends) {
      if (found.size() != in_order_[where.first].key.second.size() || found.size() < 2) continue;
      std::vector<int64_t> times;
      for (const auto& [t, end] : found) times.push_back(end);
      const int64_t usual = localize::Median(times);
      for (const auto& [t, end] : found) off[t].push_back(end - usual);
    }
    for (size_t t = 0; t < traces_.size(); ++t) {
      const int64_t ahead = localize::Median(off[t]);
      if (std::abs(ahead) <= kClocksDifferNs) continue;
      Note(absl::StrFormat(
          "the clock of rank %d is %.6f s ahead of the others', by the ends of shared collectives; corrected",
          traces_[t].rank, static_cast<double>(ahead) * 1e-9));
      for (KinetoOperation& o : traces_[t].operations) {
        for (int64_t* time : {&o.called_ns, &o.started_ns, &o.finished_ns}) {
          if (*time != kNotTold) *time -= ahead;
        }
      }
      for (KinetoStep& s : traces_[t].steps) s.begin_ns -= ahead, s.end_ns -= ahead;
    }
  }

  void AddRanks() {
    int64_t first = INT64_MAX, last = 0;
    for (const KinetoTrace& t : traces_) {
      for (const KinetoOperation& o : t.operations) {
        first = std::min(first, o.called_ns != kNotTold ? std::min(o.called_ns, o.started_ns) : o.started_ns);
        last = std::max(last, o.finished_ns);
      }
      for (const KinetoStep& s : t.steps)
        first = std::min(first, s.begin_ns), last = std::max(last, s.end_ns);
    }
    origin_ = first;
    store_.observed_until = OnAxis(last);
    for (const KinetoTrace& t : traces_) {
      store::Process process;
      process.rank = t.rank, process.source = t.file, process.cut = t.cut, process.malformed = t.malformed;
      process.started = 1, process.last_seen = process.heartbeat = store_.observed_until;
      store_.ranks.push_back({t.rank, static_cast<int32_t>(store_.processes.size())});
      store_.processes.push_back(std::move(process));
    }
    store_.world_size = world_size_;
    for (int32_t r = 0; r < world_size_; ++r) {
      if (!dense_.contains(r)) store_.quality.missing_ranks.push_back(r);
    }
  }

  int64_t OnAxis(int64_t time) const {
    return time == kNotTold ? 0 : std::max<int64_t>(time - origin_ + 1, 1);
  }

  std::string NameOf(size_t g) const {
    const std::string& name = in_order_[g].key.first;
    if (name.empty()) return "world";
    return in_order_[g].title.empty() ? absl::StrCat("group ", name)
                                      : absl::StrCat(in_order_[g].title, "(", name, ")");
  }

  void AddCommunicators() {
    std::set<std::string> used;
    for (size_t g = 0; g < in_order_.size(); ++g) {
      store::Communicator& c = store_.communicators.emplace_back();
      const std::vector<int32_t>& ranks = in_order_[g].key.second;
      c.id = g + 1;
      c.name = NameOf(g);
      c.members.resize(ranks.size());
      for (size_t place = 0; place < ranks.size(); ++place) {
        const auto it = dense_.find(ranks[place]);
        c.members[place].global = ranks[place];
        c.members[place].rank = it == dense_.end() ? kNone : it->second;
        c.members[place].state = store::CommState::kReady;
      }
    }
  }

  // Of the step that the call (else the kernel) lies in; kNone outside of all.
  static int32_t StepAt(const KinetoTrace& trace, int64_t time) {
    auto it = std::upper_bound(trace.steps.begin(), trace.steps.end(), time,
                               [](int64_t t, const KinetoStep& s) { return t < s.begin_ns; });
    if (it == trace.steps.begin()) return kNone;
    --it;
    return time <= it->end_ns ? static_cast<int32_t>(std::clamp<int64_t>(it->number, 0, INT32_MAX)) : kNone;
  }

  void AddOperations(size_t t) {
    const KinetoTrace& trace = traces_[t];
    std::map<int32_t, uint32_t> exchanges;  // of sends and receives in each group
    for (size_t i = 0; i < trace.operations.size(); ++i) {
      const int32_t g = group_of_[t][i];
      if (g < 0 || number_[t][i] == 0) continue;
      const KinetoOperation& o = trace.operations[i];
      const OperationMeaning meaning = Meaning(o);
      const auto& ranks = in_order_[g].key.second;
      const auto place_of = [&](int32_t rank) {
        const auto it = std::lower_bound(ranks.begin(), ranks.end(), rank);
        return it == ranks.end() || *it != rank ? kNone : static_cast<int32_t>(it - ranks.begin());
      };
      store::Operation row;
      row.rank = static_cast<int32_t>(t), row.communicator = g, row.member = place_of(trace.rank);
      row.api = meaning.api, row.p2p = meaning.p2p, row.peer = meaning.p2p ? place_of(o.peer) : kNone;
      row.seq = meaning.p2p ? ++exchanges[g] : number_[t][i];
      row.started = OnAxis(o.started_ns), row.finished = OnAxis(o.finished_ns);
      row.entered = o.called_ns == kNotTold ? row.started : std::min(OnAxis(o.called_ns), row.started);
      row.returned = row.entered;
      row.count = meaning.sizes_agree || meaning.p2p ? o.elements : 0;
      row.dtype = 0xff;
      row.stream = o.stream + 1;
      row.step = StepAt(trace, o.called_ns == kNotTold ? o.started_ns : o.called_ns);
      row.state = store::OpState::kDone;
      store::Member& member = store_.communicators[g].members[row.member];
      (meaning.p2p ? member.last_p2p_seq : member.last_seq) = row.seq;
      store_.AddOperation(row);
    }
  }

  void Describe() {
    Note(
        "profiler traces only: they hold completed kernels of NCCL within the profiled window, neither what "
        "was unfinished nor how "
        "the job ended");
    if (without_group_ > 0)
      Note(absl::StrCat(without_group_, " operations of groups whose ranks cannot be told, left out"));
    if (guessed_) Note("not all files tell their rank: they were numbered by their names");
    size_t linked = 0, all = 0;
    for (const KinetoTrace& t : traces_) {
      for (const KinetoOperation& o : t.operations) ++all, linked += o.called_ns != kNotTold;
    }
    if (linked < all)
      Note(absl::StrCat(all - linked, " of ", all,
                        " kernels could not be linked with the call that enqueued them: entered = started"));
  }

  std::vector<KinetoTrace> traces_;
  Store& store_;
  absl::flat_hash_map<int32_t, int32_t> dense_;  // global rank -> index in store
  std::map<GroupKey, int32_t> groups_;
  std::vector<Group> in_order_;
  std::vector<std::vector<int32_t>> group_of_;  // of each operation of each trace
  int32_t world_size_ = 0;
  int64_t origin_ = 0;
  uint64_t without_group_ = 0;
  std::vector<std::vector<uint32_t>> number_;  // of each operation of each trace; 0 = left out
  size_t outside_ = 0, not_told_ = 0;          // operations left out
  std::vector<std::string> untold_groups_;
  bool guessed_ = false;
};

}  // namespace

absl::Status BuildStore(std::vector<KinetoTrace> traces, Store& store) {
  const bool any =
      std::any_of(traces.begin(), traces.end(), [](const auto& t) { return !t.operations.empty(); });
  if (!any) {
    return absl::InvalidArgumentError(
        absl::StrCat(traces.empty() ? "no trace" : traces.front().file,
                     ": no kernels of NCCL in the profiler's traces: profile with ProfilerActivity.CUDA"));
  }
  return JobBuilder(std::move(traces), store).Build();
}

}  // namespace rankle::import
