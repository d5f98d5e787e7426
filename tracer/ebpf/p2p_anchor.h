// From which moment on the point-to-point operations of communicators made before we came can be counted. No
// word of a communicator tells how many there had been, and sends are matched with receives by their order:
// all ranks must begin to count at the same place of the program. That place is a collective of all ranks
// which none of them has reached yet: what a program sends before it is received before it.
//
// Needs every rank of the job among the attached processes; else nobody could tell the others. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

namespace rankle::ebpf {

class P2pAnchor {
 public:
  // A rank has entered this collective of a communicator of all ranks.
  void Reached(uint64_t communicator, int32_t nranks, int32_t rank, uint64_t number);
  // Chooses the place, once all ranks of one communicator have told. To be called when what was told is up to
  // date for all of them.
  void Decide();
  // Who enters this one counts from now on.
  bool IsAt(uint64_t communicator, uint64_t number) const {
    return place_ && place_->communicator == communicator && number >= place_->number;
  }

 private:
  struct Told {
    int32_t nranks = 0;
    std::map<int32_t, uint64_t> reached;  // by rank
  };
  struct Place {
    uint64_t communicator = 0, number = 0;
  };
  std::map<uint64_t, Told> told_;  // by communicator; empty once it is decided
  std::optional<Place> place_;
};

}  // namespace rankle::ebpf
