// Xid messages: what the NVIDIA driver writes to the kernel log when a GPU or its user did something wrong.
// Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "analyzer/import/logs/log_text.h"

namespace rankle::import {

// What an Xid says of who is to blame, after NVIDIA's Xid catalog (docs.nvidia.com/deploy/xid-errors).
enum class XidBlame : uint8_t {
  kDevice,       // the GPU, its memory or links failed: a cause
  kProgram,      // mostly a wrong access by the program on it: a cause, seldom the GPU
  kConsequence,  // what is cleaned up after something else: never a cause
  kNone,         // corrected, or for information
};

struct XidMeaning {
  int32_t number;
  XidBlame blame;
  const char* text;
};
// Of an unknown number: blame kNone.
const XidMeaning& MeaningOfXid(int32_t number);

struct XidLine {
  int32_t number = 0;
  int32_t cause = 0;  // "caused by previous Xid 149"; 0 = not told
  Speaker who;        // pid, host, bus
};

// "NVRM: Xid (PCI:0000:3b:00): 79, pid=1234, name=python, GPU has fallen off the bus." as dmesg, journalctl
// and syslog print it.
bool MayBeXidLine(std::string_view line);
bool ParseXidLine(std::string_view line, XidLine& parsed);

}  // namespace rankle::import
