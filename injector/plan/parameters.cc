#include "injector/plan/parameters.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "injector/plan/catalogue.h"
#include "injector/plan/selectors.h"
#include "injector/plan/suggest.h"
#include "injector/plan/text.h"
#include "injector/plan/values.h"

namespace rankle::plan {
namespace {

constexpr std::string_view kDefaultException = "std::runtime_error";
constexpr std::string_view kDefaultMessage = "injected by rankle";
constexpr int64_t kDefaultAsyncError = 6;  // ncclRemoteError
constexpr int64_t kDefaultXid = 79;        // fallen off the bus
constexpr int64_t kDefaultExitCode = 1;
constexpr double kLargestFactor = 1e6;
// The kernel takes quotas from 1 ms on, and a slice is 20 ms (injector/host/cgroup.cc).
constexpr double kLeastCpuPercent = 5, kMostCpuPercent = 100000;

struct Reading {
  const Parameter& parameter;
  const RawValue& value;
  ArmedFault& fault;
  StringPool& pool;
  ParameterFacts& facts;
};

struct Writing {
  const Parameter& parameter;
  const ArmedFault& fault;
  const std::string& pool;
  ResultKind kind;
};

absl::Status Refuse(std::string_view text) { return Invalid(text); }
RawValue Written(std::string text) { return {"", {std::move(text)}}; }

std::vector<std::string_view> Choices(const Parameter& parameter) {
  std::string_view type = parameter.type;
  type.remove_prefix(std::string_view("choice ").size());
  std::vector<std::string_view> choices;
  for (size_t bar; (bar = type.find('|')) != std::string_view::npos; type.remove_prefix(bar + 1)) {
    choices.push_back(type.substr(0, bar));
  }
  choices.push_back(type);
  return choices;
}

absl::StatusOr<size_t> ReadChoice(const Reading& in) {
  const auto text = OneItem(in.value);
  if (!text.ok()) return text.status();
  const auto choices = Choices(in.parameter);
  const auto found = std::find(choices.begin(), choices.end(), *text);
  if (found != choices.end()) return static_cast<size_t>(found - choices.begin());
  return Refuse(Concat("'", *text, "' is none of ", Join(choices, ", "), DidYouMean(*text, choices)));
}

template <typename Enum>
absl::Status SetChoice(const Reading& in, Enum& into, int first = 0) {
  const auto choice = ReadChoice(in);
  if (choice.ok()) into = static_cast<Enum>(*choice + static_cast<size_t>(first));
  return choice.status();
}

std::string ChoiceText(const Writing& out, size_t index) {
  return std::string(Choices(out.parameter)[index]);
}

absl::StatusOr<int64_t> ReadInteger(const Reading& in, int64_t least, int64_t most) {
  const auto text = OneItem(in.value);
  if (!text.ok()) return text.status();
  const auto number = ParseInteger(*text);
  if (!number.ok()) return number.status();
  if (*number < least || *number > most) {
    const std::string limits = most == INT64_MAX ? Concat("at least ", least) : Concat(least, "..", most);
    return Refuse(Concat("'", *text, "' is out of range (", limits, ")"));
  }
  return *number;
}

template <typename Field>
absl::Status SetInteger(const Reading& in, Field& into, int64_t least, int64_t most) {
  const auto number = ReadInteger(in, least, most);
  if (number.ok()) into = static_cast<Field>(*number);
  return number.status();
}

// ---- durations
// -------------------------------------------------------------------------------------------------

absl::Status ReadTime(const Reading& in) {
  std::vector<uint64_t> times;
  for (const std::string& item : in.value.items) {
    const auto time = ParseDuration(item);
    if (!time.ok()) return time.status();
    times.push_back(*time);
  }
  Distribution& into = in.fault.time;
  if (in.value.distribution.empty()) {
    if (times.size() != 1)
      return Refuse("takes one duration, {uniform: [1ms, 5ms]} or {normal: [20ms, 5ms]}");
    if (times[0] == 0) return Refuse("'0' does nothing: give a time above 0");
    into = {DistributionKind::kConstant, 0, times[0], 0};
    return absl::OkStatus();
  }
  const bool uniform = in.value.distribution == "uniform";
  if (times.size() != 2) {
    return Refuse(Concat(in.value.distribution,
                         " takes two durations: ", uniform ? "[least, most]" : "[mean, standard deviation]"));
  }
  if (uniform && times[0] > times[1]) return Refuse("uniform: the first duration is above the second");
  into = {uniform ? DistributionKind::kUniform : DistributionKind::kNormal, 0, times[0], times[1]};
  return absl::OkStatus();
}

RawValue WriteTime(const Writing& out) {
  const Distribution& time = out.fault.time;
  if (time.kind == DistributionKind::kConstant)
    return time.a == 0 ? RawValue() : Written(FormatDuration(time.a));
  return {time.kind == DistributionKind::kUniform ? "uniform" : "normal",
          {FormatDuration(time.a), FormatDuration(time.b)}};
}

// `for` and `period` of what acts on hosts and the network.
template <uint64_t ArmedFault::*kField>
absl::Status ReadSpan(const Reading& in) {
  const auto text = OneItem(in.value);
  if (!text.ok()) return text.status();
  const auto time = ParseDuration(*text);
  if (!time.ok()) return time.status();
  if (*time == 0) return Refuse("'0' does nothing: give a time above 0");
  in.fault.*kField = *time;
  return absl::OkStatus();
}
template <uint64_t ArmedFault::*kField>
RawValue WriteSpan(const Writing& out) {
  return out.fault.*kField == 0 ? RawValue() : Written(FormatDuration(out.fault.*kField));
}
bool ActsOnCalls(const ArmedFault& fault) { return FindAction(fault.action)->place.empty(); }
absl::Status ReadFor(const Reading& in) {
  return ActsOnCalls(in.fault) ? ReadTime(in) : ReadSpan<&ArmedFault::for_ns>(in);
}
RawValue WriteFor(const Writing& out) {
  return ActsOnCalls(out.fault) ? WriteTime(out) : WriteSpan<&ArmedFault::for_ns>(out);
}

absl::Status ReadAt(const Reading& in) { return SetChoice(in, in.fault.at_exit); }
RawValue WriteAt(const Writing& out) {
  return out.fault.at_exit == 0 ? RawValue() : Written(ChoiceText(out, out.fault.at_exit));
}

// ---- results and codes
// -----------------------------------------------------------------------------------------

absl::Status ReadResult(const Reading& in) {
  const auto text = OneItem(in.value);
  if (!text.ok()) return text.status();
  if (const auto code = FindResult(*text)) {
    in.facts.result_kind = code->kind;
    in.fault.result = code->value;
  } else if (const auto number = ParseInteger(*text); number.ok() && *number >= 0 && *number <= 0xffff) {
    in.fault.result = *number;
  } else {
    return Refuse(
        Concat("'", *text, "' is not a result", DidYouMean(*text, AllResultNames()),
               ": a name such as ncclRemoteError, cudaErrorMemoryAllocation, ECONNRESET, or a number"));
  }
  if (in.fault.result == 0) return Refuse(Concat("'", *text, "' is success: use the action skip"));
  return absl::OkStatus();
}

RawValue WriteResult(const Writing& out) {
  return Written(ResultName(out.kind, static_cast<int>(out.fault.result)));
}

absl::Status ReadCode(const Reading& in) {
  if (in.fault.action == Action::kExit) return SetInteger(in, in.fault.result, 0, 255);
  const auto choice = ReadChoice(in);
  if (!choice.ok()) return choice.status();
  const auto code = ParseInteger(Choices(in.parameter)[*choice]);
  in.fault.result = *code;
  return absl::OkStatus();
}
RawValue WriteCode(const Writing& out) { return Written(Concat(out.fault.result)); }

absl::Status ReadSignal(const Reading& in) {
  const auto text = OneItem(in.value);
  if (!text.ok()) return text.status();
  const auto number = FindSignal(*text);
  if (!number) {
    return Refuse(Concat("'", *text, "' is not a signal", DidYouMean(*text, AllSignalNames()),
                         ": KILL, SEGV, TERM, STOP, ... or 1..64"));
  }
  in.fault.result = *number;
  return absl::OkStatus();
}
RawValue WriteSignal(const Writing& out) { return Written(SignalName(static_cast<int>(out.fault.result))); }

absl::Status ReadEnd(const Reading& in) { return SetChoice(in, in.fault.result); }
RawValue WriteEnd(const Writing& out) {
  return out.fault.result == 0 ? RawValue() : Written(ChoiceText(out, static_cast<size_t>(out.fault.result)));
}

// ---- mutate
// ----------------------------------------------------------------------------------------------------

absl::Status ReadField(const Reading& in) { return SetChoice(in, in.fault.field, 1); }
RawValue WriteField(const Writing& out) {
  return Written(ChoiceText(out, static_cast<size_t>(out.fault.field) - 1));
}

absl::Status ReadValue(const Reading& in) {
  const auto text = OneItem(in.value);
  if (!text.ok()) return text.status();
  int64_t& value = in.fault.value;
  if (in.fault.field == MutateField::kDatatype) {
    if (const int dtype = api::DataTypeByName(*text); dtype >= 0) {
      value = dtype;
      return absl::OkStatus();
    }
  }
  for (uint8_t op = 0; in.fault.field == MutateField::kOp && op < 5; ++op) {
    if (api::RedOpName(op) != *text) continue;
    value = op;
    return absl::OkStatus();
  }
  return SetInteger(in, value, 0, INT64_MAX);
}

RawValue WriteValue(const Writing& out) {
  const ArmedFault& fault = out.fault;
  if (fault.is_delta != 0) return {};
  const auto small = static_cast<uint8_t>(fault.value);
  if (fault.field == MutateField::kDatatype && fault.value < 256 && api::DataTypeBytes(small) != 0) {
    return Written(std::string(api::DataTypeName(small)));
  }
  if (fault.field == MutateField::kOp && fault.value < 5) return Written(std::string(api::RedOpName(small)));
  return Written(Concat(fault.value));
}

absl::Status ReadDelta(const Reading& in) {
  in.fault.is_delta = 1;
  const auto set = SetInteger(in, in.fault.value, INT64_MIN + 1, INT64_MAX);
  if (set.ok() && in.fault.value == 0) return Refuse("'0' changes nothing");
  return set;
}
RawValue WriteDelta(const Writing& out) {
  return out.fault.is_delta == 0 ? RawValue() : Written(Concat(out.fault.value));
}

// ---- corrupt
// ---------------------------------------------------------------------------------------------------

absl::Status ReadBuffer(const Reading& in) { return SetChoice(in, in.fault.buffer); }
RawValue WriteBuffer(const Writing& out) {
  return out.fault.buffer == CorruptBuffer::kSend ? RawValue() : Written("recv");
}
absl::Status ReadPattern(const Reading& in) { return SetChoice(in, in.fault.pattern); }
RawValue WritePattern(const Writing& out) {
  if (out.fault.pattern == CorruptPattern::kBitflip) return {};
  return Written(ChoiceText(out, static_cast<size_t>(out.fault.pattern)));
}
absl::Status ReadBits(const Reading& in) { return SetInteger(in, in.fault.bits, 1, UINT32_MAX); }
RawValue WriteBits(const Writing& out) {
  return out.fault.bits == 1 ? RawValue() : Written(Concat(out.fault.bits));
}

template <typename Field>
absl::Status SetAmount(const Reading& in, Field& into, absl::StatusOr<int64_t> (*parse)(std::string_view)) {
  const auto text = OneItem(in.value);
  if (!text.ok()) return text.status();
  const auto amount = parse(*text);
  if (amount.ok()) into = static_cast<Field>(*amount);
  return amount.status();
}
// Of clock-skew a signed duration, kept in `value`; of corrupt a place in the buffer.
absl::Status ReadSkew(const Reading& in) {
  const auto text = OneItem(in.value);
  if (!text.ok()) return text.status();
  const bool behind = text->starts_with('-');
  const auto time = ParseDuration(std::string_view(*text).substr(behind ? 1 : 0));
  if (!time.ok()) return time.status();
  if (*time == 0) return Refuse("'0' shifts nothing");
  in.fault.value = behind ? -static_cast<int64_t>(*time) : static_cast<int64_t>(*time);
  return absl::OkStatus();
}
absl::Status ReadOffset(const Reading& in) {
  if (in.fault.action == Action::kClockSkew) return ReadSkew(in);
  return SetAmount(in, in.fault.offset, ParseSize);
}
RawValue WriteOffset(const Writing& out) {
  if (out.fault.action == Action::kClockSkew) {
    const int64_t ns = out.fault.value;
    return Written(Concat(ns < 0 ? "-" : "", FormatDuration(static_cast<uint64_t>(ns < 0 ? -ns : ns))));
  }
  return out.fault.offset < 0 ? RawValue() : Written(FormatSize(out.fault.offset));
}

// ---- memory, device, copies
// ------------------------------------------------------------------------------------

absl::Status ReadAfterBytes(const Reading& in) { return SetAmount(in, in.fault.bytes_limit, ParseSize); }
absl::Status ReadAmountOfBytes(const Reading& in) {
  const auto set = SetAmount(in, in.fault.bytes_limit, ParseSize);
  if (set.ok() && in.fault.bytes_limit == 0) {
    return Refuse(in.fault.action == Action::kLeak ? "'0' leaks nothing"
                                                   : "'0' would look like the end: give at least 1");
  }
  return set;
}
absl::Status ReadRate(const Reading& in) { return SetAmount(in, in.fault.bytes_limit, ParseRate); }
RawValue WriteSize(const Writing& out) {
  if (out.fault.bytes_limit == 0) return {};
  return Written(FormatSize(static_cast<int64_t>(out.fault.bytes_limit)));
}
RawValue WriteRate(const Writing& out) {
  return Written(FormatSize(static_cast<int64_t>(out.fault.bytes_limit)) + "/s");
}

absl::Status ReadFactor(const Reading& in) {
  const auto text = OneItem(in.value);
  if (!text.ok()) return text.status();
  const auto factor = ParseReal(*text);
  if (!factor.ok()) return factor.status();
  if (!(*factor > 1 && *factor <= kLargestFactor)) {
    return Refuse(Concat("'", *text, "' is not a slow-down: a factor above 1, e.g. 1.5"));
  }
  in.fault.factor = *factor;
  return absl::OkStatus();
}
RawValue WriteFactor(const Writing& out) {
  return out.fault.factor == 0 ? RawValue() : Written(FormatReal(out.fault.factor));
}

// ---- hosts and network
// -----------------------------------------------------------------------------------------

absl::Status ReadDirection(const Reading& in) { return SetChoice(in, in.fault.direction); }
RawValue WriteDirection(const Writing& out) {
  if (out.fault.direction == Direction::kOut) return {};
  return Written(ChoiceText(out, static_cast<size_t>(out.fault.direction)));
}

absl::Status ReadPercent(const Reading& in) {
  const auto text = OneItem(in.value);
  if (!text.ok()) return text.status();
  const auto number = ParseReal(*text);
  if (!number.ok()) return number.status();
  const double most = in.fault.action == Action::kThrottle ? kMostCpuPercent : 100;
  const double least = in.fault.action == Action::kThrottle ? kLeastCpuPercent : 0;
  if (!(*number > 0 && *number >= least && *number <= most))
    return Refuse(Concat("'", *text, "' is out of range (", least == 0 ? "above 0" : "from 5", " to ",
                         most == 100 ? 100 : 100000, ")"));
  in.fault.factor = *number;
  return absl::OkStatus();
}
RawValue WritePercent(const Writing& out) { return Written(FormatReal(out.fault.factor)); }

absl::Status ReadFiles(const Reading& in) { return SetInteger(in, in.fault.value, 0, 1 << 20); }
RawValue WriteFiles(const Writing& out) { return Written(Concat(out.fault.value)); }

// ---- files
// -----------------------------------------------------------------------------------------------------

constexpr size_t kMostPaths = kMaxListValues, kLongestPath = 1024;

absl::Status CheckPath(const std::string& path) {
  if (path.size() > kLongestPath) return Refuse("a path of more than 1024 characters");
  if (!path.empty() && (path[0] == '/' || path[0] == '*')) return absl::OkStatus();
  return Refuse(Concat("'", path, "' is compared with absolute paths: begin with / or *"));
}
absl::Status ReadPath(const Reading& in) {
  const bool directory = in.parameter.type == "directory";
  if (!in.value.distribution.empty()) return Refuse("takes paths, not a distribution");
  if (directory && in.value.items.size() != 1) return Refuse("takes one directory");
  if (in.value.items.size() > kMostPaths) return Refuse(Concat("more than ", kMostPaths, " paths"));
  for (const std::string& path : in.value.items) {
    if (const auto checked = CheckPath(path); !checked.ok()) return checked;
    if (directory && (path.find_first_of("*?") != std::string::npos || path == "/"))
      return Refuse(Concat("'", path, "' is not one directory below /"));
  }
  in.fault.path = in.pool.Add(in.value.items);
  return absl::OkStatus();
}
RawValue WritePath(const Writing& out) {
  RawValue value;
  const char* path = out.pool.data() + out.fault.path.offset;
  for (uint32_t i = 0; i < out.fault.path.count; ++i, path += std::strlen(path) + 1)
    value.items.emplace_back(path);
  return value;
}

// ---- throw
// -----------------------------------------------------------------------------------------------------

absl::Status ReadType(const Reading& in) {
  const auto choice = ReadChoice(in);
  if (choice.ok()) in.fault.exception_type = in.pool.Add(Choices(in.parameter)[*choice]);
  return choice.status();
}
RawValue WriteText(const std::string& pool, uint32_t offset, std::string_view otherwise) {
  std::string text = pool.c_str() + offset;
  return text == otherwise ? RawValue() : Written(std::move(text));
}
RawValue WriteType(const Writing& out) {
  return WriteText(out.pool, out.fault.exception_type, kDefaultException);
}
absl::Status ReadWhat(const Reading& in) {
  const auto text = OneItem(in.value);
  if (text.ok()) in.fault.exception_what = in.pool.Add(*text);
  return text.status();
}
RawValue WriteWhat(const Writing& out) {
  return WriteText(out.pool, out.fault.exception_what, kDefaultMessage);
}

struct Handler {
  std::string_view name;
  absl::Status (*read)(const Reading& in);
  RawValue (*write)(const Writing& out);
};
constexpr Handler kHandlers[] = {
    {"time", ReadTime, WriteTime},
    {"for", ReadFor, WriteFor},
    {"period", ReadSpan<&ArmedFault::period_ns>, WriteSpan<&ArmedFault::period_ns>},
    {"direction", ReadDirection, WriteDirection},
    {"percent", ReadPercent, WritePercent},
    {"files", ReadFiles, WriteFiles},
    {"path", ReadPath, WritePath},
    {"errno", ReadResult, WriteResult},
    {"at", ReadAt, WriteAt},
    {"result", ReadResult, WriteResult},
    {"code", ReadCode, WriteCode},
    {"signal", ReadSignal, WriteSignal},
    {"end", ReadEnd, WriteEnd},
    {"field", ReadField, WriteField},
    {"value", ReadValue, WriteValue},
    {"delta", ReadDelta, WriteDelta},
    {"buffer", ReadBuffer, WriteBuffer},
    {"pattern", ReadPattern, WritePattern},
    {"bits", ReadBits, WriteBits},
    {"offset", ReadOffset, WriteOffset},
    {"after_bytes", ReadAfterBytes, WriteSize},
    {"bytes", ReadAmountOfBytes, WriteSize},
    {"rate", ReadRate, WriteRate},
    {"factor", ReadFactor, WriteFactor},
    {"type", ReadType, WriteType},
    {"what", ReadWhat, WriteWhat},
};

const Handler* FindHandler(std::string_view name) {
  const auto* found = std::find_if(std::begin(kHandlers), std::end(kHandlers),
                                   [&](const Handler& h) { return h.name == name; });
  return found == std::end(kHandlers) ? nullptr : found;
}

bool Allows(MutateField field, bool delta) {
  return !delta || field == MutateField::kCount || field == MutateField::kRoot || field == MutateField::kPeer;
}

}  // namespace

void SetDefaults(ArmedFault& fault, StringPool& pool) {
  switch (fault.action) {
    case Action::kAsyncError:
      fault.result = kDefaultAsyncError;
      fault.sticky = 1;
      break;
    case Action::kGpuLost:
      fault.result = kDefaultXid;
      fault.sticky = 1;
      break;
    case Action::kExit:
      fault.result = kDefaultExitCode;
      break;
    case Action::kNetDrop:
      fault.factor = 100;
      break;
    case Action::kDiskFull:
      fault.result = ENOSPC;
      break;
    case Action::kDiskError:
      fault.result = EIO;
      break;
    case Action::kThrow:
      fault.exception_type = pool.Add(kDefaultException);
      fault.exception_what = pool.Add(kDefaultMessage);
      break;
    default:
      break;
  }
}

absl::Status ReadParameter(const Parameter& parameter, const RawValue& value, ArmedFault& fault,
                           StringPool& pool, ParameterFacts& facts) {
  const Handler* handler = FindHandler(parameter.name);
  if (handler == nullptr) return absl::InternalError(Concat("no reader for ", parameter.name));
  return handler->read({parameter, value, fault, pool, facts});
}

RawValue WriteParameter(const Parameter& parameter, const ArmedFault& fault, const std::string& pool,
                        ResultKind kind) {
  const Handler* handler = FindHandler(parameter.name);
  return handler == nullptr ? RawValue() : handler->write({parameter, fault, pool, kind});
}

absl::Status CheckParameters(const ArmedFault& fault, std::span<const std::string_view> given) {
  auto has = [&](std::string_view name) {
    return std::find(given.begin(), given.end(), name) != given.end();
  };
  auto exactly_one = [&](std::string_view a, std::string_view b) {
    if (has(a) != has(b)) return absl::OkStatus();
    return Refuse(Concat("needs ", has(a) ? "only " : "", "one of ", a, " and ", b));
  };
  switch (fault.action) {
    case Action::kSlowKernel:
      return exactly_one("time", "factor");
    case Action::kMutate:
      if (!Allows(fault.field, has("delta")))
        return Refuse("delta works for count, root and peer; use value");
      return exactly_one("value", "delta");
    case Action::kNetDelay:
    case Action::kNetDrop:
    case Action::kNetLimit:
    case Action::kThrottle:
    case Action::kFreeze:
    case Action::kMemoryLimit:
    case Action::kFdLimit:
    case Action::kChurn:
      if (fault.period_ns != 0 && (fault.for_ns == 0 || fault.for_ns >= fault.period_ns))
        return Refuse("needs 'for' with 'period', and shorter than it: how long it lasts each time");
      return absl::OkStatus();
    case Action::kClockSkew:
    case Action::kDiskLimit:
      if (fault.after_ns != 0 || fault.until_ns != UINT64_MAX)
        return Refuse("acts from the rank's start on: leave out after and until");
      return absl::OkStatus();
    case Action::kSignal:
      if (has("for") && fault.result != SIGSTOP)
        return Refuse("'for' works with signal STOP only: nothing ends the others");
      return absl::OkStatus();
    default:
      return absl::OkStatus();
  }
}

}  // namespace rankle::plan
