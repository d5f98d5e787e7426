#include "analyzer/import/kineto/kineto_importer.h"

#include <utility>

#include "analyzer/import/kineto/kineto_job.h"
#include "analyzer/import/kineto/kineto_trace.h"
#include "analyzer/import/rank_traces/read_traces.h"

namespace rankle::import {
namespace {

absl::StatusOr<RankTrace> ReadTrace(const std::string& path) {
  KinetoReader reader;
  return ReadInPieces(path, reader);
}

}  // namespace

bool KinetoImporter::Recognises(const std::string&, const std::string& first_bytes) const {
  return LooksLikeKineto(first_bytes);
}

absl::Status KinetoImporter::Import(const std::vector<std::string>& files, store::Store& store) const {
  auto traces = ReadAll(files, ReadTrace, store);
  return traces.ok() ? BuildStore(*std::move(traces), store) : traces.status();
}

}  // namespace rankle::import
