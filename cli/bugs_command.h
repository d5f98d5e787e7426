// `rankle bugs search|show|reproduce|stats|lint|import`: bugs that were really fixed, and the user's own.
#pragma once

#include "absl/status/statusor.h"
#include "analyzer/taxonomy/knowledge.h"
#include "cli/subcommand.h"

namespace rankle::cli {

class BugsCommand : public Subcommand {
 public:
  const char* name() const override { return "bugs"; }
  const char* summary() const override { return "Search bugs that were really fixed, and add your own"; }
  const char* examples() const override;
  void DeclareFlags(Flags& flags) override;
  int Run(const std::vector<std::string>& command) override;

 private:
  absl::StatusOr<std::string> Search(const taxonomy::Knowledge& knowledge) const;
  absl::StatusOr<std::string> Show(const taxonomy::Knowledge& knowledge) const;
  absl::StatusOr<std::string> Statistics(const taxonomy::Knowledge& knowledge) const;
  absl::StatusOr<std::string> LintChecks(const taxonomy::Knowledge& knowledge) const;
  int Import(taxonomy::Knowledge& knowledge) const;
  int Reproduce(const taxonomy::Knowledge& knowledge) const;

  bool search_ = false, show_ = false, stats_ = false, lint_ = false, import_ = false, reproduce_ = false;
  bool fixed_ = false, keep_ = false;
  std::vector<std::string> words_;
  int limit_ = 10;
  std::string id_, check_, file_, database_, format_ = "text", output_dir_;
};

}  // namespace rankle::cli
