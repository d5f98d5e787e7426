// The wait-for graph made small enough to draw: ranks that wait in the same operations for the same ranks are
// one box, operations of like communicators are one box, and chains of waiting become columns. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/facts/facts.h"
#include "analyzer/report/html/section.h"

namespace rankle::html {

// Columns, counted from those that everything waits for: ranks 0, 2, 4, waits 1, 3. What lies further away is
// in the last column of its kind.
inline constexpr int kWaitColumns = 5;
// Boxes in a column; the rest is in a last one.
inline constexpr size_t kMostBoxes = 8;

struct RankBox {
  int column = 0;
  bool culprit = false;
  std::vector<int32_t> ranks;  // indices into Store::ranks, ascending; none: those without a record
};

struct WaitBox {
  int column = 1;
  std::string operation;     // "AllReduce #401", "AllReduce"; of several kinds "other operations"
  std::string communicator;  // its name, or the kind of several: "tp"
  size_t waits = 0;          // how many waits it stands for
  size_t waiters = 0;        // different ranks in them
  size_t no_record = 0;      // places that ranks without a record have to come to
  int64_t waited_ns = 0;     // the longest
  bool held = false;         // somebody has not come; else everybody is inside
};

struct WaitEdge {
  size_t rank_box = 0, wait_box = 0;
  bool holds = false;  // the ranks hold up the wait; else they are in it
};

struct WaitPicture {
  std::vector<RankBox> ranks;
  std::vector<WaitBox> waits;
  std::vector<WaitEdge> edges;
};

// Of the waits that have lasted too long; empty when there is none.
WaitPicture GroupWaits(const store::Store& store, const facts::Facts& facts, const std::vector<Part>& parts);

}  // namespace rankle::html
