#include "analyzer/import/flight_recorder/flight_recorder_importer.h"

#include <thread>

#include "absl/strings/str_cat.h"
#include "analyzer/import/file_bytes.h"
#include "analyzer/import/flight_recorder/dump.h"
#include "analyzer/import/flight_recorder/dump_job.h"
#include "analyzer/import/in_order.h"

namespace rankle::import {
namespace {

// 2,000 entries with Python stacks are a few MiB. Beyond this, a file is something else or hostile.
constexpr uint64_t kMostBytes = 512u << 20;

// What one thread works with; its memory serves file after file.
struct Parsed {
  std::string bytes;
  DumpReader reader;
  Dump dump;
  absl::Status status;
};

}  // namespace

bool FlightRecorderImporter::Recognises(const std::string&, const std::string& first_bytes) const {
  return LooksLikeDump(first_bytes);
}

absl::Status FlightRecorderImporter::Import(const std::vector<std::string>& files,
                                            store::Store& store) const {
  std::vector<Dump> dumps;
  dumps.reserve(files.size());
  InOrder<Parsed>(
      files.size(), std::thread::hardware_concurrency(),
      [&](size_t i, Parsed& p) {
        p.status = ReadFileBytes(files[i], kMostBytes, p.bytes);
        if (p.status.ok()) p.status = p.reader.Read(p.bytes, files[i], p.dump);
      },
      [&](size_t, Parsed& p) {
        if (p.status.ok()) {
          dumps.push_back(std::move(p.dump));
          return;
        }
        ++store.quality.malformed, ++store.quality.unreadable_files;
        store.quality.notes.emplace_back(p.status.message());
      });
  if (dumps.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("no usable Flight Recorder dump: ", store.quality.notes.back()));
  }
  BuildStore(std::move(dumps), store);
  return absl::OkStatus();
}

}  // namespace rankle::import
