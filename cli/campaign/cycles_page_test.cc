// The page of cycles: what it says, that it is well-formed whatever names a job has, and that it needs
// nothing else.
#include "cli/campaign/cycles_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "analyzer/taxonomy/load.h"
#include "cli/campaign/cycles_document.h"
#include "cli/campaign/cycles_text.h"
#include "cli/campaign/replay.h"
#include "cli/campaign/testing/markup_tree.h"
#include "cli/campaign/testing/retry_storm.h"

namespace rankle::cli {
namespace {

using testing::Element;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

struct Told {
  stitch::Stitched stitched;
  stitch::Causes causes;
  stitch::Names names = testing::NamesOfSites();
  Confirmations confirmations;
  taxonomy::Knowledge taxonomy = *taxonomy::LoadBuiltIn();

  CyclesReport Report() const { return {stitched, causes, names, confirmations, taxonomy}; }
  std::string Html() const { return CyclesPage(Report()); }
  Element Page() const {
    const std::string html = Html();
    testing::MarkupReader reader(html);
    std::optional<Element> page = reader.Read();
    EXPECT_TRUE(page.has_value()) << reader.error;
    return page.value_or(Element{});
  }
};

Told OneCycle() {
  Told told;
  stitch::Cycle cycle = testing::RetryStorm();
  cycle.leads_cluster = true;
  cycle.cluster = 1;
  cycle.conditions = {"the answer is late twice"};
  cycle.edges[0].experiment.workload = "training";
  cycle.edges[0].experiment.injected_runs = {"run 4", "run 5"};
  cycle.edges[0].experiment.plain_runs = {"run 1", "run 2"};
  cycle.edges[0].edge.confidence = 0.875;
  cycle.edges[0].edge.ratio = 2.5;
  told.stitched.cycles = {cycle};
  told.stitched.clusters = 1;
  return told;
}

std::vector<const Element*> With(const Element& page, const std::string& name, const std::string& attribute) {
  std::vector<const Element*> all = page.All(name);
  std::erase_if(all, [&](const Element* each) { return !each->attributes.contains(attribute); });
  return all;
}

TEST(CyclesPage, DrawsPlacesAndLinksWithFaultWorkloadEffectAndConfidence) {
  const Element page = OneCycle().Page();
  const auto drawings = With(page, "svg", "data-links");
  ASSERT_THAT(drawings, SizeIs(1));
  EXPECT_EQ(drawings[0]->attributes.at("data-links"), "2");
  const auto places = With(*drawings[0], "g", "data-place"), links = With(*drawings[0], "g", "data-link");
  ASSERT_THAT(places, SizeIs(2));
  ASSERT_THAT(links, SizeIs(2));
  EXPECT_THAT(places[0]->AllText(), HasSubstr("recv from Await"));
  EXPECT_THAT(places[0]->AllText(), HasSubstr("client"));
  EXPECT_THAT(places[1]->AllText(), HasSubstr("read from Serve"));
  EXPECT_THAT(links[0]->AllText(), HasSubstr("error 11, in workload training"));
  EXPECT_THAT(links[0]->AllText(), HasSubstr("2.50 times as many calls"));
  EXPECT_THAT(links[0]->AllText(), HasSubstr("confidence 0.875: run 4, run 5 against 2 plain runs"));
  EXPECT_THAT(links[1]->AllText(), HasSubstr("delay of 200 ms"));
}

TEST(CyclesPage, TellsProofConditionsAndWhatTheReplayShowed) {
  Told told = OneCycle();
  EXPECT_THAT(told.Page().AllText(), HasSubstr("Not replayed yet"));
  Confirmation& replay = told.confirmations[KeyOf(told.stitched.cycles[0])];
  replay = {
      .confirmed = true, .workload = "training", .plan = "version: 1\nfaults:\n", .runs = 3, .shown = 2};
  const Element page = told.Page();
  EXPECT_THAT(page.AllText(), HasSubstr("Confirmed: 2 of 3 replays in workload 'training' held it up."));
  EXPECT_THAT(page.AllText(), HasSubstr("the answer is late twice"));
  EXPECT_THAT(page.AllText(), HasSubstr("run 4, run 5 against run 1, run 2"));
  ASSERT_THAT(page.All("pre"), SizeIs(1));
  EXPECT_EQ(page.All("pre")[0]->AllText(), "version: 1\nfaults:\n");
  replay = {.confirmed = false, .why = "the fault did not fire"};
  EXPECT_THAT(told.Page().AllText(), HasSubstr("Not confirmed: the fault did not fire."));
}

TEST(CyclesPage, TellsWhichBugsTheFaultsStandForAsTextAndJsonDo) {
  const Told told = OneCycle();
  const std::string table = With(told.Page(), "table", "class").back()->AllText();
  EXPECT_THAT(table, HasSubstr("a peer or the network does not answer in time"));
  EXPECT_THAT(table, HasSubstr("hardware_network_environment, distributed_communication_error"));
  // A late answer and slow storage have the environment in common.
  EXPECT_THAT(CyclesText(told.Report()),
              HasSubstr("bugs of: hardware_network_environment, distributed_communication_error (symptoms: "
                        "poor_performance, hang)"));
  const nlohmann::json cycle = nlohmann::json::parse(CyclesDocument(told.Report())).at("cycles").at(0);
  EXPECT_EQ(cycle.at("taxonomy").at("root_causes").at(0), "hardware_network_environment");
  EXPECT_EQ(cycle.at("edges").at(0).at("fault").at("taxonomy").at("class"), "answer_late");
  EXPECT_EQ(cycle.at("edges").at(1).at("fault").at("taxonomy").at("class"), "storage_slow");
  EXPECT_TRUE(cycle.at("confirmation").is_null());
}

TEST(CyclesPage, OtherCyclesOfAClusterAreFoldedAway) {
  Told told = OneCycle();
  told.stitched.cycles.push_back(told.stitched.cycles[0]);
  told.stitched.cycles[1].leads_cluster = false;
  const Element page = told.Page();
  ASSERT_THAT(page.All("details"), SizeIs(1));
  EXPECT_THAT(With(*page.All("details")[0], "svg", "data-links"), SizeIs(1));
  EXPECT_THAT(page.All("section"), SizeIs(2));  // the summary and one cluster
}

TEST(CyclesPage, WithoutCyclesItSaysSo) {
  Told told;
  told.causes.notes = {"2 runs did not reach the fault"};
  const Element page = told.Page();
  EXPECT_THAT(page.AllText(), HasSubstr("Nothing was found that feeds itself"));
  EXPECT_THAT(page.AllText(), HasSubstr("2 runs did not reach the fault"));
  EXPECT_THAT(page.All("svg"), IsEmpty());
}

TEST(CyclesPage, HostileNamesStayTextAndNothingIsRunOrFetched) {
  const std::string hostile = "</title></style><script>alert(1)</script><img src=x onerror='a'>\"&\x01";
  Told told = OneCycle();
  stitch::Cycle& cycle = told.stitched.cycles[0];
  for (auto& [id, site] : told.names.sites) site.name = hostile;
  for (stitch::CycleEdge& link : cycle.edges) {
    link.experiment.workload = link.edge.to.role = link.experiment.fault.role = hostile;
    link.experiment.injected_runs = link.experiment.plain_runs = {hostile};
  }
  told.names.signatures[testing::kTimedOut].text = hostile;
  cycle.conditions = told.causes.notes = told.stitched.cut = {hostile};
  told.confirmations[KeyOf(cycle)] = {.why = hostile, .workload = hostile, .plan = hostile};
  const Element page = told.Page();
  for (const char* name : {"script", "img", "iframe", "link", "object"})
    EXPECT_THAT(page.All(name), IsEmpty()) << name;
  for (const char* name : {"title", "style"}) EXPECT_THAT(page.All(name), SizeIs(name[0] == 's' ? 1 : 1 + 4));
  EXPECT_THAT(page.All("body")[0]->AllText(), HasSubstr("<script>alert(1)</script>"));
  const std::string html = told.Html();
  for (const char* reference : {"src=x onerror='", "http:", "https:", "@import", "url(h"})
    EXPECT_THAT(html, Not(HasSubstr(reference)));
  EXPECT_THAT(html, HasSubstr("default-src 'none'"));
}

}  // namespace
}  // namespace rankle::cli
