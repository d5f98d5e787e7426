#include "analyzer/stitch/describe.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace rankle::stitch {

std::string DescribeKind(const Fault& fault, const Names& names) {
  switch (fault.kind) {
    case FaultKind::kError:
      if (fault.parameter == kTimeOut) return "time-out";
      if (const auto name = names.errors.find({fault.site, fault.parameter}); name != names.errors.end())
        return absl::StrCat("error ", name->second);
      return fault.parameter == 0 ? "error" : absl::StrCat("error ", fault.parameter);
    case FaultKind::kNegation:
      return "negation";
    case FaultKind::kDelay:
      return absl::StrFormat("delay of %g ms", fault.parameter / 1e6);
    case FaultKind::kSkip:
      return "skip";
  }
  return "fault";
}

std::string SiteName(SiteId site, const Names& names) {
  const auto it = names.sites.find(site);
  return it == names.sites.end() || it->second.name.empty() ? absl::StrFormat("site %016x", site)
                                                            : it->second.name;
}

std::string Describe(const Fault& fault, const Names& names) {
  std::string text = absl::StrCat(DescribeKind(fault, names), " at ", SiteName(fault.site, names));
  if (fault.hit != 1) absl::StrAppend(&text, ", hit ", fault.hit);
  if (fault.context != 0 && fault.context != fault.site) {
    absl::StrAppend(&text, " within ", SiteName(fault.context, names));
  }
  if (!fault.role.empty()) absl::StrAppend(&text, " (role ", fault.role, ")");
  return text;
}

}  // namespace rankle::stitch
