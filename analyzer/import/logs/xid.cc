#include "analyzer/import/logs/xid.h"

#include <algorithm>
#include <charconv>
#include <string>

namespace rankle::import {
namespace {

constexpr int32_t kFallenOffTheBus = 79;

constexpr XidMeaning kMeanings[] = {
    {13, XidBlame::kProgram, "graphics engine exception"},
    {31, XidBlame::kProgram, "memory page fault"},
    {32, XidBlame::kDevice, "corrupted push buffer"},
    {43, XidBlame::kConsequence, "a channel of the program was reset"},
    {45, XidBlame::kConsequence, "preemptive cleanup of a program's channels"},
    {46, XidBlame::kDevice, "GPU stopped processing"},
    {48, XidBlame::kDevice, "double-bit ECC error"},
    {61, XidBlame::kDevice, "internal micro-controller breakpoint or warning"},
    {62, XidBlame::kDevice, "internal micro-controller halt"},
    {63, XidBlame::kNone, "row remapping or page retirement recorded"},
    {64, XidBlame::kDevice, "row remapping or page retirement failed"},
    {69, XidBlame::kProgram, "graphics engine class error"},
    {74, XidBlame::kDevice, "NVLink error"},
    {kFallenOffTheBus, XidBlame::kDevice, "GPU has fallen off the bus"},
    {92, XidBlame::kNone, "high rate of corrected ECC errors"},
    {94, XidBlame::kDevice, "contained uncorrectable memory error"},
    {95, XidBlame::kDevice, "uncontained uncorrectable memory error"},
    {109, XidBlame::kProgram, "context switch timeout"},
    {110, XidBlame::kDevice, "security fault"},
    {119, XidBlame::kDevice, "GPU system processor (GSP) does not answer"},
    {120, XidBlame::kDevice, "GPU system processor (GSP) failed"},
    {121, XidBlame::kNone, "corrected NVLink chip-to-chip error"},
    {136, XidBlame::kDevice, "link training failed"},
    {137, XidBlame::kDevice, "NVLink fault of a remote memory access"},
    {140, XidBlame::kDevice, "unrecovered ECC error"},
    {143, XidBlame::kDevice, "GPU initialisation failed"},
    {145, XidBlame::kDevice, "NVLink error (RLW)"},
    {149, XidBlame::kDevice, "NVLink error (NETIR)"},
};
constexpr XidMeaning kUnknown = {0, XidBlame::kNone, "unknown meaning"};

// "PCI:0000:3b:00" as NCCL writes a bus id. The function is 0.
uint64_t BusOf(std::string_view text) {
  uint64_t domain = 0, bus = 0, device = 0;
  size_t at = 0;
  if (!NumberAfter(text, "PCI:", 16, at, domain) || !NumberAfter(text, ":", 16, at, bus)) return 0;
  NumberAfter(text, ":", 16, at, device);
  return domain << 20 | (bus & 0xff) << 12 | (device & 0xff) << 4;
}

}  // namespace

const XidMeaning& MeaningOfXid(int32_t number) {
  const auto* it = std::find_if(std::begin(kMeanings), std::end(kMeanings),
                                [number](const XidMeaning& m) { return m.number == number; });
  return it == std::end(kMeanings) ? kUnknown : *it;
}

bool MayBeXidLine(std::string_view line) { return Holds(line, "NVRM:"); }

bool ParseXidLine(std::string_view line, XidLine& parsed) {
  const size_t at = line.find("NVRM: Xid (");
  if (at == std::string_view::npos) {
    // The driver's own words for it, in the lines around; "Xid 79" is not always among them.
    parsed = {};
    parsed.number = kFallenOffTheBus, parsed.who.host = HostOfKernelLine(line);
    return line.find("NVRM:") != std::string_view::npos &&
           line.find("fallen off the bus") != std::string_view::npos;
  }
  parsed = {};
  const std::string_view message = line.substr(at);
  const int64_t number = NumberAfter(message, "): ", int64_t{0});
  if (number <= 0 || number > 10'000) return false;
  parsed.number = static_cast<int32_t>(number);
  parsed.cause = static_cast<int32_t>(
      std::clamp<int64_t>(NumberAfter(message, "caused by previous Xid ", int64_t{0}), 0, 10'000));
  parsed.who.bus = BusOf(Between(message, "(", ")"));
  const int64_t pid = NumberAfter(message, "pid=", int64_t{-1});
  if (pid > 0 && pid <= INT32_MAX) parsed.who.pid = static_cast<int32_t>(pid);
  parsed.who.host = HostOfKernelLine(line.substr(0, at));
  return true;
}

}  // namespace rankle::import
