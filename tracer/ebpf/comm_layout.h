// What a communicator looks like inside, found by looking: attached processes made theirs before anybody
// watched, and NCCL's functions that would tell cannot be called from outside.
//
// In NCCL's ncclComm (2.7 and later; the virtual NCCL has the same) the numbers
//     uint64 commHash; int rank; int nRanks; int cudaDev;
// lie side by side, at a place that differs from version to version. The place is where they have the values
// that are known from elsewhere (RANK and WORLD_SIZE of the process, arguments of ncclCommInitRank), with one
// hash on all ranks. Behind it lies collOpCount, the number of collectives so far: a word that grows by one a
// collective.
//
// Pure: bytes in, places out. What stays ambiguous stays unknown.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

namespace rankle::ebpf {

struct CommFacts {
  uint64_t hash = 0;
  int32_t rank = -1, nranks = -1, device = -1;
};

class CommLayout {
 public:
  // How much of a communicator is worth reading: ncclComm is about 1.5 MiB in NCCL 2.28, most of it before
  // the hash.
  static constexpr size_t kBytesToRead = 4 << 20;
  // Where the counter may lie, from the hash on: the parts in between differ from version to version.
  static constexpr size_t kCounterBytes = 4096;

  // A communicator of which rank and size are known. `world` tells which communicators share hashes: those of
  // one creation have one, those of all ranks have few.
  void Learn(std::string_view bytes, uint64_t world, int32_t rank, int32_t nranks);
  // The place of the hash: the one that fits more of what was learnt than any other, at least twice. `final`:
  // nobody else will tell, once is enough.
  std::optional<size_t> place(bool final) const;

  // Reads a communicator at a known place; nullopt when what is there makes no sense.
  static std::optional<CommFacts> Read(std::string_view bytes, size_t place);

 private:
  struct Candidate {
    size_t seen = 0;  // fitted so many communicators
    // world -> hash -> which ranks have it. A program may have several communicators of all ranks.
    std::map<uint64_t, std::map<uint64_t, std::set<int32_t>>> hashes;
    bool IsContradicted() const;
  };
  std::map<size_t, Candidate> candidates_;
};

// Finds the word that counts collectives, and how many there had been before the first that was seen.
class OperationCounter {
 public:
  // What lay behind the hash at one moment, while at least `returned` of the collectives seen so far had
  // returned, and at most `entered` had been entered.
  void Add(std::string_view bytes, uint64_t returned, uint64_t entered);
  // Offset from the hash, once one word alone has kept pace; it is the same for all communicators of this
  // library.
  std::optional<size_t> offset() const;
  // Collectives before the first seen one, by the word at `offset`; nullopt while the moments looked at leave
  // doubt.
  std::optional<uint64_t> Before(size_t offset) const;

 private:
  // base = word - collectives seen: within [least, most] as far as is known.
  struct Word {
    int64_t least = INT64_MIN, most = INT64_MAX;
    bool possible() const { return least <= most && most >= 0; }
    bool decided() const { return least == most && least >= 0; }
  };
  std::vector<Word> words_;
  uint64_t first_entered_ = UINT64_MAX, last_returned_ = 0;
};

}  // namespace rankle::ebpf
