#include "injector/plan/arm.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "injector/plan/catalogue.h"
#include "injector/plan/parameters.h"
#include "injector/plan/selectors.h"
#include "injector/plan/suggest.h"
#include "injector/plan/targets.h"
#include "injector/plan/text.h"

namespace rankle::plan {
namespace {

constexpr size_t kLongestName = 64;

absl::Status At(std::string_view place, std::string_view what) { return Invalid(Concat(place, ": ", what)); }

std::string_view SectionName(Section section) {
  constexpr std::string_view kNames[] = {"", "where", "when", "with"};
  return kNames[static_cast<size_t>(section)];
}

const Parameter* FindParameter(const ActionInfo& action, std::string_view key) {
  const auto found = std::find_if(action.parameters.begin(), action.parameters.end(),
                                  [&](const Parameter& parameter) { return parameter.name == key; });
  if (found != action.parameters.end()) return &*found;
  return key == "errno" ? FindParameter(action, "result") : nullptr;  // of libc's functions
}

// What an entry means: a selector or a parameter. In the short form the action's own parameters come first.
struct Meaning {
  const Selector* selector = nullptr;
  const Parameter* parameter = nullptr;
};

Meaning FindMeaning(const RawEntry& entry, const ActionInfo& action) {
  Meaning meaning;
  const bool any = entry.section == Section::kAny;
  if (any || entry.section == Section::kWith) meaning.parameter = FindParameter(action, entry.key);
  if (meaning.parameter == nullptr && entry.section != Section::kWith) {
    meaning.selector = FindSelector(entry.section, entry.key);
  }
  return meaning;
}

std::vector<std::string_view> KnownKeys(Section section, const ActionInfo& action) {
  std::vector<std::string_view> keys;
  for (const Selector& selector : Selectors()) {
    if (section == Section::kAny || section == selector.section) keys.push_back(selector.key);
  }
  for (const Parameter& parameter : action.parameters) {
    if (section == Section::kAny || section == Section::kWith) keys.push_back(parameter.name);
  }
  return keys;
}

absl::Status UnknownKey(const RawEntry& entry, const ActionInfo& action) {
  const std::vector<std::string_view> known = KnownKeys(entry.section, action);
  const std::string in = entry.section == Section::kAny ? "" : Concat(" in ", SectionName(entry.section));
  std::string hint = DidYouMean(entry.key, known);
  if (const Selector* elsewhere = FindSelector(Section::kAny, entry.key)) {
    hint = Concat(" (it belongs into ", SectionName(elsewhere->section), ")");
  } else if (FindParameter(action, entry.key) != nullptr) {
    hint = " (it belongs into with)";
  }
  const std::string allowed = known.empty() ? Concat("; ", action.name, " takes no parameters")
                                            : Concat("; allowed: ", Join(known, " "));
  return At(entry.place, Concat("unknown key '", entry.key, "'", in, hint, allowed));
}

absl::StatusOr<const ActionInfo*> FindUsableAction(const RawFault& raw) {
  if (raw.action.empty())
    return At(raw.place, "a fault needs 'do': the action (rankle faults list shows them)");
  const ActionInfo* action = FindAction(raw.action);
  if (action == nullptr) {
    std::vector<std::string_view> known = {"xid"};
    for (const ActionInfo& info : Catalogue()) {
      if (info.unavailable.empty()) known.push_back(info.name);
    }
    return At(raw.action_place, Concat("unknown action '", raw.action, "'", DidYouMean(raw.action, known),
                                       "; allowed: ", Join(known, " ")));
  }
  if (action->unavailable.empty()) return action;
  return At(raw.action_place, Concat("action '", action->name, "' is not available: ", action->unavailable));
}

// Reads all entries into the fault: selectors in any order, parameters in the catalogue's.
class EntryReader {
 public:
  EntryReader(const RawFault& raw, const ActionInfo& action, ArmedFault& fault, StringPool& pool)
      : raw_(raw), action_(action), fault_(fault), pool_(pool) {}

  absl::Status Read() {
    for (const RawEntry& entry : raw_.entries) {
      if (const auto sorted = Sort(entry); !sorted.ok()) return sorted;
    }
    for (const Parameter& parameter : action_.parameters) {
      if (const auto read = ReadOne(parameter); !read.ok()) return read;
    }
    if (raw_.action == "xid" && given_.empty())
      return At(raw_.place, "xid needs code: 13, 31, 48, 63, 74, 79, 94 or 95");
    if (const auto checked = CheckParameters(fault_, given_); !checked.ok()) {
      return At(raw_.place, Concat(action_.name, " ", Message(checked)));
    }
    if (fault_.until_ns < fault_.after_ns) return At(raw_.place, "'until' lies before 'after'");
    return absl::OkStatus();
  }
  const ParameterFacts& facts() const { return facts_; }
  // A `where` key that none of these functions has can never match.
  absl::Status CheckSelectors(const std::vector<TargetFunction>& targets) const {
    for (const auto& pair : selectors_) {
      const Selector& selector = *pair.first;
      const RawEntry& entry = *pair.second;
      const bool possible = std::any_of(targets.begin(), targets.end(), [&](const TargetFunction& target) {
        return selector.has == nullptr || selector.has(*target.api);
      });
      if (possible) continue;
      return At(entry.place,
                Concat("'", entry.key, "' can never match: ", targets[0].api->name,
                       targets.size() == 1 ? " has" : " and the other targets have", " no ", entry.key));
    }
    return absl::OkStatus();
  }

