#include "cli/bugs_command.h"

#include <unistd.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "analyzer/rules/rule.h"
#include "analyzer/taxonomy/load.h"
#include "analyzer/taxonomy/user_bugs.h"
#include "cli/bugs/render.h"
#include "cli/bugs/reproductions.h"
#include "cli/bugs/user_database.h"
#include "cli/launch/clock.h"
#include "cli/launch/exit_status.h"
#include "cli/launch/files.h"
#include "cli/launch/message.h"
#include "cli/launch/output_directory.h"
#include "cli/launch/text.h"
#include "cli/output.h"
#include "cli/suite/suite_run.h"
#include "injector/plan/catalogue.h"

namespace rankle::cli {
namespace {

using taxonomy::Bug;
using taxonomy::BugDatabase;
using taxonomy::Knowledge;

constexpr size_t kMostProblems = 10;  // of an import that are shown

absl::StatusOr<BugDatabase> BuildDatabase(const Knowledge& knowledge) {
  std::vector<std::string> problems;
  std::vector<taxonomy::RuleCause> rules;
  std::vector<taxonomy::RuleExample> examples;
  for (const rules::Rule& rule : rules::BuiltInRules(problems)) {
    for (const std::string& reference : rule.references) {
      for (const Bug& bug : knowledge.bugs) {
        if (RefersTo(reference, bug)) examples.push_back({rule.id, rule.anomaly, bug.id});
      }
    }
    for (const auto& [cause, weight] : rule.root_causes)
      rules.push_back({rule.id, rule.anomaly, rule.symptom, cause, weight});
  }
  std::vector<taxonomy::FaultCause> faults;
  for (const plan::ActionInfo& info : plan::Catalogue()) {
    for (const std::string_view cause : info.root_causes)
      faults.push_back({std::string(info.name), std::string(cause), info.unavailable.empty()});
  }
  return BugDatabase::Build(knowledge, rules, examples, faults);
}

const Bug* WithId(const Knowledge& knowledge, const std::string& id) {
  const auto it = std::find_if(knowledge.bugs.begin(), knowledge.bugs.end(),
                               [&](const Bug& bug) { return bug.id == id; });
  return it == knowledge.bugs.end() ? nullptr : &*it;
}

// The whole id, or its end from a / or # on: "DeepSpeed#7580", "7580". Letters of either case are alike.
absl::StatusOr<const Bug*> FindBug(const Knowledge& knowledge, const std::string& id) {
  std::vector<std::string> found;
  const Bug* last = nullptr;
  for (const Bug& bug : knowledge.bugs) {
    if (absl::EqualsIgnoreCase(bug.id, id)) return &bug;
    const bool ends_so =
        absl::EndsWithIgnoreCase(bug.id, Cat("/", id)) || absl::EndsWithIgnoreCase(bug.id, Cat("#", id));
    if (!ends_so) continue;
    found.push_back(bug.id);
    last = &bug;
  }
  if (found.size() == 1) return last;
  if (found.empty())
    return absl::NotFoundError(Cat("'", id, "': no bug has this id; see 'rankle bugs search'"));
  return absl::InvalidArgumentError(
      Cat("'", id, "' could be ", absl::StrJoin(found, ", "), ": give the whole id"));
}

}  // namespace

const char* BugsCommand::examples() const {
  return "  rankle bugs search 'Watchdog caught collective operation timeout'\n"
         "  rankle bugs search --format json expert reduce-scatter | jq '.bugs[].id'\n"
         "  rankle bugs show DeepSpeed#5008\n"
         "  rankle bugs reproduce DeepSpeed#7580 --fixed        (needs PyTorch: docs/frameworks.md)\n"
         "  rankle bugs stats\n"
         "  rankle bugs lint nccl-rank-dependent-collective     (bugs of the kind that the check looks for)\n"
         "  rankle bugs import our-incidents.jsonl              (one JSON object a line: docs/taxonomy.md)\n"
         "Exit code: 0 done (also when nothing is found), 1 a bug was not reproduced as expected, 2 unusable "
         "input.";
}

void BugsCommand::DeclareFlags(Flags& flags) {
  database_ = DefaultBugDatabase();
  const Flag database{.name = "--db", .type = "FILE", .help = "Your own bugs, as written by import"};
  const Flag format{.name = "--format", .type = "FORMAT", .help = "text or json"};
  const auto declare = [&](const char* name, const char* summary, bool& chosen) {
    Flags nested = flags.Nested(name, summary, chosen);
    nested.Text(database, database_);
    nested.Choice(format, {"text", "json"}, format_);
    return nested;
  };
  Flags search = declare("search", "Bugs with these words in title, signature, evidence or fix", search_);
  search.Texts({.name = "TEXT", .type = "", .help = "Words, or a line of a log", .required = true}, words_);
  search.Integer({.name = "--limit", .type = "N", .help = "Most bugs to list"}, 1, 1000, limit_);
  declare("show", "Everything about one bug, with the rules and faults that fit it", show_)
      .Text({.name = "ID", .type = "", .help = "deepspeedai/DeepSpeed#5008, or its end", .required = true},
            id_);
  Flags reproduce =
      flags.Nested("reproduce", "Run a bug on virtual GPUs and check that its verdict is found", reproduce_);
  reproduce.Text(database, database_);
  reproduce.Text({.name = "ID", .type = "", .help = "As of show", .required = true}, id_);
  reproduce.Switch("--fixed", "Run the fixed variant, which must be healthy", fixed_);
  reproduce.Text({.name = "-o,--output",
                  .type = "DIR",
                  .help = "Where records go (default: rankle-out/suite-<date>-<pid>)"},
                 output_dir_);
  reproduce.Switch("--keep", "Keep the records also when all is as expected", keep_);
  declare("stats", "How many bugs there are, by symptom, root cause and repository", stats_);
  declare("lint", "Checks of rankle lint, and the bugs of their kind", lint_)
      .Text({.name = "CHECK", .type = "", .help = "Only this one, with its bugs"}, check_);
  declare("import", "Add your own bugs from a file of JSON lines", import_)
      .Text({.name = "FILE", .type = "", .help = "JSON lines; see docs/taxonomy.md", .required = true},
            file_);
}

absl::StatusOr<std::string> BugsCommand::Search(const Knowledge& knowledge) const {
  auto database = BuildDatabase(knowledge);
  if (!database.ok()) return database.status();
  const std::string query = absl::StrJoin(words_, " ");
  const auto hits = database->Search(query, limit_);
  if (!hits.ok()) return hits.status();
  std::vector<const Bug*> bugs;
  for (const std::string& id : hits->ids) bugs.push_back(WithId(knowledge, id));
  return format_ == "json" ? BugListJson(query, bugs, hits->all_words) : BugListText(bugs, hits->all_words);
}

absl::StatusOr<std::string> BugsCommand::Show(const Knowledge& knowledge) const {
  const auto bug = FindBug(knowledge, id_);
  if (!bug.ok()) return bug.status();
  auto database = BuildDatabase(knowledge);
  if (!database.ok()) return database.status();
  auto rules = database->RulesFor((*bug)->id);
  auto faults = database->FaultsFor((*bug)->id);
  if (!rules.ok()) return rules.status();
  if (!faults.ok()) return faults.status();
  auto checks = database->LintChecksFor((*bug)->id);
  if (!checks.ok()) return checks.status();
  BugDetails details{.bug = *bug,
                     .rules = *std::move(rules),
                     .faults = *std::move(faults),
                     .lint_checks = *std::move(checks),
                     .evidence = {},
                     .reproduced = false};
  const auto reproductions = ReadReproductions();  // without the corpora nothing can be run
  details.reproduced = reproductions.ok() && ReproductionsOf(*reproductions, (*bug)->id, kAsItWas).ok();
  for (const taxonomy::EvidenceKind& kind : knowledge.evidence) {
    const std::vector<std::string>& tags = (*bug)->evidence_tags;
    if (std::find(tags.begin(), tags.end(), kind.tag) != tags.end()) details.evidence.push_back(&kind);
  }
  return format_ == "json" ? BugDetailsJson(details) : BugText(details);
}

absl::StatusOr<std::string> BugsCommand::LintChecks(const Knowledge& knowledge) const {
  auto database = BuildDatabase(knowledge);
  if (!database.ok()) return database.status();
  std::vector<LintCheckBugs> checks;
  for (const taxonomy::LintCheck& check : knowledge.lint_checks) {
    if (!check_.empty() && check.id != check_ && check.id != Cat("nccl-", check_)) continue;
    const auto ids = database->BugsOfLintCheck(check.id);
    if (!ids.ok()) return ids.status();
    checks.push_back({&check, {}});
    for (const std::string& id : *ids) checks.back().bugs.push_back(WithId(knowledge, id));
  }
  if (checks.empty())
    return absl::NotFoundError(Cat("'", check_, "': no check is called so; see 'rankle bugs lint'"));
  return format_ == "json" ? LintChecksJson(checks) : LintChecksText(checks);
}

absl::StatusOr<std::string> BugsCommand::Statistics(const Knowledge& knowledge) const {
  auto database = BuildDatabase(knowledge);
  if (!database.ok()) return database.status();
  const auto statistics = database->Statistics();
  if (!statistics.ok()) return statistics.status();
  return format_ == "json" ? StatisticsJson(*statistics) : StatisticsText(*statistics);
}

int BugsCommand::Import(Knowledge& knowledge) const {
  const auto fail = [](const absl::Status& status) {
    SayError(status);
    return kExitUnusable;
  };
  if (database_.empty())
    return fail(
        absl::FailedPreconditionError("neither HOME nor XDG_DATA_HOME is set: name a file with --db"));
  const absl::StatusOr<std::string> text = ReadFile(file_);
  if (!text.ok()) return fail(text.status());
  std::vector<std::string> problems;
  const std::vector<Bug> bugs = taxonomy::LoadBugs({file_, *text}, knowledge, problems);
  for (const Bug& bug : bugs) {
    if (WithId(knowledge, bug.id) != nullptr)
      problems.push_back(Cat(file_, ": bug ", bug.id, " is built in already: give yours another id"));
  }
  if (problems.empty() && bugs.empty()) problems.push_back(Cat(file_, ": there is no bug in this file"));
  for (size_t i = 0; i < std::min(problems.size(), kMostProblems); ++i) Say(problems[i]);
  if (problems.size() > kMostProblems) Say(Cat("and ", problems.size() - kMostProblems, " more"));
  if (!problems.empty()) return kExitUnusable;  // all or nothing
  const auto count = taxonomy::ImportUserBugs(database_, bugs);
  if (!count.ok()) return fail(count.status());
  const std::string done = format_ == "json" ? Cat("{\"schema\":\"rankle.bugs/1\",\"added\":", count->added,
                                                   ",\"replaced\":", count->replaced, "}\n")
                                             : Cat(count->added, " bugs added, ", count->replaced,
                                                   " replaced in ", database_, "\n");
  const absl::Status written = WriteOutput("", done);
  return written.ok() ? kExitOk : fail(written);
}

int BugsCommand::Reproduce(const Knowledge& knowledge) const {
  const auto chosen = [&]() -> absl::StatusOr<std::vector<SuiteCase>> {
    const auto bug = FindBug(knowledge, id_);
    if (!bug.ok()) return bug.status();
    const auto all = ReadReproductions();
    if (!all.ok()) return all.status();
    auto cases = ReproductionsOf(*all, (*bug)->id, fixed_ ? kFixed : kAsItWas);
    if (!cases.ok()) return cases.status();
    if (const absl::Status python = ProvideTorchPython(); !python.ok()) return python;
    return cases;
  }();
  if (!chosen.ok()) {
    SayError(chosen.status());
    return kExitUnusable;
  }
  const SuiteRunOptions options{
      .output_dir = output_dir_.empty() ? SuiteOutputDirectory(RealtimeNs(), getpid()) : output_dir_,
      .seed = {}};
  return RunSuite(*chosen, options, keep_, [](const auto&) { return absl::OkStatus(); });
}

int BugsCommand::Run(const std::vector<std::string>&) {
  absl::StatusOr<Knowledge> knowledge = taxonomy::LoadBuiltIn();
  if (!knowledge.ok()) {
    SayError(knowledge.status());
    return kExitInternalError;
  }
  if (import_) return Import(*knowledge);
  absl::Status status = database_.empty() ? absl::OkStatus() : taxonomy::AddUserBugs(database_, *knowledge);
  if (status.ok() && reproduce_) return Reproduce(*knowledge);
  if (status.ok()) {
    const absl::StatusOr<std::string> answer = search_ ? Search(*knowledge)
                                               : show_ ? Show(*knowledge)
                                               : lint_ ? LintChecks(*knowledge)
                                                       : Statistics(*knowledge);
    status = answer.ok() ? WriteOutput("", *answer) : answer.status();
  }
  if (status.ok()) return kExitOk;
  SayError(status);
  return kExitUnusable;
}

}  // namespace rankle::cli
