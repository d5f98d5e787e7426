#include "injector/plan/plan.h"

#include <algorithm>
#include <cstring>

#include "injector/api/api.h"
#include "injector/plan/arm.h"
#include "injector/plan/catalogue.h"
#include "injector/plan/plan_yaml.h"
#include "injector/plan/short_form.h"
#include "injector/plan/text.h"

namespace rankle::plan {
namespace {

constexpr size_t kLargestPool = 16 << 20;

std::string DefaultName(size_t index) { return Concat("fault-", index + 1); }

// A fault is aimed at functions of the C library or at others, never at both (targets.cc).
bool AimsAtLibc(const ArmedFault& fault) {
  const auto is_target = [&](const api::ApiInfo& info) {
    return (fault.apis[info.id / 64] >> (info.id % 64) & 1) != 0;
  };
  const auto all = api::AllApis();
  const auto first = std::find_if(all.begin(), all.end(), is_target);
  return first != all.end() && first->library == api::Library::kLibc;
}

}  // namespace

absl::Status Plan::AddYaml(std::string_view text, std::string_view name) {
  const auto raw = ParsePlanYaml(text, name);
  if (!raw.ok()) return raw.status();
  Plan extended = *this;  // all of a file or nothing
  StringPool pool(&extended.pool_);
  for (const RawFault& raw_fault : raw->faults) {
    const auto fault = ArmFault(raw_fault, pool);
    if (!fault.ok()) return fault.status();
    if (const auto added = extended.Append(*fault, raw_fault.name_place); !added.ok()) return added;
  }
  if (raw->seed) extended.seed_ = raw->seed;
  *this = std::move(extended);
  return absl::OkStatus();
}

absl::Status Plan::AddShortForm(std::string_view text) {
  const auto raw = ParseShortForm(text);
  if (!raw.ok()) return raw.status();
  StringPool pool(&pool_);
  const auto fault = ArmFault(*raw, pool);
  if (!fault.ok()) return fault.status();
  return Append(*fault, raw->place);
}

absl::Status Plan::Append(ArmedFault fault, std::string_view place) {
  auto refuse = [&](std::string_view what) { return Invalid(Concat(place, ": ", what)); };
  if (faults_.size() == kMaxFaults) return refuse(Concat("more than ", kMaxFaults, " faults in one plan"));
  if (pool_.size() > kLargestPool) return refuse("the texts of the plan take more than 16 MiB");
  if (fault.name == 0) {
    std::string name = DefaultName(faults_.size());
    while (FindName(name)) name += "-next";  // somebody gave another fault this name
    fault.name = StringPool(&pool_).Add(name);
  } else if (const auto taken = FindName(pool_.c_str() + fault.name)) {
    return refuse(Concat("the name '", pool_.c_str() + fault.name, "' is taken by fault ", *taken + 1));
  }
  faults_.push_back(fault);
  return absl::OkStatus();
}

std::optional<size_t> Plan::FindName(std::string_view name) const {
  for (size_t i = 0; i < faults_.size(); ++i) {
    if (pool_.c_str() + faults_[i].name == name) return i;
  }
  return std::nullopt;
}

std::string Plan::fault_name(size_t index) const { return pool_.c_str() + faults_[index].name; }
std::string Plan::fault_path(size_t index) const {
  return faults_[index].path.count == 0 ? "" : pool_.c_str() + faults_[index].path.offset;
}

bool Plan::NeedsSites() const {
  return std::any_of(faults_.begin(), faults_.end(),
                     [](const ArmedFault& fault) { return fault.site.count != 0 || AimsAtLibc(fault); });
}

bool Plan::NeedsHooks() const {
  return std::any_of(faults_.begin(), faults_.end(), [](const ArmedFault& fault) {
    return !AimsAtLibc(fault) && FindAction(fault.action)->place.empty();
  });
}

std::vector<std::string> Plan::PythonTargets() const {
  static const uint16_t kCall = api::FindApi("rankleCallPython")->id;
  std::vector<std::string> targets;
  for (const ArmedFault& fault : faults_) {
    if ((fault.apis[kCall / 64] >> (kCall % 64) & 1) == 0) continue;
    const char* pattern = pool_.c_str() + fault.stack.offset;
    for (uint32_t i = 0; i < fault.stack.count; ++i, pattern += strlen(pattern) + 1)
      targets.emplace_back(pattern);
    if (fault.stack.count == 0) targets.emplace_back();
  }
  return targets;
}

bool Plan::ActsOnHosts() const {
  return std::any_of(faults_.begin(), faults_.end(),
                     [](const ArmedFault& fault) { return !FindAction(fault.action)->place.empty(); });
}

std::string Plan::Arm(uint64_t default_seed) const {
  ArmedHeader header = {};
  std::memcpy(header.magic, kArmedMagic, sizeof(kArmedMagic));
  header.version = kArmedVersion;
  header.fault_count = static_cast<uint32_t>(faults_.size());
  header.fault_bytes = sizeof(ArmedFault);
  header.pool_bytes = static_cast<uint32_t>(pool_.size());
  header.seed = seed_.value_or(default_seed);
  std::string bytes(reinterpret_cast<const char*>(&header), sizeof(header));
  bytes.append(reinterpret_cast<const char*>(faults_.data()), faults_.size() * sizeof(ArmedFault));
  bytes.append(pool_);
  header.checksum = ArmedChecksum(bytes.data(), bytes.size());
  std::memcpy(bytes.data(), &header, sizeof(header));
  return bytes;
}

std::vector<std::string> Plan::Describe() const {
  std::vector<std::string> lines;
  for (size_t i = 0; i < faults_.size(); ++i) lines.push_back(ShortForm(faults_[i], pool_, DefaultName(i)));
  return lines;
}

}  // namespace rankle::plan
