#include "tracer/points/points_record.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/str_format.h"
#include "detectors/instrument/runtime/rankle_points_format.h"
#include "tracer/files/record_bytes.h"

namespace rankle::points_record {
namespace {

using rankle_points::FileHeader;
using rankle_points::NestEntry;
using rankle_points::SignatureEntry;
using rankle_points::SiteEntry;

constexpr char kMagic[8] = {'R', 'N', 'K', 'L', 'P', 'T', 'S', '1'};

// Claimed, but its writer was killed before it said for what.
template <typename Entry>
bool IsTorn(const Entry& entry) {
  return entry.key.load() != 0 && entry.point == 0;
}

std::string Hex(uint64_t id) { return absl::StrFormat("%016x", id); }

Nest ReadNest(const NestEntry& entry) {
  Nest nest{.loop = {entry.point, entry.caller, entry.caller_of_caller}, .parent = entry.parent, .bins = {}};
  for (uint32_t bin = 0; bin < rankle_points::kNestBins; ++bin) {
    if (const uint64_t parents = entry.bins[bin].load(); parents > 0)
      nest.bins.emplace_back(rankle_points::LeastOfBin(bin), parents);
  }
  return nest;
}

nlohmann::ordered_json JsonOf(const CallSite& site) {
  return {{"point", Hex(site.point)},
          {"caller", Hex(site.caller)},
          {"caller_of_caller", Hex(site.caller_of_caller)}};
}

}  // namespace

absl::StatusOr<PointsRecord> ReadPointsRecord(std::string_view bytes, const std::string& file) {
  const auto opened =
      files::OpenRecord<FileHeader>(bytes, file, kMagic, rankle_points::kVersionMajor, "points record");
  if (!opened.ok()) return opened.status();
  const FileHeader& header = opened->header();
  const auto* sites = opened->Table<SiteEntry>(header.sites_offset, header.site_capacity, header.site_bytes);
  const auto* signatures = opened->Table<SignatureEntry>(header.signatures_offset, header.signature_capacity,
                                                         header.signature_bytes);
  const bool has_nests = header.version_minor >= 1;
  const auto* nests =
      has_nests ? opened->Table<NestEntry>(header.nests_offset, header.nest_capacity, header.nest_bytes)
                : nullptr;
  if (!sites || !signatures || (has_nests && !nests))
    return absl::DataLossError(file + ": its tables do not lie in the file");

  PointsRecord record{.pid = header.pid,
                      .realtime_ns = header.realtime_ns,
                      .monotonic_ns = header.monotonic_ns,
                      .lost_sites = header.lost_sites.load(),
                      .lost_signatures = header.lost_signatures.load(),
                      .lost_nests = has_nests ? header.lost_nests.load() : 0,
                      .torn = 0,
                      .sites = {},
                      .signatures = {},
                      .nests = {}};
  for (uint32_t i = 0; i < header.site_capacity; ++i) {
    const SiteEntry& entry = sites[i];
    record.torn += IsTorn(entry);
    if (entry.point == 0) continue;
    record.sites.push_back({{entry.point, entry.caller, entry.caller_of_caller},
                            entry.hits.load(),
                            entry.count.load(),
                            entry.most.load(),
                            entry.injected.load()});
  }
  for (uint32_t i = 0; i < header.signature_capacity; ++i) {
    const SignatureEntry& entry = signatures[i];
    record.torn += IsTorn(entry);
    if (entry.point == 0) continue;
    const uint64_t kept = std::min<uint64_t>(entry.steps, rankle_points::kKeptSteps);
    record.signatures.push_back({{entry.point, entry.caller, entry.caller_of_caller},
                                 entry.signature,
                                 entry.seen.load(),
                                 entry.steps,
                                 {entry.last, entry.last + kept}});
  }
  for (uint32_t i = 0; has_nests && i < header.nest_capacity; ++i) {
    record.torn += IsTorn(nests[i]);
    if (nests[i].point != 0) record.nests.push_back(ReadNest(nests[i]));
  }
  return record;
}

std::string RecordJson(const PointsRecord& record) {
  nlohmann::ordered_json json{{"schema", "rankle.points_record/1"},
                              {"pid", record.pid},
                              {"realtime_ns", record.realtime_ns},
                              {"lost_sites", record.lost_sites},
                              {"lost_signatures", record.lost_signatures},
                              {"lost_nests", record.lost_nests},
                              {"torn", record.torn},
                              {"sites", nlohmann::ordered_json::array()},
                              {"signatures", nlohmann::ordered_json::array()},
                              {"nests", nlohmann::ordered_json::array()}};
  for (const SiteCounts& counts : record.sites) {
    nlohmann::ordered_json site = JsonOf(counts.site);
    site.update({{"hits", counts.hits},
                 {"count", counts.count},
                 {"most", counts.most},
                 {"injected", counts.injected}});
    json["sites"].push_back(std::move(site));
  }
  for (const Signature& signature : record.signatures) {
    nlohmann::ordered_json loop = JsonOf(signature.loop);
    std::vector<std::string> last;
    for (const uint64_t step : signature.last) last.push_back(Hex(step));
    loop.update({{"signature", Hex(signature.signature)},
                 {"seen", signature.seen},
                 {"steps", signature.steps},
                 {"last", std::move(last)}});
    json["signatures"].push_back(std::move(loop));
  }
  for (const Nest& nest : record.nests) {
    nlohmann::ordered_json inner = JsonOf(nest.loop);
    inner.update({{"parent", Hex(nest.parent)}, {"per_parent", nest.bins}});
    json["nests"].push_back(std::move(inner));
  }
  return json.dump(1) + "\n";
}

}  // namespace rankle::points_record
