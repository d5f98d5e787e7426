#include "analyzer/import/nsys/nsys_importer.h"

#include "absl/strings/str_cat.h"
#include "analyzer/import/nsys/database.h"
#include "analyzer/import/nsys/nsys_job.h"
#include "analyzer/import/nsys/nsys_profile.h"

namespace rankle::import {

bool NsysImporter::Recognises(const std::string& path, const std::string& first_bytes) const {
  return LooksLikeSqlite(first_bytes) && IsNsysExport(path, first_bytes);
}

// One after the other: reading is bound by the disk, and a profile is large beside what is kept of it.
absl::Status NsysImporter::Import(const std::vector<std::string>& files, store::Store& store) const {
  std::vector<NsysProfile> profiles;
  for (const std::string& file : files) {
    auto profile = ReadNsysProfile(file);
    if (profile.ok()) {
      profiles.push_back(*std::move(profile));
      continue;
    }
    ++store.quality.malformed, ++store.quality.unreadable_files;
    store.quality.notes.emplace_back(profile.status().message());
  }
  if (profiles.empty())
    return absl::InvalidArgumentError(absl::StrCat("no usable export: ", store.quality.notes.back()));
  return BuildNsysStore(profiles, store);
}

}  // namespace rankle::import
