// `rankle trace cat|arrivals|export`: what the flight records hold, for people and for other programs.
#pragma once

#include "absl/status/statusor.h"
#include "analyzer/store/store.h"
#include "cli/subcommand.h"

namespace rankle::cli {

class TraceCommand : public Subcommand {
 public:
  const char* name() const override { return "trace"; }
  const char* summary() const override { return "Print or export what was recorded"; }
  const char* examples() const override;
  void DeclareFlags(Flags& flags) override;
  int Run(const std::vector<std::string>& command) override;

 private:
  absl::StatusOr<store::Store> Import() const;
  absl::Status Print() const;
  absl::Status PrintArrivals() const;
  absl::Status PrintSites() const;
  absl::Status Export() const;

  bool cat_ = false, arrivals_ = false, sites_ = false, export_ = false;
  std::string path_;
  std::string format_ = "text";
  bool injections_ = false;
  std::string export_format_;
  std::string output_;
};

}  // namespace rankle::cli
