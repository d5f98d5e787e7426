// Plan files: every key, and every mistake with the line it is on.
#include "injector/plan/plan.h"

#include <gmock/gmock.h>
#include <netdb.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "injector/plan/test_plan.h"

namespace rankle::plan {
namespace {

// The error of a plan whose faults list is `faults` (from line 3 on), "" when it is accepted.
std::string ErrorOf(const std::string& faults) {
  Plan plan;
  return std::string(plan.AddYaml("version: 1\nfaults:\n" + faults, "p.yaml").message());
}
std::string ErrorOfFile(const std::string& text) {
  Plan plan;
  return std::string(plan.AddYaml(text, "p.yaml").message());
}
std::string ErrorOfShort(const std::string& spec) {
  Plan plan;
  return std::string(plan.AddShortForm(spec).message());
}

bool IsAimed(const ArmedFault& fault, std::string_view api) {
  const uint16_t id = ApiId(api);
  return (fault.apis[id / 64] >> (id % 64) & 1) != 0;
}

constexpr char kEveryKey[] = R"(version: 1
seed: 42
faults:
  - name: late-rank-3
    do: delay
    on: ncclAllReduce
    where: { rank: [3, 5..6], comm_size: 8, comm: ["dp*", world], bytes: ">=1MiB", dtype: [float32, bfloat16],
             host: "node*", local_rank: 0, comm_rank: 1, stack: "*step*" }
    when:  { call: "100..", every: 2, step: "10..20", after: 2s, until: 30s, probability: 0.5, times: 3 }
    with:  { time: {uniform: [1ms, 5ms]}, at: exit }
  - { do: mutate, on: [ncclBroadcast, ncclReduce], where: { peer: 2 }, with: { field: root, delta: 1 } }
)";

TEST(PlanYaml, ReadsEveryKey) {
  Plan plan;
  const auto added = plan.AddYaml(kEveryKey, "p.yaml");
  ASSERT_TRUE(added.ok()) << added;
  ASSERT_EQ(plan.size(), 2u);
  EXPECT_EQ(plan.seed(), 42u);
  EXPECT_EQ(plan.fault_name(0), "late-rank-3");
  EXPECT_EQ(plan.fault_name(1), "fault-2");
  const ArmedFault& fault = plan.fault(0);
  EXPECT_EQ(fault.action, Action::kDelay);
  EXPECT_EQ(fault.rank.count, 2u);
  EXPECT_EQ(fault.rank.ranges[1].last, 6);
  EXPECT_EQ(fault.comm_size.ranges[0].first, 8);
  EXPECT_EQ(fault.comm.count, 2u);
  EXPECT_EQ(fault.bytes.ranges[0].first, 1 << 20);
  EXPECT_EQ(fault.bytes.ranges[0].last, INT64_MAX);
  EXPECT_EQ(fault.dtypes, 1u << 7 | 1u << 9);
  EXPECT_EQ(fault.host.count, 1u);
  EXPECT_EQ(fault.local_rank.ranges[0].first, 0);
  EXPECT_EQ(fault.comm_rank.ranges[0].first, 1);
  EXPECT_EQ(fault.needs_stack, 1u);
  EXPECT_EQ(fault.call.ranges[0].first, 100);
  EXPECT_EQ(fault.every, 2u);
  EXPECT_EQ(fault.step.ranges[0].last, 20);
  EXPECT_EQ(fault.after_ns, 2'000'000'000u);
  EXPECT_EQ(fault.until_ns, 30'000'000'000u);
  EXPECT_EQ(fault.probability, 0.5);
  EXPECT_EQ(fault.times, 3u);
  EXPECT_EQ(fault.time.kind, DistributionKind::kUniform);
  EXPECT_EQ(fault.time.b, 5'000'000u);
  EXPECT_EQ(fault.at_exit, 1);
  const ArmedFault& second = plan.fault(1);
  EXPECT_EQ(second.field, MutateField::kRoot);
  EXPECT_EQ(second.is_delta, 1);
  EXPECT_EQ(second.value, 1);
  EXPECT_EQ(second.peer.ranges[0].first, 2);
  EXPECT_TRUE(IsAimed(second, "ncclBroadcast"));
  EXPECT_TRUE(IsAimed(second, "ncclReduce"));
  EXPECT_FALSE(IsAimed(second, "ncclAllReduce"));
}

TEST(PlanYaml, TheArmedBytesHoldTheFaults) {
  Plan plan;
  ASSERT_TRUE(plan.AddYaml(kEveryKey, "p.yaml").ok());
  AlignedBytes bytes(plan.Arm(7));
  const ArmedPlan view = ArmedPlan::View(bytes.data(), bytes.size());
  ASSERT_EQ(view.size(), 2u);
  EXPECT_STREQ(view.name(0), "late-rank-3");
  EXPECT_EQ(view.seed(), 42u);  // the plan's own seed wins over the default
  EXPECT_STREQ(view.text(view.fault(1).on), "ncclBroadcast,ncclReduce");
}

TEST(PlanYaml, TheDefaultSeedIsUsedWithoutOne) {
  AlignedBytes bytes(Plan().Arm(7));
  EXPECT_EQ(ArmedPlan::View(bytes.data(), bytes.size()).seed(), 7u);
}

TEST(PlanYaml, SeveralFilesAppendAndTheLastSeedWins) {
  Plan plan;
  ASSERT_TRUE(plan.AddYaml("version: 1\nseed: 1\nfaults: [{do: abort, on: ncclSend}]", "a").ok());
  ASSERT_TRUE(plan.AddYaml("version: 1\nseed: 2\nfaults: [{do: abort, on: ncclRecv}]", "b").ok());
  EXPECT_EQ(plan.size(), 2u);
  EXPECT_EQ(plan.seed(), 2u);
}

TEST(PlanYaml, ARefusedFileChangesNothing) {
  Plan plan;
  EXPECT_FALSE(
      plan.AddYaml(
              "version: 1\nseed: 5\nfaults:\n  - {do: abort, on: ncclSend}\n  - {do: nope, on: ncclSend}",
              "a")
          .ok());
  EXPECT_EQ(plan.size(), 0u);
  EXPECT_FALSE(plan.seed().has_value());
}

TEST(PlanYaml, ErrorsOfTheFileNameItsLine) {
  EXPECT_EQ(ErrorOfFile("faults: []"), "p.yaml:1: 'version: 1' is missing");
  EXPECT_EQ(ErrorOfFile("version: 1"), "p.yaml:1: 'faults' is missing: a list of faults");
  EXPECT_EQ(ErrorOfFile("version: 2\nfaults: []"),
            "p.yaml:1: version '2' is not supported; this rankle reads version 1");
  EXPECT_EQ(ErrorOfFile(""), "p.yaml:1: a plan is a map with version, seed and faults");
  EXPECT_EQ(
      ErrorOfFile("version: 1\nfautls: []"),
      "p.yaml:2: unknown key 'fautls' in a plan (did you mean 'faults'?); allowed: version seed faults");
  EXPECT_EQ(ErrorOfFile("version: 1\nseed: -1\nfaults: []"),
            "p.yaml:2: seed: '-1' is not a whole number from 0 on");
  EXPECT_EQ(ErrorOfFile("version: 1\nfaults: 3"), "p.yaml:2: 'faults' must be a list, not a value");
  EXPECT_EQ(ErrorOfFile("version: 1\nversion: 1\nfaults: []"), "p.yaml:2: 'version' is given twice");
  EXPECT_THAT(ErrorOfFile("version: 1\nfaults: [\n"), testing::HasSubstr("not YAML: "));
  EXPECT_THAT(ErrorOfFile("version: 1\nfaults: []\n---\nversion: 1\n"),
              testing::HasSubstr("one YAML document"));
  EXPECT_THAT(ErrorOfFile("version: 1\nfaults: [&a {do: abort}]"), testing::HasSubstr("p.yaml:2: anchors"));
  EXPECT_THAT(ErrorOfFile("version: 1\nfaults: [!x {do: abort}]"), testing::HasSubstr("p.yaml:2: tags"));
  EXPECT_THAT(ErrorOfFile("version: 1\n? [a]\n: 1"),
              testing::HasSubstr("p.yaml:2: a key must be a plain word"));
  EXPECT_THAT(ErrorOfFile(std::string("version: 1\n\0", 12)),
              testing::HasSubstr("p.yaml:2: not a text file"));
  EXPECT_THAT(ErrorOfFile("version: 1\nfaults: " + std::string(100, '[')),
              testing::HasSubstr("open brackets"));
}

TEST(PlanYaml, ErrorsOfAFaultNameItsLine) {
  EXPECT_EQ(ErrorOf("  - 3\n"), "p.yaml:3: a fault is a map, not a value");
  EXPECT_EQ(ErrorOf("  - on: ncclSend\n"),
            "p.yaml:3: a fault needs 'do': the action (rankle faults list shows them)");
  EXPECT_THAT(ErrorOf("  - do: abort\n"), testing::HasSubstr("p.yaml:3: a fault needs 'on'"));
  EXPECT_THAT(ErrorOf("  - do: dealy\n    on: ncclSend\n"),
              testing::HasSubstr("p.yaml:3: unknown action 'dealy' (did you mean 'delay'?)"));
  EXPECT_THAT(ErrorOf("  - do: abort\n    on: ncclSned\n"),
              testing::HasSubstr("p.yaml:4: 'ncclSned' is no function"));
  EXPECT_THAT(ErrorOf("  - do: abort\n    on: ncclSned\n"), testing::HasSubstr("did you mean 'ncclSend'?"));
  EXPECT_THAT(ErrorOf("  - do: abort\n    on: colective\n"),
              testing::HasSubstr("did you mean 'collective'?"));
  EXPECT_EQ(ErrorOf("  - do: abort\n    on: foo*\n"),
            "p.yaml:4: no function that rankle knows matches 'foo*'");
  EXPECT_EQ(
      ErrorOf("  - do: abort\n    on: ncclSend\n    wher: {}\n"),
      "p.yaml:5: unknown key 'wher' in a fault (did you mean 'where'?); allowed: name do on where when with");
  EXPECT_EQ(ErrorOf("  - do: abort\n    on: ncclSend\n    where: 3\n"),
            "p.yaml:5: 'where' must be a map, not a value");
  EXPECT_THAT(ErrorOf("  - do: abort\n    on: ncclSend\n    where:\n      rnk: 3\n"),
              testing::HasSubstr(
                  "p.yaml:6: unknown key 'rnk' in where (did you mean 'rank'?); allowed: rank local_rank"));
  EXPECT_THAT(ErrorOf("  - do: abort\n    on: ncclSend\n    where: { call: 3 }\n"),
              testing::HasSubstr("unknown key 'call' in where (it belongs into when)"));
  EXPECT_THAT(ErrorOf("  - do: delay\n    on: ncclSend\n    when: { time: 3ms }\n"),
              testing::HasSubstr("unknown key 'time' in when (it belongs into with)"));
  EXPECT_THAT(ErrorOf("  - do: abort\n    on: ncclSend\n    with: { time: 3ms }\n"),
              testing::HasSubstr("unknown key 'time' in with; abort takes no parameters"));
  EXPECT_EQ(ErrorOf("  - do: abort\n    on: ncclSend\n    where: { rank: {a: 1} }\n"),
            "p.yaml:5: 'rank': a map is possible only as {uniform: [..]} or {normal: [..]}");
  EXPECT_EQ(ErrorOf("  - do: abort\n    on: ncclSend\n    where: { rank: [[1]] }\n"),
            "p.yaml:5: 'rank': a list holds plain values, not a list");
  EXPECT_EQ(ErrorOf("  - do: abort\n    on: ncclSend\n    where: { rank: }\n"),
            "p.yaml:5: 'rank' has no value");
  EXPECT_EQ(ErrorOf("  - do: abort\n    on: ncclSend\n    where: { peer: 1, root: 1 }\n"),
            "p.yaml:5: 'root' is given twice");
  EXPECT_THAT(ErrorOf("  - do: abort\n    on: ncclSend\n    name: a b\n"),
              testing::HasSubstr("p.yaml:5: 'a b' is not a fault name"));
  EXPECT_EQ(ErrorOf("  - {do: abort, on: ncclSend, name: a}\n  - {do: abort, on: ncclSend, name: a}\n"),
            "p.yaml:4: the name 'a' is taken by fault 1");
}

TEST(PlanYaml, ValuesOfTheWrongFormAreRefused) {
  struct Case {
    const char* entry;
    const char* error;
  };
  for (const Case& c : {
           Case{"where: { rank: three }", "rank: 'three' is not a number or range"},
           Case{"where: { rank: -1 }", "rank: '-1' goes below 0"},
           Case{"where: { comm_size: 0 }", "comm_size: '0' goes below 1"},
           Case{"where: { bytes: 1MB }", "bytes: '1MB' is not a number or range"},
           Case{"where: { dtype: flaot32 }", "dtype: 'flaot32' is not a data type (did you mean 'float32'?)"},
           Case{"where: { comm: '' }", "comm: an empty pattern matches nothing"},
           Case{"where: { rank: {uniform: [1, 2]} }", "rank: a uniform distribution is not possible here"},
           Case{"when: { call: 0 }", "call: '0' goes below 1"},
           Case{"when: { call: 9..3 }", "call: '9..3' is an empty range"},
           Case{"when: { every: 0 }", "every: '0' would never fire"},
           Case{"when: { every: [1, 2] }", "every: takes one value, not a list"},
           Case{"when: { times: 0 }", "times: '0' would never fire"},
           Case{"when: { times: many }", "times: 'many' is not a whole number"},
           Case{"when: { after: 3 }", "after: '3' has no unit"},
           Case{"when: { after: 3s, until: 2s }", "'until' lies before 'after'"},
           Case{"when: { probability: 0 }", "probability: '0' is not a probability"},
           Case{"when: { probability: 1.5 }", "probability: '1.5' is not a probability"},
           Case{"when: { probability: nan }", "probability: 'nan' is not a number"},
       }) {
    EXPECT_THAT(ErrorOf(std::string("  - do: abort\n    on: ncclSend\n    ") + c.entry + "\n"),
                testing::AllOf(testing::StartsWith("p.yaml:"), testing::HasSubstr(c.error)))
        << c.entry;
  }
}

TEST(Parameters, ValuesOfTheWrongFormAreRefused) {
  struct Case {
    const char* spec;
    const char* error;
  };
  for (const Case& c : {
           Case{"delay ncclSend", "delay needs 'time'"},
           Case{"delay ncclSend time=0", "time: '0' does nothing"},
           Case{"delay ncclSend time=1ms,2ms", "time: takes one duration"},
           Case{"delay ncclSend time=uniform(5ms,1ms)", "the first duration is above the second"},
           Case{"delay ncclSend time=normal(5ms)", "normal takes two durations: [mean, standard deviation]"},
           Case{"delay ncclSend time=1ms at=ext", "at: 'ext' is none of enter, exit (did you mean 'exit'?)"},
           Case{"fail ncclSend", "fail needs 'result'"},
           Case{"fail ncclSend result=ncclRemotError", "did you mean 'ncclRemoteError'?"},
           Case{"fail ncclSend result=ncclSuccess", "is success: use the action skip"},
           Case{"fail ncclSend result=0", "is success: use the action skip"},
           Case{"fail ncclSend result=99", "99 is no ncclResult_t"},
           Case{"fail ncclSend result=cudaErrorUnknown",
                "cudaErrorUnknown is of cudaError_t, but ncclSend returns ncclResult_t"},
           Case{"fail cudaMalloc result=ncclRemoteError",
                "ncclRemoteError is of ncclResult_t, but cudaMalloc returns cudaError_t"},
           Case{"fail ncclSend result=ECONNRESET",
                "ECONNRESET is of errno, but ncclSend returns ncclResult_t"},
           Case{"fail ncclGetErrorString result=ncclSystemError", "ncclGetErrorString returns no error code"},
           Case{"async-error ncclSend result=cudaErrorUnknown",
                "an asynchronous error of a communicator is an ncclResult_t"},
           Case{"async-error cudaMalloc",
                "async-error works on collective, p2p only, and cudaMalloc is none of these"},
           Case{"skip cudaMalloc", "hands out a value"},
           Case{"skip ncclCommInitRank", "hands out a value"},
           Case{"skip rankleTick", "is a mark of the process"},
           Case{"throw rankleTick", "is a mark of the process"},
           Case{"swap cudaMalloc", "swap works on collective, p2p only"},
           Case{"mutate ncclSend", "mutate needs 'field'"},
           Case{"mutate ncclSend field=size value=1", "field: 'size' is none of count, datatype"},
           Case{"mutate ncclSend field=count", "mutate needs one of value and delta"},
           Case{"mutate ncclSend field=count value=1 delta=1", "mutate needs only one of value and delta"},
           Case{"mutate ncclSend field=datatype delta=1", "delta works for count, root and peer"},
           Case{"mutate ncclSend field=count delta=0", "'0' changes nothing"},
           Case{"mutate ncclSend field=count value=-1", "'-1' is out of range"},
           Case{"mutate ncclSend field=datatype value=flaot", "is not a whole number"},
           Case{"mutate ncclAllReduce field=root value=1", "ncclAllReduce has no argument 'root'"},
           Case{"mutate ncclAllReduce field=peer value=1", "ncclAllReduce has no argument 'peer'"},
           Case{"mutate ncclBroadcast field=op value=sum", "ncclBroadcast has no argument 'op'"},
           Case{"corrupt ncclRecv", "ncclRecv has no send buffer"},
           Case{"corrupt ncclSend buffer=recv", "ncclSend has no receive buffer"},
           Case{"corrupt ncclGroupEnd", "ncclGroupEnd has no send buffer"},
           Case{"corrupt ncclSend bits=0", "'0' is out of range"},
           Case{"corrupt ncclSend pattern=flip", "pattern: 'flip' is none of bitflip"},
           Case{"corrupt ncclSend offset=-3", "offset: '-3' is not a size"},
           Case{"oom ncclSend", "oom works on malloc only, and ncclSend is none of these"},
           Case{"oom collective", "oom works on malloc only"},
           Case{"leak ncclSend", "leak needs 'bytes'"},
           Case{"leak ncclSend bytes=0", "'0' leaks nothing"},
           Case{"slow-kernel ncclSend time=1ms", "slow-kernel works on launch only"},
           Case{"slow-kernel launch", "slow-kernel needs one of time and factor"},
           Case{"slow-kernel launch factor=0.5", "'0.5' is not a slow-down"},
           Case{"slow-copy launch rate=1GiB/s", "slow-copy works on memcpy only"},
           Case{"slow-copy memcpy rate=0", "is not a rate above 0"},
           Case{"gpu-lost ncclSend code=12", "code: '12' is none of 13, 31"},
           Case{"xid ncclSend", "xid needs code"},
           Case{"exit ncclSend code=256", "'256' is out of range (0..255)"},
           Case{"signal ncclSend", "signal needs 'signal'"},
           Case{"signal ncclSend signal=KIL", "did you mean 'KILL'?"},
           Case{"signal ncclSend signal=KILL for=1s", "'for' works with signal STOP only"},
           Case{"throw ncclSend type=int", "type: 'int' is none of std::runtime_error"},
           Case{"disk-slow read time=1ms", "disk-slow needs 'path'"},
           Case{"disk-slow read path=data/* time=1ms", "'data/*' is compared with absolute paths"},
           Case{"disk-slow recv path=/data/* time=1ms", "disk-slow works on file only"},
           Case{"disk-full read path=/data/*", "read needs no room on a disk"},
           Case{"disk-error read path=/data/* errno=ncclSystemError", "but read returns"},
           Case{"disk-limit host path=/data/* bytes=1MiB", "'/data/*' is not one directory"},
           Case{"disk-limit host path=[/a, /b] bytes=1MiB", "takes one directory"},
           Case{"disk-limit host path=/a bytes=1MiB after=2s", "from the rank's start on"},
           Case{"net-drop ncclSend percent=3", "net-drop acts on no call: write 'on: network'"},
           Case{"net-drop network percent=0", "'0' is out of range (above 0 to 100)"},
           Case{"net-drop network comm=dp", "'comm' is not known to net-drop"},
           Case{"net-delay network time=1ms period=1s", "needs 'for' with 'period'"},
           Case{"net-delay network time=1ms period=1s for=2s", "needs 'for' with 'period', and shorter"},
           Case{"net-limit network rate=1MiB/s direction=up", "'up' is none of out, in, both"},
           Case{"throttle host percent=2", "'2' is out of range (from 5 to 100000)"},
           Case{"churn host rank=1", "churn needs 'for'"},
           Case{"freeze host peer=2", "'peer' is not known to freeze"},
           Case{"freeze host call=2", "'call' is not known to freeze"},
           Case{"clock-skew host offset=0", "'0' shifts nothing"},
           Case{"abort ncclAllReduce peer=2", "'peer' can never match: ncclAllReduce has no peer"},
           Case{"abort cudaMalloc comm=dp*", "'comm' can never match: cudaMalloc has no comm"},
           Case{"abort cudaMalloc dtype=int8", "'dtype' can never match"},
           Case{"abort cudaStreamSynchronize bytes=>=1", "'bytes' can never match"},
       }) {
    EXPECT_THAT(ErrorOfShort(c.spec),
                testing::AllOf(testing::StartsWith("--fault '"), testing::HasSubstr(c.error)))
        << c.spec;
  }
}

TEST(ShortForm, WrongFormsAreRefused) {
  EXPECT_THAT(ErrorOfShort(""), testing::HasSubstr("empty; write: action target key=value"));
  EXPECT_THAT(ErrorOfShort("delay"), testing::HasSubstr("no target after the action"));
  EXPECT_THAT(ErrorOfShort("delay rank=3"), testing::HasSubstr("no target after the action"));
  EXPECT_THAT(ErrorOfShort("abort ncclSend rank"), testing::HasSubstr("'rank' is not key=value"));
  EXPECT_THAT(ErrorOfShort("abort ncclSend =3"), testing::HasSubstr("'=3' is not key=value"));
  EXPECT_THAT(ErrorOfShort("abort ncclSend rank="), testing::HasSubstr("'rank' has no value"));
  EXPECT_THAT(ErrorOfShort("abort ncclSend rank=1 rank=2"), testing::HasSubstr("'rank' is given twice"));
  EXPECT_THAT(ErrorOfShort("abort ncclSend comm='dp"), testing::HasSubstr("a quote is not closed"));
  EXPECT_THAT(ErrorOfShort("delay ncclSend time=uniform(1ms"), testing::HasSubstr("is not closed"));
  EXPECT_THAT(ErrorOfShort("delay ncclSend when.time=3ms"), testing::HasSubstr("it belongs into with"));
  EXPECT_THAT(ErrorOfShort("abort ncclSend name=a name=b"), testing::HasSubstr("'name' is given twice"));
  EXPECT_THAT(ErrorOfShort("abort ncclSend name="), testing::HasSubstr("'name' needs one value"));
}

TEST(ShortForm, TheContractsExampleReads) {
  Plan plan;
  ASSERT_TRUE(plan.AddShortForm("delay ncclAllReduce rank=3 call=100.. time=200ms").ok());
  const ArmedFault& fault = plan.fault(0);
  EXPECT_EQ(fault.rank.ranges[0].first, 3);
  EXPECT_EQ(fault.call.ranges[0].first, 100);
  EXPECT_EQ(fault.call.ranges[0].last, INT64_MAX);
  EXPECT_EQ(fault.time.a, 200'000'000u);
}

TEST(ShortForm, ComparisonsMayHoldTheEqualsSign) {
  Plan plan;
  ASSERT_TRUE(plan.AddShortForm("abort ncclSend bytes>=1MiB").ok());
  ASSERT_TRUE(plan.AddShortForm("abort ncclSend bytes=>=1MiB").ok());
  EXPECT_EQ(plan.fault(0).bytes.ranges[0].first, 1 << 20);
  EXPECT_EQ(plan.fault(1).bytes.ranges[0].first, 1 << 20);
}

TEST(ShortForm, TheActionsOwnParameterWinsAPlainKey) {
  Plan plan;
  ASSERT_TRUE(plan.AddShortForm("leak collective bytes=1MiB where.bytes=2MiB").ok());
  EXPECT_EQ(plan.fault(0).bytes_limit, 1u << 20);
  EXPECT_EQ(plan.fault(0).bytes.ranges[0].first, 2 << 20);
}

TEST(ShortForm, QuotesKeepBlanksAndCommas) {
  Plan plan;
  ASSERT_TRUE(plan.AddShortForm(R"(throw ncclSend comm="a,b",'c d' what="say \"no\", \\ ")").ok());
  EXPECT_EQ(plan.fault(0).comm.count, 2u);
  AlignedBytes bytes(plan.Arm(0));
  const ArmedPlan view = ArmedPlan::View(bytes.data(), bytes.size());
  EXPECT_STREQ(view.text(view.fault(0).comm.offset), "a,b");
  EXPECT_STREQ(view.text(view.fault(0).exception_what), "say \"no\", \\ ");
}

TEST(ShortForm, EqualsTheYamlOfTheSameFault) {
  Plan yaml, brief;
  ASSERT_TRUE(
      yaml.AddYaml("version: 1\nfaults:\n  - {do: delay, on: collective, where: {rank: [1, 2], comm: 'dp*'}, "
                   "when: {probability: 0.25}, with: {time: {normal: [20ms, 5ms]}}}",
                   "y")
          .ok());
  ASSERT_TRUE(
      brief.AddShortForm("delay collective rank=1,2 comm=dp* probability=0.25 time=normal(20ms, 5ms)").ok());
  EXPECT_EQ(yaml.Describe(), brief.Describe());
}

TEST(ShortForm, ValuesMayBeSpelledAsInAPlan) {
  const struct {
    const char *as_in_a_plan, *brief;
  } cases[] = {
      {"delay collective rank=1 call=50.. time={uniform: [5ms, 20ms]}",
       "delay collective rank=1 call=50.. time=uniform(5ms,20ms)"},
      {"delay collective time={ normal: [20ms, 5ms] } at=exit",
       "delay collective time=normal(20ms,5ms) at=exit"},
      {"hang collective rank=[1, 4..7] comm=[dp*, 'a, b']", "hang collective rank=1,4..7 comm=dp*,'a, b'"}};
  for (const auto& [as_in_a_plan, brief] : cases) {
    Plan one, other;
    EXPECT_EQ(one.AddShortForm(as_in_a_plan).message(), "");
    ASSERT_TRUE(other.AddShortForm(brief).ok());
    EXPECT_EQ(one.Describe(), other.Describe());
  }
}

TEST(ShortForm, BracesThatAreNoDistributionAreRefused) {
  EXPECT_THAT(ErrorOfShort("delay collective time={5ms, 20ms}"),
              testing::HasSubstr("{uniform: [least, most]}"));
  EXPECT_THAT(ErrorOfShort("delay collective time={uniform: [5ms, 20ms]"), testing::HasSubstr("not closed"));
  EXPECT_EQ(ErrorOfShort("throw ncclSend what='{quoted}'"), "");
}

TEST(Targets, GroupsAndGlobsKeepWhatTheActionCanWorkOn) {
  Plan plan;
  ASSERT_TRUE(plan.AddShortForm("mutate collective field=root value=1").ok());
  EXPECT_TRUE(IsAimed(plan.fault(0), "ncclBroadcast"));
  EXPECT_FALSE(IsAimed(plan.fault(0), "ncclAllReduce"));
  ASSERT_TRUE(plan.AddShortForm("fail malloc result=cudaErrorMemoryAllocation").ok());
  EXPECT_TRUE(IsAimed(plan.fault(1), "cudaMalloc"));
  EXPECT_TRUE(IsAimed(plan.fault(1), "cuMemAlloc"));  // the two CUDA libraries share their numbers
  EXPECT_FALSE(IsAimed(plan.fault(1), "ncclMemAlloc"));
  ASSERT_TRUE(plan.AddShortForm("abort nccl*").ok());
  EXPECT_TRUE(IsAimed(plan.fault(2), "ncclSend"));
  EXPECT_FALSE(IsAimed(plan.fault(2), "cudaMalloc"));
}

TEST(Targets, EveryGroupOfTheContractIsKnown) {
  for (const char* group : {"collective", "p2p", "cuda", "malloc", "memcpy", "launch", "sync", "process"}) {
    EXPECT_EQ(ErrorOfShort(std::string("abort ") + group), "") << group;
  }
}

TEST(Libc, FunctionsTakeTheErrorsOfTheirKind) {
  Plan plan;
  ASSERT_TRUE(plan.AddShortForm("fail connect errno=ECONNREFUSED rank=1 nth=3").ok());
  EXPECT_TRUE(IsAimed(plan.fault(0), "connect"));
  EXPECT_EQ(plan.fault(0).result, ECONNREFUSED);
  EXPECT_EQ(plan.fault(0).call.ranges[0].first, 3);
  ASSERT_TRUE(plan.AddShortForm("fail getaddrinfo result=EAI_AGAIN").ok());
  EXPECT_EQ(plan.fault(1).result, EAI_AGAIN);
  ASSERT_TRUE(plan.AddShortForm("fail open64 result=ENOENT").ok());
  EXPECT_TRUE(IsAimed(plan.fault(2), "open"));
  ASSERT_TRUE(plan.AddShortForm("fail poll errno=EINTR").ok());
  EXPECT_FALSE(IsAimed(plan.fault(3), "select"));  // the function, not a group
  EXPECT_THAT(ErrorOfShort("fail connect result=ncclSystemError"),
              testing::HasSubstr("connect returns errno"));
  EXPECT_THAT(ErrorOfShort("fail getaddrinfo result=ECONNREFUSED"), testing::HasSubstr("EAI_AGAIN"));
  EXPECT_THAT(ErrorOfShort("fail getaddrinfo result=3"), testing::HasSubstr("is no code of getaddrinfo"));
  EXPECT_THAT(ErrorOfShort("fail __cxa_throw result=EIO"), testing::HasSubstr("returns no error code"));
}

TEST(Libc, WhatCannotWorkOnAFunctionIsRefused) {
  EXPECT_THAT(ErrorOfShort("short connect bytes=1"), testing::HasSubstr("connect moves no bytes"));
  EXPECT_THAT(ErrorOfShort("short read bytes=0"), testing::HasSubstr("'0' would look like the end"));
  EXPECT_THAT(ErrorOfShort("short read"), testing::HasSubstr("short needs 'bytes'"));
  EXPECT_THAT(ErrorOfShort("time-out recv"), testing::HasSubstr("time-out works on polling only"));
  EXPECT_THAT(ErrorOfShort("time-out poll end=later"), testing::HasSubstr("none of now, limit"));
  EXPECT_THAT(ErrorOfShort("skip read"), testing::HasSubstr("skip works on functions of NCCL and CUDA only"));
  EXPECT_THAT(ErrorOfShort("throw read"), testing::HasSubstr("use delay, hang, fail, short"));
  EXPECT_THAT(ErrorOfShort("abort read step=3"), testing::HasSubstr("'step' can never match"));
  EXPECT_THAT(ErrorOfShort("abort read stack=main"), testing::HasSubstr("'stack' can never match"));
  EXPECT_THAT(ErrorOfShort("abort connect bytes=>=1"), testing::HasSubstr("'bytes' can never match"));
}

// Two libraries, each with counters of its own.
TEST(Libc, IsNeverCountedTogetherWithNcclAndCuda) {
  EXPECT_THAT(ErrorOfShort("abort read,ncclSend"), testing::HasSubstr("make two faults of it"));
  Plan plan;
  ASSERT_TRUE(plan.AddShortForm("abort *").ok());
  EXPECT_TRUE(IsAimed(plan.fault(0), "ncclSend"));
  EXPECT_FALSE(IsAimed(plan.fault(0), "read"));
  EXPECT_FALSE(plan.NeedsSites());
  ASSERT_TRUE(plan.AddShortForm("abort read,nccl*").ok());
  EXPECT_TRUE(IsAimed(plan.fault(1), "read"));
  EXPECT_FALSE(IsAimed(plan.fault(1), "ncclSend"));
  EXPECT_TRUE(plan.NeedsSites());
  EXPECT_TRUE(plan.NeedsHooks());
  Plan libc;
  ASSERT_TRUE(libc.AddShortForm("abort read").ok());
  EXPECT_TRUE(libc.NeedsSites());
  EXPECT_FALSE(libc.NeedsHooks());
}

TEST(Libc, GroupsHoldTheirFunctions) {
  Plan plan;
  ASSERT_TRUE(plan.AddShortForm("short socket bytes=1").ok());
  EXPECT_TRUE(IsAimed(plan.fault(0), "recv"));
  EXPECT_FALSE(IsAimed(plan.fault(0), "connect"));  // it moves nothing
  for (const char* group :
       {"socket", "file", "polling", "sleeping", "timed_wait", "spawn", "exception", "libc"})
    EXPECT_EQ(ErrorOfShort(std::string("delay ") + group + " time=1ms"), "") << group;
}

TEST(Sites, AreAimedAtByTheirId) {
  Plan plan;
  ASSERT_TRUE(plan.AddShortForm("delay ncclAllReduce site=[ffffffffffff, 00a] time=1ms").ok());
  ASSERT_EQ(plan.fault(0).site.count, 2u);
  EXPECT_EQ(plan.fault(0).site.ranges[0].first, 10);
  EXPECT_EQ(plan.fault(0).site.ranges[1].last, 0xffffffffffff);
  EXPECT_TRUE(plan.NeedsSites());
  EXPECT_THAT(ErrorOfShort("abort read site=xyz"), testing::HasSubstr("'xyz' is not the id of a call site"));
  EXPECT_THAT(ErrorOfShort("abort read site=1000000000000"),
              testing::HasSubstr("is not the id of a call site"));
  EXPECT_THAT(ErrorOfShort("abort read site=0"), testing::HasSubstr("is not the id of a call site"));
}

TEST(Defaults, AreTheCataloguesOnes) {
  Plan plan;
  for (const char* spec : {"async-error ncclSend", "gpu-lost ncclSend", "exit ncclSend", "throw ncclSend",
                           "hang ncclSend", "signal ncclSend signal=STOP for=2s", "xid ncclSend code=31"}) {
    ASSERT_TRUE(plan.AddShortForm(spec).ok()) << spec;
  }
  EXPECT_EQ(plan.fault(0).result, 6);
  EXPECT_EQ(plan.fault(0).sticky, 1);
  EXPECT_EQ(plan.fault(1).result, 79);
  EXPECT_EQ(plan.fault(1).sticky, 1);
  EXPECT_EQ(plan.fault(2).result, 1);
  EXPECT_NE(plan.fault(3).exception_type, 0u);
  EXPECT_EQ(plan.fault(4).time.a, 0u);
  EXPECT_EQ(plan.fault(5).result, SIGSTOP);
  EXPECT_EQ(plan.fault(5).time.a, 2'000'000'000u);
  EXPECT_EQ(plan.fault(6).action, Action::kGpuLost);
  EXPECT_EQ(plan.fault(6).result, 31);
}

TEST(Plan, HoldsAtMostTheFaultsThatAnArmedPlanHolds) {
  Plan plan;
  for (size_t i = 0; i < kMaxFaults; ++i) ASSERT_TRUE(plan.AddShortForm("abort ncclSend").ok());
  EXPECT_FALSE(plan.AddShortForm("abort ncclSend").ok());
  AlignedBytes bytes(plan.Arm(0));
  EXPECT_EQ(ArmedPlan::View(bytes.data(), bytes.size()).size(), kMaxFaults);
}

TEST(Plan, ANameLikeADefaultOneIsNoConflictUnlessItIsTaken) {
  Plan plan;
  ASSERT_TRUE(plan.AddShortForm("abort ncclSend name=fault-2").ok());
  ASSERT_FALSE(plan.AddShortForm("abort ncclSend name=fault-2").ok());
  ASSERT_TRUE(plan.AddShortForm("abort ncclSend").ok());
  EXPECT_NE(plan.fault_name(0), plan.fault_name(1));
}

// ---- Describe() reads back
// -------------------------------------------------------------------------------------

class RoundTrip : public testing::TestWithParam<const char*> {};

TEST_P(RoundTrip, DescribedFaultsReadBackTheSame) {
  Plan plan;
  const auto added = plan.AddShortForm(GetParam());
  ASSERT_TRUE(added.ok()) << added;
  Plan again;
  const auto readded = again.AddShortForm(plan.Describe()[0]);
  ASSERT_TRUE(readded.ok()) << readded;
  EXPECT_EQ(again.Describe(), plan.Describe());
  EXPECT_EQ(again.fault_name(0), plan.fault_name(0));
  ArmedFault a = plan.fault(0), b = again.fault(0);
  for (ArmedFault* fault : {&a, &b}) {  // offsets may differ, what they stand for is in Describe()
    fault->name = fault->on = fault->exception_type = fault->exception_what = 0;
    fault->comm.offset = fault->host.offset = fault->stack.offset = fault->path.offset = 0;
  }
  EXPECT_EQ(std::memcmp(&a, &b, sizeof(a)), 0) << plan.Describe()[0];
}

INSTANTIATE_TEST_SUITE_P(
    EveryAction, RoundTrip,
    testing::Values(
        "delay ncclAllReduce rank=3 call=100.. time=200ms",
        "delay nccl* time=uniform(1ms,5ms) at=exit name=x",
        "delay cuda,p2p time=normal(20ms,5ms) every=3 times=2 after=1s until=1m", "hang collective for=3s",
        "hang ncclSend peer=1,3..5 comm='dp*',\"a,b c\"", "fail collective result=ncclSystemError",
        "fail cuda result=cudaErrorECCUncorrectable", "fail * result=cudaErrorMemoryAllocation",
        "fail * result=2", "fail * result=700", "fail cuMemAlloc result=CUDA_ERROR_OUT_OF_MEMORY",
        "fail cudaMalloc result=12345", "async-error p2p result=ncclInternalError",
        "skip collective step=3..9 probability=0.125", "repeat ncclSend", "swap collective rank=1",
        "mutate collective field=datatype value=bfloat16", "mutate ncclAllReduce field=op value=max",
        "mutate ncclAllReduce field=op value=77", "mutate ncclSend field=count delta=-5",
        "mutate p2p field=comm value=2",
        "corrupt collective buffer=recv pattern=nan bits=8 offset=4KiB dtype=float32,int8",
        "corrupt ncclSend offset=0", "oom malloc after_bytes=1GiB bytes>=1MiB", "oom malloc times=1",
        "leak memcpy bytes=3KiB where.bytes=1MiB..2MiB", "slow-kernel launch time=uniform(10us,20us)",
        "slow-kernel launch factor=1.3", "slow-copy memcpy rate=100MiB/s", "gpu-lost ncclAllReduce",
        "xid cuda code=48", "exit process after=3s code=0", "abort ncclCommInitRank comm_size=4",
        "signal ncclSend signal=STOP for=5s", "signal ncclSend signal=40",
        "throw ncclSend type=std::bad_alloc what=''", "throw ncclSend what='{a}'",
        "net-delay network rank=0 peer=2,3 time=uniform(1ms,2ms) for=1s period=3s",
        "net-drop network rank=1 percent=2.5 direction=both after=1s until=9s", "net-drop network",
        "net-limit network rank=1 rate=2MiB/s direction=in", "net-reset network rank=1 period=2s",
        "throttle host rank=2 percent=40 for=5s", "freeze host", "memory-limit host rank=0..2 bytes=64MiB",
        "fd-limit host files=16", "clock-skew host rank=1 offset=-2m",
        "disk-limit host rank=0 path=/var/ckpt bytes=1MiB", "churn host rank=1 after=3s for=1s period=9s",
        "throw ncclSend what='it\"s \\ late' stack='*step*;main' host=node?,other "
        "local_rank=0..3 comm_rank=2"));

INSTANTIATE_TEST_SUITE_P(
    Libc, RoundTrip,
    testing::Values("short read,writev bytes=1 site=[a1b2c3, ffffffffffff]",
                    "short file bytes=4KiB where.bytes=1MiB..2MiB", "fail connect errno=ECONNREFUSED nth=3",
                    "fail libc result=EINTR", "fail file result=5", "fail getaddrinfo result=EAI_AGAIN",
                    "hang epoll_wait for=2s", "time-out poll end=limit nth=2", "time-out polling site=a1b2c3",
                    "disk-slow file path=/data/*,/a?b time=uniform(1ms,2ms) call=3..",
                    "disk-full write,fsync path=*.ckpt rank=1 after=2s", "disk-error file path=/data/x",
                    "disk-error read path=/d/* errno=ESTALE"));

}  // namespace
}  // namespace rankle::plan
