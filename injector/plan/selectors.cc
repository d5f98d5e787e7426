#include "injector/plan/selectors.h"

#include <charconv>
#include <cstring>
#include <set>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "injector/plan/suggest.h"
#include "injector/plan/text.h"
#include "injector/plan/values.h"
#include "tracer/sites/site_id.h"

namespace rankle::plan {
namespace {

constexpr size_t kLongestPattern = 1024;

absl::Status NoDistribution(const RawValue& value) {
  if (value.distribution.empty()) return absl::OkStatus();
  return Invalid(Concat("a ", value.distribution, " distribution is not possible here"));
}

absl::Status ReadRanges(const RawValue& value, ParseBound parse, int64_t least, RangeList& into) {
  if (const auto plain = NoDistribution(value); !plain.ok()) return plain;
  const auto list = ParseRanges(value.items, parse, least);
  if (list.ok()) into = *list;
  return list.status();
}

// Keys that are a list of whole numbers from kLeast on.
template <RangeList ArmedFault::*kList, int64_t kLeast>
absl::Status ReadNumbers(const RawValue& value, ArmedFault& fault, StringPool&) {
  return ReadRanges(value, ParseInteger, kLeast, fault.*kList);
}

RawValue Written(std::string text) {
  if (text.empty()) return {};
  return {"", {std::move(text)}};
}

std::vector<std::string> Split(const std::string& list) {
  std::vector<std::string> items;
  for (size_t begin = 0; begin < list.size();) {
    const size_t end = std::min(list.find(',', begin), list.size());
    items.push_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return items;
}

template <RangeList ArmedFault::*kList>
RawValue WriteNumbers(const ArmedFault& fault, const std::string&) {
  return {"", Split(FormatRanges(fault.*kList, [](int64_t value) { return Concat(value); }))};
}

absl::Status ReadBytes(const RawValue& value, ArmedFault& fault, StringPool&) {
  return ReadRanges(value, ParseSize, 0, fault.bytes);
}
RawValue WriteBytes(const ArmedFault& fault, const std::string&) {
  return {"", Split(FormatRanges(fault.bytes, FormatSize))};
}

// Ids of call sites, hexadecimal as `rankle trace sites` prints them.
absl::Status ReadSites(const RawValue& value, ArmedFault& fault, StringPool&) {
  if (const auto plain = NoDistribution(value); !plain.ok()) return plain;
  std::set<uint64_t> ids;
  for (const std::string& item : value.items) {
    uint64_t id = 0;
    const auto [end, error] = std::from_chars(item.data(), item.data() + item.size(), id, 16);
    if (error != std::errc() || end != item.data() + item.size() || id == 0 || id > sites::kLargestSiteId) {
      return Invalid(Concat("'", item, "' is not the id of a call site: up to twelve hexadecimal digits, as ",
                            "`rankle trace sites` prints them"));
    }
    ids.insert(id);
  }
  if (ids.size() > kMaxListValues)
    return Invalid(Concat("more than ", kMaxListValues, " call sites in one fault"));
  fault.site = {};
  for (const uint64_t id : ids) {
    const auto number = static_cast<int64_t>(id);
    fault.site.ranges[fault.site.count++] = {number, number};
  }
  return absl::OkStatus();
}

RawValue WriteSites(const ArmedFault& fault, const std::string&) {
  RawValue value;
  for (uint32_t i = 0; i < fault.site.count; ++i)
    value.items.push_back(absl::StrCat(absl::Hex(fault.site.ranges[i].first, absl::kZeroPad12)));
  return value;
}

template <GlobList ArmedFault::*kList>
absl::Status ReadGlobs(const RawValue& value, ArmedFault& fault, StringPool& pool) {
  if (const auto plain = NoDistribution(value); !plain.ok()) return plain;
  if (value.items.size() > kMaxListValues) {
    return Invalid(Concat("more than ", kMaxListValues, " patterns in one list"));
  }
  for (const std::string& pattern : value.items) {
    if (pattern.empty()) return Invalid("an empty pattern matches nothing");
    if (pattern.size() > kLongestPattern) return Invalid("a pattern of more than 1024 characters");
  }
  fault.*kList = pool.Add(value.items);
  return absl::OkStatus();
}

template <GlobList ArmedFault::*kList>
RawValue WriteGlobs(const ArmedFault& fault, const std::string& pool) {
  RawValue value;
  const char* pattern = pool.data() + (fault.*kList).offset;
  for (uint32_t i = 0; i < (fault.*kList).count; ++i) {
    value.items.emplace_back(pattern);
    pattern += std::strlen(pattern) + 1;
  }
  return value;
}

absl::Status ReadStack(const RawValue& value, ArmedFault& fault, StringPool& pool) {
  fault.needs_stack = 1;
  return ReadGlobs<&ArmedFault::stack>(value, fault, pool);
}

absl::Status ReadDtypes(const RawValue& value, ArmedFault& fault, StringPool&) {
  if (const auto plain = NoDistribution(value); !plain.ok()) return plain;
  for (const std::string& name : value.items) {
    const int dtype = api::DataTypeByName(name);
    if (dtype < 0 || dtype > 31) {
      std::vector<std::string_view> known;
      for (uint8_t i = 0; api::DataTypeBytes(i) != 0; ++i) known.push_back(api::DataTypeName(i));
      return Invalid(Concat("'", name, "' is not a data type", DidYouMean(name, known),
                            ": float32, bfloat16, float16, int8, ..."));
    }
    fault.dtypes |= 1u << dtype;
  }
  return absl::OkStatus();
}

RawValue WriteDtypes(const ArmedFault& fault, const std::string&) {
  RawValue value;
  for (uint8_t dtype = 0; dtype < 32; ++dtype) {
    if ((fault.dtypes >> dtype & 1) != 0) value.items.emplace_back(api::DataTypeName(dtype));
  }
  return value;
}

// A count from 1 on: `every`, `times`.
template <uint64_t ArmedFault::*kField>
absl::Status ReadCount(const RawValue& value, ArmedFault& fault, StringPool&) {
  const auto text = OneItem(value);
  if (!text.ok()) return text.status();
  const auto number = ParseInteger(*text);
  if (!number.ok()) return number.status();
  if (*number < 1) return Invalid(Concat("'", *text, "' would never fire: 1 is the least"));
  fault.*kField = static_cast<uint64_t>(*number);
  return absl::OkStatus();
}

template <uint64_t ArmedFault::*kField>
RawValue WriteCount(const ArmedFault& fault, const std::string&) {
  const bool given = fault.*kField != ArmedFault().*kField;
  return given ? Written(Concat(fault.*kField)) : RawValue();
}

template <uint64_t ArmedFault::*kField>
absl::Status ReadMoment(const RawValue& value, ArmedFault& fault, StringPool&) {
  const auto text = OneItem(value);
  if (!text.ok()) return text.status();
  const auto time = ParseDuration(*text);
  if (!time.ok()) return time.status();
  fault.*kField = *time;
  return absl::OkStatus();
}

template <uint64_t ArmedFault::*kField>
RawValue WriteMoment(const ArmedFault& fault, const std::string&) {
  const bool given = fault.*kField != ArmedFault().*kField;
  return given ? Written(FormatDuration(fault.*kField)) : RawValue();
}

absl::Status ReadProbability(const RawValue& value, ArmedFault& fault, StringPool&) {
  const auto text = OneItem(value);
  if (!text.ok()) return text.status();
  const auto number = ParseReal(*text);
  if (!number.ok()) return number.status();
  if (!(*number > 0 && *number <= 1)) {
    return Invalid(Concat("'", *text, "' is not a probability above 0 and up to 1"));
  }
  fault.probability = *number;
  return absl::OkStatus();
}

RawValue WriteProbability(const ArmedFault& fault, const std::string&) {
  return fault.probability == 1.0 ? RawValue() : Written(FormatReal(fault.probability));
}

bool HasComm(const api::ApiInfo& function) {
  return function.args.comm >= 0 || (function.groups & api::kCommInit) != 0;
}
bool HasDtype(const api::ApiInfo& function) { return function.args.dtype >= 0; }
bool HasPeer(const api::ApiInfo& function) { return function.args.peer >= 0 || function.args.root >= 0; }
bool HasBytes(const api::ApiInfo& function) {
  return function.args.bytes >= 0 || (function.args.count >= 0 && function.args.dtype >= 0);
}

// librankle-libc.so knows neither steps nor the names of the functions on the stack.
bool IsNotLibc(const api::ApiInfo& function) { return function.library != api::Library::kLibc; }

constexpr auto kWhere = Section::kWhere;
constexpr auto kWhen = Section::kWhen;
using F = ArmedFault;

// clang-format off
constexpr Selector kSelectors[] = {
    {kWhere, "rank", "global rank of the process", ReadNumbers<&F::rank, 0>, WriteNumbers<&F::rank>, nullptr},
    {kWhere, "local_rank", "rank on its host", ReadNumbers<&F::local_rank, 0>, WriteNumbers<&F::local_rank>, nullptr},
    {kWhere, "host", "glob over the host name", ReadGlobs<&F::host>, WriteGlobs<&F::host>, nullptr},
    {kWhere, "comm", "glob over the communicator's name", ReadGlobs<&F::comm>, WriteGlobs<&F::comm>, HasComm},
    {kWhere, "comm_size", "ranks of the communicator", ReadNumbers<&F::comm_size, 1>, WriteNumbers<&F::comm_size>, HasComm},
    {kWhere, "comm_rank", "own rank inside the communicator", ReadNumbers<&F::comm_rank, 0>, WriteNumbers<&F::comm_rank>, HasComm},
    {kWhere, "peer", "peer or root of the call, inside the communicator", ReadNumbers<&F::peer, 0>, WriteNumbers<&F::peer>, HasPeer},
    {kWhere, "bytes", "payload of the call", ReadBytes, WriteBytes, HasBytes},
    {kWhere, "dtype", "data type of the call", ReadDtypes, WriteDtypes, HasDtype},
    {kWhere, "stack", "glob over the frames of the call stack", ReadStack, WriteGlobs<&F::stack>, IsNotLibc},
    {kWhere, "site", "call site, as `rankle trace sites` prints it (needs run --sites)", ReadSites, WriteSites, nullptr},
    {kWhen, "call", "number of the matching call in this process, from 1", ReadNumbers<&F::call, 1>, WriteNumbers<&F::call>, nullptr},
    {kWhen, "every", "of those, every n-th, beginning with the first", ReadCount<&F::every>, WriteCount<&F::every>, nullptr},
    {kWhen, "step", "training step", ReadNumbers<&F::step, 0>, WriteNumbers<&F::step>, IsNotLibc},
    {kWhen, "after", "not before this time since process start", ReadMoment<&F::after_ns>, WriteMoment<&F::after_ns>, nullptr},
    {kWhen, "until", "not after this time since process start", ReadMoment<&F::until_ns>, WriteMoment<&F::until_ns>, nullptr},
    {kWhen, "probability", "chance per call, drawn from the seed", ReadProbability, WriteProbability, nullptr},
    {kWhen, "times", "fire at most this often in a process", ReadCount<&F::times>, WriteCount<&F::times>, nullptr},
};
// clang-format on

}  // namespace

std::span<const Selector> Selectors() { return kSelectors; }

const Selector* FindSelector(Section section, std::string_view key) {
  if (key == "root") key = "peer";
  if (key == "nth") key = "call";
  for (const Selector& selector : kSelectors) {
    if (selector.key == key && (section == Section::kAny || section == selector.section)) return &selector;
  }
  return nullptr;
}

absl::StatusOr<std::string> OneItem(const RawValue& value) {
  if (const auto plain = NoDistribution(value); !plain.ok()) return plain;
  if (value.items.size() != 1) return Invalid("takes one value, not a list");
  return value.items[0];
}

}  // namespace rankle::plan