  // What acts on hosts and the network sees no calls to choose from.
  absl::Status CheckSelectorsOfPlace() const {
    for (const auto& [selector, entry] : selectors_) {
      const std::string_view key = selector->key;
      if (key == "rank" || key == "after" || key == "until" || (key == "peer" && action_.place == "network"))
        continue;
      return At(entry->place, Concat("'", entry->key, "' is not known to ", action_.name,
                                     ", which acts on the ", action_.place, " and not on calls: give rank",
                                     action_.place == "network" ? ", peer" : "", ", after, until"));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Sort(const RawEntry& entry) {
    const Meaning meaning = FindMeaning(entry, action_);
    if (meaning.selector == nullptr && meaning.parameter == nullptr) return UnknownKey(entry, action_);
    const void* identity = meaning.selector;
    if (meaning.parameter != nullptr) identity = meaning.parameter;
    if (std::find(seen_.begin(), seen_.end(), identity) != seen_.end()) {
      return At(entry.place, Concat("'", entry.key, "' is given twice"));
    }
    seen_.push_back(identity);
    if (entry.value.items.empty()) return At(entry.place, Concat("'", entry.key, "' has no value"));
    if (meaning.parameter != nullptr) {
      parameters_.emplace_back(meaning.parameter, &entry);
      return absl::OkStatus();
    }
    selectors_.emplace_back(meaning.selector, &entry);
    const auto read = meaning.selector->read(entry.value, fault_, pool_);
    return read.ok() ? read : At(entry.place, Concat(entry.key, ": ", Message(read)));
  }

  absl::Status ReadOne(const Parameter& parameter) {
    const auto found = std::find_if(parameters_.begin(), parameters_.end(),
                                    [&](const auto& pair) { return pair.first == &parameter; });
    if (found == parameters_.end()) {
      if (!parameter.required) return absl::OkStatus();
      return At(raw_.place, Concat(action_.name, " needs '", parameter.name, "': ", parameter.meaning));
    }
    given_.push_back(parameter.name);
    const RawEntry& entry = *found->second;
    const auto read = ReadParameter(parameter, entry.value, fault_, pool_, facts_);
    return read.ok() ? read : At(entry.place, Concat(entry.key, ": ", Message(read)));
  }

  const RawFault& raw_;
  const ActionInfo& action_;
  ArmedFault& fault_;
  StringPool& pool_;
  ParameterFacts facts_;
  std::vector<const void*> seen_;
  std::vector<std::pair<const Selector*, const RawEntry*>> selectors_;
  std::vector<std::pair<const Parameter*, const RawEntry*>> parameters_;
  std::vector<std::string_view> given_;
};

// An armed plan stores C strings.
absl::Status CheckText(const RawFault& raw) {
  auto holds_nul = [](const std::string& text) { return text.find('\0') != std::string::npos; };
  bool bad = std::any_of(raw.on.begin(), raw.on.end(), holds_nul);
  for (const RawEntry& entry : raw.entries) {
    bad = bad || holds_nul(entry.key) ||
          std::any_of(entry.value.items.begin(), entry.value.items.end(), holds_nul);
  }
  return bad ? At(raw.place, "a text holds a NUL character") : absl::OkStatus();
}

}  // namespace

absl::Status CheckFaultName(std::string_view name) {
  const bool sound = !name.empty() && name.size() <= kLongestName &&
                     std::all_of(name.begin(), name.end(), [](unsigned char c) {
                       return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-';
                     });
  if (sound) return absl::OkStatus();
  return Invalid(Concat("'", name, "' is not a fault name: up to 64 letters, digits, '.', '_', '-'"));
}

absl::StatusOr<ArmedFault> ArmFault(const RawFault& raw, StringPool& pool) {
  if (const auto text = CheckText(raw); !text.ok()) return text;
  const auto action = FindUsableAction(raw);
  if (!action.ok()) return action.status();
  const std::string_view place = (*action)->place;
  if (raw.on.empty() && place.empty())
    return At(raw.place,
              "a fault needs 'on': a function (ncclAllReduce), a glob (nccl*) or a group (collective)");

  ArmedFault fault;
  fault.action = (*action)->action;
  SetDefaults(fault, pool);
  EntryReader entries(raw, **action, fault, pool);
  if (const auto read = entries.Read(); !read.ok()) return read;

  if (place.empty()) {
    const auto named = ResolveTargets(raw.on);
    if (!named.ok()) return At(raw.on_place, Message(named.status()));
    const auto targets = KeepPossible(*named, **action, fault, entries.facts());
    if (!targets.ok()) return At(raw.on_place, Message(targets.status()));
    if (const auto checked = entries.CheckSelectors(*targets); !checked.ok()) return checked;
    for (const TargetFunction& target : *targets)
      fault.apis[target.api->id / 64] |= uint64_t{1} << (target.api->id % 64);
    fault.on = pool.Add(Join(raw.on, ","));
  } else {
    if (!raw.on.empty() && (raw.on.size() > 1 || raw.on[0] != place))
      return At(raw.on_place, Concat((*action)->name, " acts on no call: write 'on: ", place, "'"));
    if (const auto checked = entries.CheckSelectorsOfPlace(); !checked.ok()) return checked;
    fault.on = pool.Add(std::string(place));
  }
  if (!raw.name.empty()) {
    if (const auto name = CheckFaultName(raw.name); !name.ok()) return At(raw.name_place, Message(name));
    fault.name = pool.Add(raw.name);
  }
  return fault;
}

}  // namespace rankle::plan
