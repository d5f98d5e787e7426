#include "analyzer/import/kineto/kineto_importer.h"

#include <zlib.h>

#include <memory>
#include <thread>

#include "absl/strings/str_cat.h"
#include "analyzer/import/in_order.h"
#include "analyzer/import/kineto/kineto_job.h"
#include "analyzer/import/kineto/kineto_trace.h"

namespace rankle::import {
namespace {

constexpr unsigned kChunk = 1 << 20;
// Traces of long profiles take gigabytes; what grows beyond this is a bomb.
constexpr uint64_t kMostBytes = 256ull << 30;

struct CloseGz {
  void operator()(gzFile file) const { gzclose(file); }
};

// zlib reads plain files as they are.
absl::StatusOr<KinetoTrace> ReadTrace(const std::string& path, std::string& chunk) {
  const std::unique_ptr<gzFile_s, CloseGz> file(gzopen(path.c_str(), "rbe"));
  if (file == nullptr) return absl::NotFoundError(absl::StrCat(path, ": cannot be opened"));
  gzbuffer(file.get(), kChunk);
  KinetoReader reader;
  chunk.resize(kChunk);
  for (uint64_t total = 0;;) {
    const int count = gzread(file.get(), chunk.data(), kChunk);
    if (count <= 0) break;  // the end, or damaged data: what came before is kept, and `cut` says so
    total += static_cast<uint64_t>(count);
    if (total > kMostBytes)
      return absl::InvalidArgumentError(absl::StrCat(path, ": more than 256 GiB of text"));
    const absl::Status status = reader.Feed(std::string_view(chunk.data(), static_cast<size_t>(count)));
    if (!status.ok()) return absl::InvalidArgumentError(absl::StrCat(path, ": ", status.message()));
  }
  return reader.Finish(path);
}

struct Parsed {
  std::string chunk;
  absl::StatusOr<KinetoTrace> trace = KinetoTrace();
};

}  // namespace

bool KinetoImporter::Recognises(const std::string&, const std::string& first_bytes) const {
  return LooksLikeKineto(first_bytes);
}

absl::Status KinetoImporter::Import(const std::vector<std::string>& files, store::Store& store) const {
  std::vector<KinetoTrace> traces;
  InOrder<Parsed>(
      files.size(), std::thread::hardware_concurrency(),
      [&](size_t i, Parsed& p) { p.trace = ReadTrace(files[i], p.chunk); },
      [&](size_t, Parsed& p) {
        if (p.trace.ok()) {
          traces.push_back(*std::move(p.trace));
          return;
        }
        ++store.quality.malformed, ++store.quality.unreadable_files;
        store.quality.notes.emplace_back(p.trace.status().message());
      });
  if (traces.empty())
    return absl::InvalidArgumentError(absl::StrCat("no usable trace: ", store.quality.notes.back()));
  return BuildStore(std::move(traces), store);
}

}  // namespace rankle::import
