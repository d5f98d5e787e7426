// synthetic_job: writes the flight records of a job of any size with a planted fault.
//   synthetic_job --ranks 16384 --collectives 1000 --fault hang --culprit 777 -o DIR && rankle analyze DIR
#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>

#include "tests/synthetic_job/records.h"

int main(int argc, char** argv) {
  using rankle::synthetic::Fault;
  rankle::synthetic::JobSpec spec;
  std::string directory;
  CLI::App app("Writes the flight records of a synthetic job");
  app.add_option("--ranks", spec.ranks, "number of ranks, a multiple of --tp times --pp");
  app.add_option("--tp", spec.tensor, "ranks of a tensor-parallel group");
  app.add_option("--pp", spec.pipeline, "pipeline stages");
  app.add_option("--collectives", spec.collectives, "of each rank at least");
  app.add_option("--fault", spec.fault, "none, hang, slow or mismatch")
      ->transform(CLI::CheckedTransformer(std::map<std::string, Fault>{{"none", Fault::kNone},
                                                                       {"hang", Fault::kHang},
                                                                       {"slow", Fault::kSlow},
                                                                       {"mismatch", Fault::kMismatch}}));
  app.add_option("--culprit", spec.culprits, "rank that commits the fault; may be given several times");
  app.add_option("--factor", spec.factor, "how much longer slow work takes");
  app.add_option("--jitter", spec.jitter, "standard deviation of all work, relative");
  app.add_option("--seed", spec.seed, "of the jitter");
  app.add_option("-o", directory, "where to write; made if it is not there")->required();
  CLI11_PARSE(app, argc, argv);
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  const auto records = rankle::synthetic::WriteFlightRecords(spec, directory);
  if (!records.ok()) {
    std::cerr << "synthetic_job: " << records.status().message() << "\n";
    return 2;
  }
  std::cout << *records << " records\n";
  return 0;
}
