// Reads log files line by line into LogContents: one scanner for each family of lines, whatever the mixture.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analyzer/import/logs/launcher_line.h"
#include "analyzer/import/logs/line_prefix.h"
#include "analyzer/import/logs/line_splitter.h"
#include "analyzer/import/logs/log_contents.h"
#include "analyzer/import/logs/nccl_collector.h"
#include "analyzer/import/logs/traceback.h"
#include "analyzer/import/logs/watchdog_line.h"

namespace rankle::import {

// Does some line of these first bytes of a file belong to a family?
bool LooksLikeLog(std::string_view first_bytes);

class LogReader {
 public:
  explicit LogReader(LogContents& contents) : contents_(contents), nccl_(contents) {}

  // For each file: BeginFile, Take, EndFile; at last Finish.
  void BeginFile(const std::string& path);
  void Take(std::string_view piece);  // bytes of the file, in order
  void EndFile();
  // A whole error file of torchrun.
  void TakeErrorFile(const std::string& path, std::string_view bytes);
  void Finish();

 private:
  // Lines of one tag are those of one process; without tags, of the file.
  struct Stream {
    LinePrefix prefix;  // of the traceback that is being read
    TracebackReader traceback;
    LauncherReader launcher;
    int64_t error = -1;   // index of the last error, which may have ended the process
    int lines_after = 0;  // since that
  };

  struct Work {
    int64_t sequence = -1, elements = -1, ran_ms = 0, time = 0;
    std::string operation;
  };

  void Line(std::string_view raw);
  void TakeNccl(const NcclLine& line);
  void GetOverErrors(int32_t process, NcclLineKind kind);
  void SayMore(const NcclLine& line);
  void TakeNamelessWarning(std::string_view line, size_t mark);
  void TakeWatchdog(const WatchdogLine& line);
  void TakeWatchdogError(int32_t rank, const WatchdogLine& line);
  void TakeEnd(const ProcessEnd& end);
  // False: the line belongs to no family.
  bool TakeText(std::string_view line);
  void TakeXid(std::string_view line);
  void TakeFingerprints(std::string_view line);
  void NameTheNameless();
  void ForgetBefore(int64_t time);
  LoggedStatus* StatusOf(int32_t rank, const WatchdogLine& line);
  void Add(LoggedTrouble trouble);
  int64_t At(std::string_view text);

  LogContents& contents_;
  NcclCollector nccl_;
  LineSplitter splitter_;
  std::string file_, scratch_, unpacked_;
  int64_t now_ = 0;
  std::map<int32_t, Stream> streams_;  // by rank of the tag; -1 = none
  std::set<int32_t> processes_;        // of the file, the first few
  // Files of which no line tells whose they are: their troubles, from the first to the one behind the last.
  struct Nameless {
    std::string path;
    size_t first = 0, last = 0;
  };
  std::vector<Nameless> nameless_;
  int64_t restarted_ = 0;      // the last sign of an attempt that was followed by another one
  int32_t largest_ranks_ = 0;  // of a communicator
  size_t first_trouble_ = 0;   // of the file
  // Errors of NCCL that the process may have got over, and how much it has launched since.
  struct OpenErrors {
    std::vector<size_t> troubles;
    int operations = 0;
  };
  std::map<int32_t, OpenErrors> open_errors_;  // by process
  std::map<std::pair<int32_t, std::string>, size_t> status_index_;
  // By rank: what its watchdog named last, whose group the next line tells, and the lowest number of all.
  std::map<int32_t, Work> timed_out_, first_timed_out_;
};

}  // namespace rankle::import
