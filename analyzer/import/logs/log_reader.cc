#include "analyzer/import/logs/log_reader.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "analyzer/import/logs/docker_line.h"
#include "analyzer/import/logs/failure_text.h"
#include "analyzer/import/logs/file_rank.h"
#include "analyzer/import/logs/fingerprint_line.h"
#include "analyzer/import/logs/xid.h"

namespace rankle::import {
namespace {

constexpr auto kNowhere = std::string_view::npos;
// Beyond these a log repeats itself.
constexpr size_t kMostTroubles = 20'000, kMostStatuses = 1u << 18, kMostStreams = 1u << 17;
constexpr size_t kMostText = 300;
// Without times, the place in the file orders events: one step a line.
constexpr int64_t kStepNs = 1'000;
// Files that only their numbers tell apart may be those of anything; of several attempts, what belongs to
// which is told by times alone.
constexpr double kCertaintyGuessed = 0.5;
// What a process still says while it ends (warnings of destructors, the notice of a debugger). One that says
// more after an error has got over it.
constexpr int kLastWords = 40;
// A process that launched this many collectives after an error of NCCL has recovered from it, as in
// analyzer/localize/failure.cc.
constexpr int kRecoveredOperations = 64;
// Of a file of one process the lines need no tag to tell whose they are.
constexpr size_t kSeveral = 2;

std::string Cut(std::string_view text) { return Printable(text.substr(0, kMostText)); }

constexpr std::string_view kNcclWarns = " NCCL WARN ";
// ROCm's runtime, of a device of its process: "HW Exception by GPU node-9 (Agent handle: 0x1) reason :GPU
// Hang".
constexpr std::string_view kGpuException = "HW Exception by GPU";

// Is the line worth the looks of all scanners but NCCL's? Every such line holds one of these; most lines of
// a log hold none, and the check decides how fast logs are read.
bool MayTell(std::string_view line) {
  if (line.size() < 8) return false;
  if (MayBeXidLine(line) || Holds(line, kGpuException)) return true;
  return MayBeWatchdogLine(line) || MayBeFingerprintLine(line) || LauncherReader::MayBeLauncherLine(line) ||
         Holds(line, "Traceback (most") || Holds(line, "terminate called");
}

}  // namespace

bool LooksLikeLog(std::string_view first_bytes) {
  if (LooksLikeErrorFile(first_bytes)) return true;
  // JSON and pickles may quote a log.
  if (first_bytes.empty() || first_bytes[0] == '\x80') return false;
  if (MayBeJson(first_bytes) && !IsDockerLine(first_bytes)) return false;
  std::string scratch;
  bool found = false;
  const auto look = [&](std::string_view raw) {
    if (found) return;
    std::string unpacked;
    const std::string_view line = CleanLine(UnpackDockerLine(raw, unpacked), scratch);
    const TaggedLine tagged = SplitTags(line);
    NcclLine nccl;
    WatchdogLine watchdog;
    XidLine xid;
    const size_t mark = FindNcclMark(line);
    found = (mark != kNowhere &&
             (ParseNcclLine(line, mark, nccl) || line.substr(mark).starts_with(kNcclWarns))) ||
            tagged.text.starts_with("NCCL version ") || ParseWatchdogLine(line, watchdog) ||
            ParseXidLine(line, xid) || FindTraceback(tagged.text) != kNowhere || MayBeFingerprintLine(line) ||
            Holds(line, kGpuException) || LauncherReader::MayBeLauncherLine(tagged.text) ||
            Holds(line, "torch.distributed.run") || Holds(line, "torch.distributed.elastic") ||
            Holds(line, "torch/distributed/run.py");
  };
  LineSplitter splitter;
  splitter.Feed(first_bytes, look);
  splitter.Finish(look);
  return found;
}

void LogReader::BeginFile(const std::string& path) {
  file_ = path, now_ = 0;
  streams_.clear(), processes_.clear();
  first_trouble_ = contents_.troubles.size();
  splitter_ = {};
}

void LogReader::Take(std::string_view piece) {
  splitter_.Feed(piece, [this](std::string_view line) { Line(line); });
}

int64_t LogReader::At(std::string_view text) {
  now_ = std::max(now_ + kStepNs, FindTime(text));
  return now_;
}

void LogReader::Line(std::string_view raw) {
  const std::string_view line = CleanLine(UnpackDockerLine(raw, unpacked_), scratch_);
  now_ += kStepNs;
  // Lines of rankle itself tell what was injected, which no diagnosis may read.
  if (line.starts_with("rankle: ")) return;
  if (const size_t mark = FindNcclMark(line); mark != kNowhere) {
    NcclLine nccl;
    if (ParseNcclLine(line, mark, nccl)) {
      if (!nccl.prefix.empty()) now_ = std::max(now_, FindTime(nccl.prefix));
      return TakeNccl(nccl);
    }
    if (line.substr(mark).starts_with(kNcclWarns)) TakeNamelessWarning(line, mark);
  }
  if (streams_.empty() && !MayTell(line)) return;
  if (WatchdogLine watchdog; MayBeWatchdogLine(line) && ParseWatchdogLine(line, watchdog)) {
    At(line);
    TakeWatchdog(watchdog);
    // what() of an exception repeats the watchdog's message.
    if (!Holds(line, "what():")) return;
  }
  if (MayBeFingerprintLine(line)) TakeFingerprints(line);
  TakeText(line);
}

void LogReader::TakeNccl(const NcclLine& line) {
  ++contents_.nccl_lines;
  const int32_t process = nccl_.Take(line, now_, file_);
  if (process < 0) return;
  if (processes_.size() < kSeveral) processes_.insert(process);
  if (!open_errors_.empty()) GetOverErrors(process, line.kind);
  largest_ranks_ = std::max(largest_ranks_, line.ranks);
  if (!streams_.empty()) SayMore(line);
  if (line.kind != NcclLineKind::kWarning) return;
  const ErrorMeaning meaning = MeaningOfWarning(line.message);
  if (meaning.weight != ErrorMeaning::Weight::kFailure) return;
  LoggedTrouble trouble;
  trouble.kind = TroubleKind::kError, trouble.failure = meaning.failure, trouble.blame = meaning.blame;
  trouble.by_library = true;
  trouble.who.host = line.host, trouble.who.pid = line.pid, trouble.time = now_;
  trouble.text = absl::StrCat("NCCL warned: ", Cut(line.message));
  OpenErrors& open = open_errors_[process];
  open.troubles.push_back(contents_.troubles.size()), open.operations = 0;
  Add(std::move(trouble));
}

// Some programs cut the host and the process off: "[10] alloc.h:58 NCCL WARN Cuda failure".
void LogReader::TakeNamelessWarning(std::string_view line, size_t mark) {
  const std::string_view message = line.substr(mark + kNcclWarns.size());
  const ErrorMeaning meaning = MeaningOfWarning(message);
  if (meaning.weight != ErrorMeaning::Weight::kFailure) return;
  const TaggedLine tagged = SplitTags(line);
  LoggedTrouble trouble;
  trouble.kind = TroubleKind::kError, trouble.failure = meaning.failure, trouble.blame = meaning.blame;
  trouble.by_library = true, trouble.who.rank = tagged.rank, trouble.who.local_rank = tagged.local_rank;
  trouble.time = now_, trouble.text = absl::StrCat("NCCL warned: ", Cut(message));
  Add(std::move(trouble));
}

// Whoever launches or ends in an orderly way has got over the exception that it printed.
void LogReader::SayMore(const NcclLine& line) {
  const bool leaves = line.kind == NcclLineKind::kDestroyed;
  if (!leaves && line.kind != NcclLineKind::kCollective) return;
  int32_t tag = TagsIn(line.prefix).rank;
  // In the largest communicator, ranks are those of the job.
  if (tag < 0 && leaves && line.ranks == largest_ranks_) tag = line.rank;
  for (const int32_t t : {tag, processes_.size() == 1 ? -1 : tag}) {
    const auto stream = streams_.find(t);
    if (stream != streams_.end()) stream->second.lines_after += leaves ? kLastWords + 1 : 1;
  }
}

void LogReader::GetOverErrors(int32_t process, NcclLineKind kind) {
  const auto it = open_errors_.find(process);
  if (it == open_errors_.end()) return;
  it->second.operations += kind == NcclLineKind::kCollective;
  if (kind != NcclLineKind::kDestroyed && it->second.operations < kRecoveredOperations) return;
  for (const size_t i : it->second.troubles) {
    if (i < contents_.troubles.size()) contents_.troubles[i].by_library = false;
  }
  open_errors_.erase(it);
}

LoggedStatus* LogReader::StatusOf(int32_t rank, const WatchdogLine& line) {
  std::pair key(rank, std::string(line.group));
  const auto it = status_index_.find(key);
  if (it != status_index_.end()) return &contents_.statuses[it->second];
  if (contents_.statuses.size() >= kMostStatuses) return nullptr;
  status_index_.try_emplace(std::move(key), contents_.statuses.size());
  LoggedStatus& status = contents_.statuses.emplace_back();
  status.rank = rank, status.group = Cut(line.group), status.description = Cut(line.description);
  return &status;
}

void LogReader::TakeWatchdog(const WatchdogLine& line) {
  // Without a tag the rank in the group is that in the job only where the group is the whole job.
  const bool whole = line.group.empty() || line.group == "0" || line.description == "default_pg";
  const int32_t rank = line.rank >= 0 ? line.rank : whole ? line.group_rank : -1;
  const bool waited = line.kind == WatchdogLineKind::kTimeout || line.kind == WatchdogLineKind::kTakenDown;
  contents_.has_timeouts = contents_.has_timeouts || waited || line.kind == WatchdogLineKind::kDumpSignal;
  if (line.kind == WatchdogLineKind::kTimeout && rank >= 0 && timed_out_.size() < kMostStreams) {
    const Work work = {line.sequence, line.elements_in, line.ran_ms, now_, Cut(line.operation)};
    timed_out_[rank] = work;
    const auto [first, added] = first_timed_out_.try_emplace(rank, work);
    if (!added && work.sequence >= 0 && work.sequence < first->second.sequence) first->second = work;
  }
  if (line.has_status && rank >= 0) {
    if (LoggedStatus* status = StatusOf(rank, line)) {
      status->group_rank = std::max(status->group_rank, line.group_rank);
      // Numbers below what was complete are those of another attempt, before or after. Where no line tells
      // the group, they may be those of another group.
      const bool before = now_ <= status->time, falls = line.enqueued < status->completed;
      if (!line.group.empty() && (falls || (before && line.completed > status->enqueued))) {
        restarted_ = std::max(restarted_, std::min(status->time, now_));
        if (before) return;
        status->enqueued = status->completed = status->timed_out = -1;
      }
      // The numbers only rise; the last line is the one to believe.
      status->enqueued = std::max(status->enqueued, line.enqueued);
      status->completed = std::max(status->completed, line.completed);
      status->time = now_;
      const auto work = timed_out_.find(rank);
      if (work != timed_out_.end() && !work->second.operation.empty() &&
          (line.sequence < 0 || work->second.sequence == line.sequence) &&
          work->second.sequence > line.completed && work->second.sequence <= line.enqueued) {
        status->timed_out = work->second.sequence, status->operation = work->second.operation;
        status->elements = work->second.elements, status->ran_ms = work->second.ran_ms;
      }
    }
  }
  if (line.kind == WatchdogLineKind::kStatus) return;
  if (line.kind == WatchdogLineKind::kError) return TakeWatchdogError(rank, line);
  LoggedTrouble trouble;
  const bool passes_on = line.kind == WatchdogLineKind::kDumpSignal;
  trouble.kind = passes_on ? TroubleKind::kRemark : TroubleKind::kWatchdog, trouble.who.rank = rank,
  trouble.time = now_;
  // Some terminals wrapped the line.
  const bool is_told = line.sequence >= 0;
  trouble.text = line.kind == WatchdogLineKind::kTimeout && !is_told
                     ? "the watchdog saw a collective not finish in time"
                 : line.kind == WatchdogLineKind::kTimeout
                     ? absl::StrCat("the watchdog saw ", std::string(line.operation), " #", line.sequence,
                                    " not finish for ", line.ran_ms / 1000, " s")
                 : passes_on ? "the watchdog was told that a collective of some rank did not finish in time"
                 : line.kind == WatchdogLineKind::kTakenDown ? "the watchdog ends its process"
                                                             : "the watchdog itself stands still";
  Add(std::move(trouble));
}

// An error that is the watchdog's own, a timeout, was told by it before.
void LogReader::TakeWatchdogError(int32_t rank, const WatchdogLine& line) {
  const ErrorMeaning meaning = MeaningOfError(line.error);
  if (meaning.weight != ErrorMeaning::Weight::kFailure) return;
  LoggedTrouble trouble;
  trouble.kind = TroubleKind::kError, trouble.failure = meaning.failure, trouble.blame = meaning.blame;
  trouble.by_library = true, trouble.who.rank = rank, trouble.time = now_;
  // Of what a peer did, the process may only be the first to tell.
  trouble.fatal = line.ends_process && meaning.blame == store::Blame::kLocal;
  trouble.text = absl::StrCat("the watchdog saw an error: ", Cut(line.error));
  Add(std::move(trouble));
}

void LogReader::TakeEnd(const ProcessEnd& end) {
  LoggedTrouble trouble;
  trouble.who = end.who, trouble.time = end.time == 0 ? now_ : end.time, trouble.first = end.first;
  trouble.exit_code = end.exit_code, trouble.signal = end.signal;
  if (!end.error.empty()) {
    const ErrorMeaning meaning = MeaningOfError(end.error);
    LoggedTrouble error = trouble;
    error.kind =
        meaning.weight == ErrorMeaning::Weight::kWatchdog ? TroubleKind::kWatchdog : TroubleKind::kError;
    error.failure = meaning.failure, error.blame = meaning.blame, error.fatal = true;
    error.text = Cut(end.error);
    if (meaning.weight != ErrorMeaning::Weight::kNothing) Add(std::move(error));
  }
  trouble.kind = end.asked ? TroubleKind::kRemark : TroubleKind::kEnd;
  trouble.text =
      !end.reason.empty()
          ? Cut(end.reason)
          : absl::StrCat("the launcher ", end.asked ? "ended the process with" : "saw the process end by",
                         trouble.signal != 0 ? " signal " : " exit code ",
                         trouble.signal != 0 ? trouble.signal : trouble.exit_code);
  Add(std::move(trouble));
}

void LogReader::TakeXid(std::string_view line) {
  XidLine xid;
  if (!ParseXidLine(line, xid)) return;
  // The kernel has a clock of its own, often in another time zone: it does not move that of the file.
  const int64_t stamp = FindTime(line);
  LoggedTrouble trouble;
  trouble.kind = TroubleKind::kXid, trouble.xid = xid.number, trouble.xid_cause = xid.cause,
  trouble.who = xid.who;
  trouble.failure = store::ReportedFailure::kCuda, trouble.time = stamp == 0 ? now_ : stamp;
  trouble.text = absl::StrCat("Xid ", xid.number, " in the kernel log",
                              xid.cause != 0 ? absl::StrCat(", caused by Xid ", xid.cause) : "", ": ",
                              MeaningOfXid(xid.cause != 0 ? xid.cause : xid.number).text);
  Add(std::move(trouble));
}

void LogReader::TakeFingerprints(std::string_view line) {
  std::array<Fingerprint, 2> sides;
  if (!ParseFingerprintLine(line, sides)) return;
  contents_.has_timeouts = true;
  for (const Fingerprint& side : sides) {
    // Their numbers may differ: that the two meet is what the message says.
    WatchdogLine watchdog;
    watchdog.group = "compared collectives";
    LoggedStatus* status = StatusOf(side.rank, watchdog);
    if (status == nullptr) return;
    const int64_t number = std::max<int64_t>({sides[0].sequence, sides[1].sequence, 1});
    status->enqueued = status->timed_out = number, status->completed = number - 1;
    status->operation = Cut(side.operation), status->elements = side.elements, status->time = now_;
  }
}

bool LogReader::TakeText(std::string_view line) {
  if (MayBeXidLine(line)) return TakeXid(line), true;
  TaggedLine tagged = SplitTags(line);
  if (const size_t at = line.find(kGpuException); at != kNowhere) {
    LoggedTrouble trouble;
    trouble.kind = TroubleKind::kError, trouble.failure = store::ReportedFailure::kCuda, trouble.fatal = true;
    trouble.who.rank = tagged.rank, trouble.who.local_rank = tagged.local_rank, trouble.time = now_;
    trouble.text = Cut(line.substr(at));
    return Add(std::move(trouble)), true;
  }
  // What collectors of output put before each line.
  size_t prefix = 0;
  if (tagged.rank < 0 && tagged.local_rank < 0) {
    prefix = FindTraceback(line);
    if (prefix == kNowhere) {
      prefix = 0;
      const auto own = streams_.find(-1);
      if (own != streams_.end() && own->second.traceback.inside()) {
        // What stood before the first line only was a message, or a progress bar.
        if (!own->second.prefix.Fits(line) && line.starts_with("  ")) own->second.prefix = LinePrefix();
        if (!own->second.prefix.Fits(line)) return false;
        prefix = own->second.prefix.size();
      }
    }
    tagged.text = line.substr(prefix);
  }
  const int32_t tag = tagged.rank >= 0 ? tagged.rank : tagged.local_rank >= 0 ? -2 - tagged.local_rank : -1;
  auto it = streams_.find(tag);
  const bool begins =
      TracebackReader::MayBegin(tagged.text) || LauncherReader::MayBeLauncherLine(tagged.text);
  if (it == streams_.end()) {
    if (!begins || streams_.size() >= kMostStreams) return false;
    it = streams_.try_emplace(tag).first;
  }
  Stream& stream = it->second;
  if (tag == -1 && TracebackReader::MayBegin(tagged.text)) stream.prefix = LinePrefix(line.substr(0, prefix));
  if (const auto end = stream.launcher.Take(tagged.text)) TakeEnd(*end);
  if (stream.launcher.inside()) return true;
  TracebackEnd end;
  if (stream.traceback.Take(tagged.text, end)) {
    const ErrorMeaning meaning = MeaningOfError(end.error);
    if (meaning.weight == ErrorMeaning::Weight::kNothing) return true;
    LoggedTrouble trouble;
    trouble.kind =
        meaning.weight == ErrorMeaning::Weight::kWatchdog ? TroubleKind::kWatchdog : TroubleKind::kError;
    trouble.failure = meaning.failure, trouble.blame = meaning.blame, trouble.time = now_;
    trouble.who.rank = tagged.rank, trouble.who.local_rank = tagged.local_rank;
    trouble.text = end.place.empty() ? end.error : absl::StrCat(end.error, " (", end.place, ")");
    stream.error = static_cast<int64_t>(contents_.troubles.size()), stream.lines_after = 0;
    Add(std::move(trouble));
    return true;
  }
  if (!stream.traceback.inside()) ++stream.lines_after;
  return true;
}

void LogReader::EndFile() {
  splitter_.Finish([this](std::string_view line) { Line(line); });
  contents_.cut_lines += splitter_.cut_lines();
  for (auto& [tag, stream] : streams_) {
    if (const auto end = stream.launcher.Finish()) TakeEnd(*end);
    if (stream.error < 0 || stream.error >= static_cast<int64_t>(contents_.troubles.size())) continue;
    contents_.troubles[stream.error].fatal = stream.lines_after <= kLastWords;
  }
  // Whose untagged lines are these? Of the one process of the file, if it shows no other.
  const LoggedProcess* only = processes_.size() == 1 ? &contents_.processes[*processes_.begin()] : nullptr;
  const auto is_nobodys = [](const LoggedTrouble& t) {
    return t.who.rank < 0 && t.who.local_rank < 0 && t.who.pid < 0 && t.kind != TroubleKind::kXid;
  };
  bool others = processes_.size() > 1;
  for (size_t i = first_trouble_; i < contents_.troubles.size(); ++i) {
    const LoggedTrouble& trouble = contents_.troubles[i];
    const bool somebodys = !is_nobodys(trouble) && trouble.kind != TroubleKind::kXid;
    others = others || (somebodys && (only == nullptr || trouble.who.pid != only->pid));
  }
  for (const auto& [tag, stream] : streams_) others = others || tag != -1;
  if (others) return;
  if (only == nullptr) {
    nameless_.push_back({file_, first_trouble_, contents_.troubles.size()});
    return;
  }
  for (size_t i = first_trouble_; i < contents_.troubles.size(); ++i) {
    Speaker& who = contents_.troubles[i].who;
    if (is_nobodys(contents_.troubles[i])) who.host = only->host, who.pid = only->pid;
  }
}

// Files of one rank each.
void LogReader::NameTheNameless() {
  std::vector<std::string> paths;
  for (const Nameless& file : nameless_) paths.push_back(file.path);
  const FileRanks ranks = RanksOfFiles(paths);
  bool any = false;
  for (size_t f = 0; f < nameless_.size(); ++f) {
    for (size_t i = nameless_[f].first; i < nameless_[f].last; ++i) {
      LoggedTrouble& trouble = contents_.troubles[i];
      const bool nobodys = trouble.who.rank < 0 && trouble.who.pid < 0 && trouble.kind != TroubleKind::kXid;
      if (!nobodys) continue;
      trouble.who.rank = ranks.ranks[f];
      if (ranks.ranks[f] < 0 && trouble.who.local_rank < 0) trouble.who.local_rank = ranks.on_host[f];
      any = any || trouble.who.rank >= 0 || trouble.who.local_rank >= 0;
    }
  }
  if (!any) return;
  if (ranks.guessed) contents_.certainty = std::min(contents_.certainty, kCertaintyGuessed);
  contents_.notes.push_back(ranks.guessed
                                ? "no line tells the ranks: they are the numbers in the names of the files"
                                : "ranks of lines without a tag are those in the names of their files");
}

// Of several attempts, or jobs, in the same logs the last counts.
void LogReader::ForgetBefore(int64_t time) {
  std::erase_if(contents_.statuses, [time](const LoggedStatus& s) { return s.time <= time; });
  std::erase_if(contents_.troubles, [time](const LoggedTrouble& t) {
    return t.kind != TroubleKind::kXid && t.time >= kDayNs && t.time <= time;
  });
  contents_.certainty = std::min(contents_.certainty, kCertaintyGuessed);
  contents_.notes.push_back(
      "the logs hold several attempts of the job, or several jobs: the last one is analyzed");
}

void LogReader::TakeErrorFile(const std::string& path, std::string_view bytes) {
  const auto file = ParseErrorFile(bytes);
  if (!file) {
    contents_.notes.push_back(absl::StrCat(path, ": an error file that cannot be read, left out"));
    return;
  }
  const ErrorMeaning meaning = MeaningOfError(file->error);
  if (meaning.weight == ErrorMeaning::Weight::kNothing) return;
  LoggedTrouble trouble;
  trouble.kind =
      meaning.weight == ErrorMeaning::Weight::kWatchdog ? TroubleKind::kWatchdog : TroubleKind::kError;
  trouble.failure = meaning.failure, trouble.blame = meaning.blame, trouble.fatal = true;
  // torchrun names the directory of the file after the rank on the host.
  int32_t local = -1;
  if (absl::SimpleAtoi(std::filesystem::path(path).parent_path().filename().string(), &local) && local >= 0)
    trouble.who.local_rank = local;
  trouble.text = file->place.empty() ? file->error : absl::StrCat(file->error, " (", file->place, ")");
  trouble.time = YearTime(file->seconds);
  Add(std::move(trouble));
}

// Watchdogs before PyTorch 2.1 tell what timed out, and neither the group nor how far the rank came; of later
// ones a log may hold that line only. If all name the same number, and no more than one group is known, it is
// one operation, which was the first unfinished one of each. Numbers that differ may be those of other
// groups.
void LogReader::Finish() {
  NameTheNameless();
  if (restarted_ > 0) ForgetBefore(restarted_);
  std::set<std::string> groups;
  std::set<int32_t> told;
  std::set<int64_t> numbers;
  for (const LoggedStatus& s : contents_.statuses) {
    groups.insert(s.group), told.insert(s.rank);
    if (s.timed_out >= 0) numbers.insert(s.timed_out);
  }
  for (const auto& [rank, work] : first_timed_out_) numbers.insert(work.sequence);
  if (groups.size() > 1 || numbers.size() != 1 || *numbers.begin() < 1) return;
  const LoggedStatus known = contents_.statuses.empty() ? LoggedStatus{} : contents_.statuses.front();
  std::set<std::string> operations;
  bool any_untold = false;
  for (const auto& [rank, work] : first_timed_out_)
    operations.insert(work.operation), any_untold = any_untold || !told.contains(rank);
  if (any_untold && operations.size() > 1) {
    contents_.certainty = std::min(contents_.certainty, kCertaintyGuessed);
    contents_.notes.push_back("not all watchdogs tell the group of what timed out: one group is assumed");
  }
  for (const auto& [rank, work] : first_timed_out_) {
    if (told.contains(rank)) continue;
    LoggedStatus& status = contents_.statuses.emplace_back();
    status.group = known.group, status.description = known.description;
    status.rank = rank, status.enqueued = work.sequence, status.completed = work.sequence - 1;
    // A line that a terminal wrapped may not tell the operation: then it is only counted.
    if (!work.operation.empty()) status.timed_out = work.sequence;
    status.operation = work.operation, status.elements = work.elements, status.ran_ms = work.ran_ms;
    status.time = work.time;
  }
}

void LogReader::Add(LoggedTrouble trouble) {
  if (contents_.troubles.size() >= kMostTroubles) {
    ++contents_.dropped_troubles;
    return;
  }
  trouble.text = Printable(trouble.text), trouble.who.host = Printable(trouble.who.host);
  contents_.troubles.push_back(std::move(trouble));
}

}  // namespace rankle::import
