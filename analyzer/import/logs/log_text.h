// What all kinds of log lines share: who speaks (tags that launchers put before a line), when, and numbers
// that follow a word. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rankle::import {

// What a line tells of the process that it is about. Unknown parts are -1 or empty.
struct Speaker {
  int32_t rank = -1;        // in the whole job
  int32_t local_rank = -1;  // on its host
  int32_t pid = -1;
  std::string host;
  uint64_t bus =
      0;  // PCI address of its GPU as NCCL writes it: domain, bus (8 bits), device (8), function (4)
};

// Removes colours and other terminal sequences, and a carriage return at the end. `scratch` holds the text
// where something in the middle was removed.
std::string_view CleanLine(std::string_view line, std::string& scratch);

// A line without what launchers put before it: "[rank3]:" (PyTorch), "[1,3]<stdout>:" (mpirun), " 3: "
// (srun -l), "[default3]:" (torchrun: the rank on its host). `prefix` is how long that was.
struct TaggedLine {
  int32_t rank = -1, local_rank = -1;
  std::string_view text;
};
TaggedLine SplitTags(std::string_view line);
// The last such tag anywhere in a text that precedes something known.
TaggedLine TagsIn(std::string_view prefix);

// "Nov 22 15:39:14 node7 kernel: [ 12.3] ..." -> node7. dmesg tells none.
std::string_view HostOfKernelLine(std::string_view text);

// The first date with time of day in a text, as ns since the first of January, 00:00, plus a day (so that 0
// means none). Years are dropped: half of the formats lack them. Time zones are not known.
int64_t FindTime(std::string_view text);
// The same of seconds since 1970 (UTC); 0 = 0.
int64_t YearTime(int64_t seconds);
inline constexpr int64_t kDayNs = 86'400'000'000'000;

bool Holds(std::string_view line, std::string_view text);

// The number behind the first `word` from `from` on; base 10, or 16 with or without "0x". False: there is
// none. Moves `from` behind it.
bool NumberAfter(std::string_view text, std::string_view word, int base, size_t& from, uint64_t& value);
bool SignedAfter(std::string_view text, std::string_view word, size_t from, int64_t& value);
// As above from the beginning; `otherwise` if there is none or it does not fit.
int64_t NumberAfter(std::string_view text, std::string_view word, int64_t otherwise);
// The text with what cannot be printed (control characters, bytes that are no UTF-8) replaced by "?".
std::string Printable(std::string_view text);
// What stands between the first `open` and the next `close` behind it, "" = nothing.
std::string_view Between(std::string_view text, std::string_view open, std::string_view close);

}  // namespace rankle::import
