// RAS's answer in text (`ncclras`, STATUS, VERBOSE STATUS; NCCL 2.24 on), line by line. It is made for people
// and differs between versions: a summary, and only those ranks that RAS takes for outliers. What is certain
// is taken (dead and missing processes, errors of ranks), what differs between ranks is kept as text, and
// lines that say something else are counted. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "analyzer/import/ras/ras_report.h"

namespace rankle::import {

bool LooksLikeRasText(std::string_view first_bytes);

class RasText {
 public:
  RasText(std::string file, RasRecords& records) : file_(std::move(file)), records_(records) {}
  // The next line that is no JSON.
  void TakeLine(std::string_view line);
  // The text has ended: its last answer is whole.
  void Finish();

 private:
  enum class Part {
    kNone,
    kSummary,
    kGroups,
    kMissing,
    kDead,
    kIncomplete,
    kInitError,
    kAsyncError,
    kDiffers
  };

  bool TakeEvent(std::string_view line);
  void TakeNumbers(std::string_view line);
  void BeginCommunicator(std::string_view line);
  bool TakeDetail(std::string_view line);
  bool TakeRank(std::string_view line);
  bool TakeMissingList(std::string_view line);
  RasRank& RankOf(int32_t rank);

  std::string file_;
  RasRecords& records_;
  bool open_ = false;  // inside of an answer: the last snapshot of records_
  Part part_ = Part::kNone;
  int32_t error_ = 0;  // of the ranks that are listed next
  size_t communicator_ = 0;
  std::map<int32_t, int32_t> size_of_group_;
  std::map<std::pair<std::string, int32_t>, bool> silent_;  // processes (node, pid) -> dead
};

}  // namespace rankle::import
