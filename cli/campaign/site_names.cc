#include "cli/campaign/site_names.h"

#include "cli/launch/text.h"

namespace rankle::cli {
namespace {

constexpr std::string_view kFrom = " from ";

}  // namespace

std::string CallName(std::string_view function, std::string_view place) {
  return Cat(function, kFrom, place);
}

std::string FunctionOf(const stitch::SiteInfo& site) { return site.name.substr(0, site.name.find(kFrom)); }

bool IsPoint(const stitch::SiteInfo& site) { return FunctionOf(site).find(' ') != std::string::npos; }

}  // namespace rankle::cli
