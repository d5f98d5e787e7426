#include "detectors/lint/cache.h"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/launch/files.h"
#include "detectors/fault_points/point_id.h"
#include "detectors/tooling/file_filter.h"

namespace rankle::lint {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostEntries = 20000;  // of a few KiB to 100 KiB each: a GiB at worst

// Folders that headers are looked for in.
std::vector<std::string> IncludeFolders(const tooling::Unit& unit) {
  std::vector<std::string> folders{fs::path(unit.file).parent_path().string()};
  for (size_t i = 0; i < unit.command.size(); ++i) {
    for (const std::string_view flag : {"-isystem", "-iquote", "-idirafter", "-I"}) {
      const std::string& argument = unit.command[i];
      if (!argument.starts_with(flag)) continue;
      const bool apart = argument.size() == flag.size();
      if (apart && i + 1 == unit.command.size()) break;
      folders.push_back(
          tooling::Normalised(unit.directory, apart ? unit.command[i + 1] : argument.substr(flag.size())));
      break;
    }
  }
  return folders;
}

bool HasAppeared(const tooling::Unit& unit, const std::string& header) {
  std::error_code error;
  const std::vector<std::string> folders = IncludeFolders(unit);
  return std::any_of(folders.begin(), folders.end(),
                     [&](const std::string& folder) { return fs::exists(fs::path(folder) / header, error); });
}

}  // namespace

Cache::Cache(std::string folder, std::string circumstances)
    : folder_(std::move(folder)), circumstances_(std::move(circumstances)) {}

std::string Cache::EntryPath(const tooling::Unit& unit, const std::string& given) const {
  std::string key = circumstances_ + '\n' + given + '\n' + unit.directory + '\n' + unit.file;
  for (const std::string& argument : unit.command) key += '\n' + argument;
  return (fs::path(folder_) /
          (points::Hex(points::Fnv(key)) + points::Hex(tooling::ContentHash(key)) + ".json"))
      .string();
}

uint64_t Cache::HashOf(const std::string& path) {
  const auto [it, fresh] = hashes_.try_emplace(path, 0);
  if (fresh) {
    const absl::StatusOr<std::string> content = cli::ReadFile(path);
    if (content.ok()) it->second = tooling::ContentHash(*content);
  }
  return it->second;
}

std::optional<std::string> Cache::Find(const tooling::Unit& unit, const std::string& given) {
  if (folder_.empty()) return std::nullopt;
  std::ifstream file(EntryPath(unit, given));
  if (!file) return std::nullopt;
  const nlohmann::json entry = nlohmann::json::parse(file, nullptr, false);
  if (!entry.is_object()) return std::nullopt;
  try {
    for (const nlohmann::json& read : entry.at("files")) {
      if (HashOf(read.at(0).get<std::string>()) != read.at(1).get<uint64_t>()) return std::nullopt;
    }
    for (const nlohmann::json& header : entry.at("missing")) {
      if (HasAppeared(unit, header.get<std::string>())) return std::nullopt;
    }
    return entry.at("result").get<std::string>();
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;  // of another version, or cut short
  }
}

void Cache::Store(const tooling::Unit& unit, const std::string& given,
                  const std::vector<tooling::ReadFile>& files, const std::vector<std::string>& missing,
                  const std::string& result) const {
  if (folder_.empty() || files.empty()) return;
  nlohmann::json list = nlohmann::json::array();
  for (const tooling::ReadFile& file : files) list.push_back({file.path, file.hash});
  const nlohmann::json entry{{"files", std::move(list)}, {"missing", missing}, {"result", result}};
  std::error_code error;
  fs::create_directories(folder_, error);
  (void)cli::WriteFile(EntryPath(unit, given),
                       entry.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

void Cache::Trim() const {
  if (folder_.empty()) return;
  std::error_code error;
  std::vector<std::pair<fs::file_time_type, fs::path>> entries;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_, error)) {
    if (entry.path().extension() == ".json") entries.emplace_back(entry.last_write_time(error), entry.path());
  }
  if (entries.size() <= kMostEntries) return;
  std::sort(entries.begin(), entries.end());
  for (size_t i = 0; i < entries.size() - kMostEntries / 2; ++i) fs::remove(entries[i].second, error);
}

std::string DefaultCacheFolder() {
  const char* folder = getenv("XDG_CACHE_HOME");
  const char* home = getenv("HOME");
  if (folder && *folder) return std::string(folder) + "/rankle/lint";
  return home && *home ? std::string(home) + "/.cache/rankle/lint" : "";
}

std::string OwnVersion() {
  const absl::StatusOr<std::string> program = cli::ReadFile("/proc/self/exe");
  return program.ok() ? points::Hex(tooling::ContentHash(*program)) : "unknown";
}

}  // namespace rankle::lint
