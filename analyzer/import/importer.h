// The one interface between a trace format and the store, and the list of formats. Adding one:
// docs/adding-an-importer.md. Bad input is counted and named in the store's data quality; an import fails
// only when nothing is usable.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "analyzer/import/inputs.h"
#include "analyzer/store/store.h"

namespace rankle::import {

// What a format tells of a job.
enum class Layer : uint8_t {
  kOperations,  // what each rank called: one such format is analyzed
  kTestimony,   // logs, error files, counters: beside operations they add to them (Join); alone they are
                // analyzed for as far as they go
};

class Importer {
 public:
  virtual ~Importer() = default;
  virtual Layer layer() const { return Layer::kOperations; }
  virtual const char* name() const = 0;
  // Does the file belong to this format? Judged by its first bytes (up to 4 KiB, gunzipped) and, as a last
  // resort, its name.
  virtual bool Recognises(const std::string& path, const std::string& first_bytes) const = 0;
  // Files that lie beside those of the format and hold nothing for an analysis: not worth a word in the
  // report.
  virtual bool IsCompanion(const std::string&) const { return false; }
  // Reads the files, which all were recognised, into an empty store, and calls Store::Finish.
  virtual absl::Status Import(const std::vector<std::string>& files, store::Store& store) const = 0;
  // kTestimony: adds what the files tell to a job that another importer has read and finished: notices,
  // events, how processes ended, quality, ranks without a record that died. Never operations or groups.
  // An error means that nothing could be used, which the report says; it does not spoil the rest.
  virtual absl::Status Join(const std::vector<std::string>&, store::Store&) const {
    return absl::UnimplementedError("this format adds nothing to another one");
  }
};

// In order of preference: the first that recognises a file gets it. Formats of operations go before
// testimonies, whatever their numbers; of two of one layer the one with more files, of equally many the
// earlier one is analyzed.
std::vector<std::unique_ptr<Importer>> AllImporters();

// Reads files and directories with the importer of the job's operations, and joins what other formats add.
// Directories are searched
// one level deep, with the node directories in them; where that finds nothing known, some levels deeper.
// Store::inputs tells what became of each file.
absl::StatusOr<store::Store> ImportPaths(const std::vector<std::string>& paths,
                                         const InputFilter& filter = {});

}  // namespace rankle::import
