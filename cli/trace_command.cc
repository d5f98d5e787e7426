#include "cli/trace_command.h"

#include "analyzer/export/chrome_trace.h"
#include "analyzer/import/archives.h"
#include "analyzer/import/importer.h"
#include "cli/launch/exit_status.h"
#include "cli/launch/message.h"
#include "cli/output.h"
#include "cli/scratch.h"
#include "cli/trace/arrivals.h"
#include "cli/trace/rows.h"
#include "cli/trace/sites.h"

namespace rankle::cli {
namespace {

absl::StatusOr<Trace> ReadAndReport(const std::string& path) {
  absl::StatusOr<Trace> trace = ReadTrace(path);
  if (trace.ok()) {
    for (const std::string& problem : trace->problems) Say(problem);
  }
  return trace;
}

std::string Csv(const std::vector<Row>& rows) {
  std::string text = CsvHeader();
  for (const Row& row : rows) text += RowCsv(row);
  return text;
}

}  // namespace

const char* TraceCommand::examples() const {
  return "  rankle trace cat out | tail\n"
         "  rankle trace cat out --injections          (also what was injected: the ground truth)\n"
         "  rankle trace cat out --format json | jq 'select(.rank == 3)'\n"
         "  rankle trace arrivals out                  (who came last to each collective, and by how much)\n"
         "  rankle trace sites out                     (of run --sites: what was called from where, and came "
         "to what)\n"
         "  rankle trace export out --format perfetto -o trace.json      (open in ui.perfetto.dev)\n"
         "  rankle trace export out --format csv -o trace.csv";
}

void TraceCommand::DeclareFlags(Flags& flags) {
  const Flag directory{
      .name = "DIR", .type = "", .help = "Output directory of a run, or one flight record", .required = true};
  Flags cat = flags.Nested("cat", "Print every record in order of time", cat_);
  cat.Text(directory, path_);
  cat.Choice({.name = "--format", .type = "FORMAT", .help = "text, or json: one object a line"},
             {"text", "json"}, format_);
  cat.Switch("--injections", "Also show which faults fired", injections_);
  Flags arrivals = flags.Nested(
      "arrivals", "Who came last to each collective: of any traces that analyze reads", arrivals_);
  arrivals.Text(directory, path_);
  arrivals.Choice({.name = "--format", .type = "FORMAT", .help = "text, or json: one object a line"},
                  {"text", "json"}, format_);
  Flags sites = flags.Nested(
      "sites", "Fault points of run --sites: call sites, how often they were reached, what calls came to",
      sites_);
  sites.Text({.name = "DIR",
              .type = "",
              .help = "Output directory of a run with --sites, or one site record",
              .required = true},
             path_);
  sites.Choice({.name = "--format", .type = "FORMAT", .help = "text, or json: one object a line"},
               {"text", "json"}, format_);
  sites.Switch("--injections", "Print which faults fired instead (JSON)", injections_);
  Flags exporter = flags.Nested("export", "Write the trace in the format of another program", export_);
  exporter.Text(directory, path_);
  exporter.Choice({.name = "--format",
                   .type = "FORMAT",
                   .help = "chrome and perfetto (the same JSON), or csv",
                   .required = true},
                  {"chrome", "perfetto", "csv"}, export_format_);
  exporter.Text({.name = "-o,--output", .type = "FILE", .help = "File to write (default: standard output)"},
                output_);
}

absl::Status TraceCommand::Print() const {
  const absl::StatusOr<Trace> trace = ReadAndReport(path_);
  if (!trace.ok()) return trace.status();
  const std::vector<Row> rows = Rows(*trace, injections_);
  std::string text;
  for (const Row& row : rows)
    text += format_ == "json" ? RowJson(row) : RowText(row, RealtimeOf(rows.front()));
  return WriteOutput("", text);
}

absl::StatusOr<store::Store> TraceCommand::Import() const {
  const auto unpacked = import::Unpacked::Make({path_}, {}, ScratchDirectory());
  if (!unpacked.ok()) return unpacked.status();
  for (const std::string& note : unpacked->notes()) Say(note);
  return import::ImportPaths(unpacked->paths());
}

absl::Status TraceCommand::PrintArrivals() const {
  const absl::StatusOr<store::Store> store = Import();
  return store.ok() ? WriteOutput("", ArrivalsText(*store, format_ == "json")) : store.status();
}

absl::Status TraceCommand::PrintSites() const {
  const absl::StatusOr<SiteRun> run = ReadSites(path_);
  if (!run.ok()) return run.status();
  for (const std::string& problem : run->problems) Say(problem);
  Symbols symbols;
  std::string text;
  if (injections_) {
    for (const sites::SiteRecord& record : run->records) text += InjectionsJson(record);
    return WriteOutput("", text);
  }
  for (const FaultPoint& point : FaultPoints(run->records, symbols))
    text += format_ == "json" ? FaultPointJson(point) : FaultPointText(point);
  return WriteOutput("", text);
}

absl::Status TraceCommand::Export() const {
  if (export_format_ != "csv") {
    const absl::StatusOr<store::Store> store = Import();
    return store.ok() ? WriteOutput(output_, ChromeTrace(*store)) : store.status();
  }
  const absl::StatusOr<Trace> trace = ReadAndReport(path_);
  if (!trace.ok()) return trace.status();
  return WriteOutput(output_, Csv(Rows(*trace, /*with_injections=*/false)));
}

int TraceCommand::Run(const std::vector<std::string>&) {
  const absl::Status status = cat_ ? Print() : arrivals_ ? PrintArrivals() : sites_ ? PrintSites() : Export();
  if (status.ok()) return kExitOk;
  SayError(status);
  return kExitUnusable;
}

}  // namespace rankle::cli
