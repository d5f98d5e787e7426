// The pickle reader: what dumps are made of is read in all protocols, everything else ends in a clear
// message.
#include "analyzer/import/flight_recorder/pickle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "analyzer/testing/dump_job.h"

namespace rankle::import {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using Kind = TreeValue::Kind;

// Bytes given as a literal, NULs among them.
template <size_t N>
std::string Bytes(const char (&literal)[N]) {
  return std::string(literal, N - 1);
}

std::string ErrorOf(const std::string& bytes) {
  Tree tree;
  const auto value = ParsePickle(bytes, tree);
  return value.ok() ? "no error" : std::string(value.status().message());
}

// What Python 3.11 writes for {'a': [1, -2, 2**40, True, None, 1.5, 'x'], 'b': ('y', 'x')} (pickletools
// agrees).
struct Protocol {
  int number;
  std::string bytes;
};
const Protocol kSame[] = {
    {0,
     "(dp0\nVa\np1\n(lp2\nI1\naI-2\naL1099511627776L\naI01\naNaF1.5\naVx\np3\nasVb\np4\n("
     "Vy\np5\ng3\ntp6\ns."},
    {1, Bytes("}q\x00(X\x01\x00\x00\x00"
              "aq\x01]q\x02(K\x01J\xfe\xff\xff\xffL1099511627776L\nI01\nNG?"
              "\xf8\x00\x00\x00\x00\x00\x00X\x01\x00\x00\x00xq"
              "\x03"
              "eX\x01\x00\x00\x00"
              "bq\x04(X\x01\x00\x00\x00yq\x05h\x03tq\x06u.")},
    {2, Bytes("\x80\x02}q\x00(X\x01\x00\x00\x00"
              "aq\x01]q\x02(K\x01J\xfe\xff\xff\xff\x8a\x06\x00\x00\x00\x00\x00\x01\x88NG?"
              "\xf8\x00\x00\x00\x00\x00\x00X\x01"
              "\x00\x00\x00xq\x03"
              "eX\x01\x00\x00\x00"
              "bq\x04X\x01\x00\x00\x00yq\x05h\x03\x86q\x06u.")},
    {4, Bytes("\x80\x04\x95"
              "7\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x01"
              "a\x94]\x94(K\x01J\xfe\xff\xff\xff\x8a\x06\x00\x00\x00\x00\x00\x01\x88NG?"
              "\xf8\x00\x00\x00\x00\x00\x00\x8c\x01"
              "x\x94"
              "e\x8c\x01"
              "b\x94\x8c\x01y\x94h\x03\x86\x94u.")},
};

TEST(PickleTest, AllProtocolsGiveTheSameValues) {
  for (const Protocol& protocol : kSame) {
    SCOPED_TRACE(protocol.number);
    Tree tree;
    const auto root = ParsePickle(protocol.bytes, tree);
    ASSERT_TRUE(root.ok()) << root.status();
    std::vector<TreeValue> items;
    tree.ForEach(tree.Find(*root, "a"), 10, [&](const TreeValue& v) { items.push_back(v); });
    ASSERT_EQ(items.size(), 7u);
    EXPECT_EQ(items[0].integer, 1);
    EXPECT_EQ(items[1].integer, -2);
    EXPECT_EQ(items[2].integer, int64_t{1} << 40);
    EXPECT_EQ(items[3].kind, Kind::kBool);
    EXPECT_EQ(items[4].kind, Kind::kNone);
    EXPECT_EQ(items[5].real, 1.5);
    EXPECT_EQ(items[6].AsText(), "x");
    std::string pair;
    tree.ForEach(tree.Find(*root, "b"), 10, [&](const TreeValue& v) { pair += std::string(v.AsText()); });
    EXPECT_EQ(pair, "yx");
  }
}

TEST(PickleTest, NothingIsEverImportedOrCalled) {
  EXPECT_THAT(ErrorOf("cposix\nsystem\n(S'echo'\ntR."),
              AllOf(HasSubstr("offset 0"), HasSubstr("posix.system")));
  EXPECT_THAT(ErrorOf(Bytes("\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x02id\x85R.")),
              HasSubstr("posix.system"));
  EXPECT_THAT(ErrorOf("(S'x'\niposix\nsystem\n."), HasSubstr("INST"));
  EXPECT_THAT(ErrorOf("}}b."), AllOf(HasSubstr("BUILD"), HasSubstr("offset 2")));
  EXPECT_THAT(ErrorOf("N)\x81."), HasSubstr("NEWOBJ"));
  EXPECT_THAT(ErrorOf("(No."), HasSubstr("OBJ"));
  EXPECT_THAT(ErrorOf("P1\n."), HasSubstr("PERSID"));
  EXPECT_THAT(ErrorOf(Bytes("\x82\x01.")), HasSubstr("EXT1"));
  EXPECT_THAT(ErrorOf("N)R."), HasSubstr("REDUCE of what is no constructor"));
}

TEST(PickleTest, TypedListsAndOrderedDictionariesOfTorchAreReadAsPlainOnes) {
  Tree tree;
  const std::string typed_list = Bytes(
      "\x80\x02"
      "ctorch.jit._pickle\nbuild_intlist\n](K\x07K\x08"
      "e\x85R.");
  const auto list = ParsePickle(typed_list, tree);
  ASSERT_TRUE(list.ok()) << list.status();
  int64_t sum = 0;
  tree.ForEach(*list, 10, [&](const TreeValue& v) { sum += v.integer; });
  EXPECT_EQ(sum, 15);
  const std::string ordered = Bytes(
      "\x80\x02"
      "ccollections\nOrderedDict\n)RX\x01\x00\x00\x00kK\x05s.");
  const auto dict = ParsePickle(ordered, tree);  // its texts point into `ordered`
  ASSERT_TRUE(dict.ok()) << dict.status();
  EXPECT_EQ(tree.Find(*dict, "k").integer, 5);
}

TEST(PickleTest, DamageIsNamedWithItsOffset) {
  EXPECT_THAT(ErrorOf(""), HasSubstr("ends early"));
  EXPECT_THAT(ErrorOf(Bytes("\x80\x09N.")), HasSubstr("protocol 9"));
  EXPECT_THAT(ErrorOf(Bytes("X\xff\xff\xff\xff"
                            "abc.")),
              AllOf(HasSubstr("offset 0"), HasSubstr("4294967295 bytes")));
  EXPECT_THAT(ErrorOf(Bytes("\x8d\xff\xff\xff\xff\xff\xff\xff\xff.")), HasSubstr("ends early"));
  EXPECT_THAT(ErrorOf("\x8b"), HasSubstr("ends early"));
  EXPECT_THAT(ErrorOf(Bytes("\xff")), HasSubstr("unknown opcode 0xff"));
  EXPECT_THAT(ErrorOf("."), HasSubstr("the stack is empty"));
  EXPECT_THAT(ErrorOf("Na."), HasSubstr("the stack is empty"));
  EXPECT_THAT(ErrorOf("NNa."), HasSubstr("no list"));
  EXPECT_THAT(ErrorOf("t."), HasSubstr("no mark"));
  EXPECT_THAT(ErrorOf("(Nd."), HasSubstr("a key without a value"));
  EXPECT_THAT(ErrorOf("g5\n."), HasSubstr("memo index 5 was never set"));
  EXPECT_THAT(ErrorOf(Bytes("Nr\xff\xff\xff\x7f.")), HasSubstr("out of order"));
  EXPECT_THAT(ErrorOf("(]e."), HasSubstr("nothing to append to"));
  EXPECT_THAT(ErrorOf("Ix\n."), HasSubstr("no number"));
  EXPECT_THAT(ErrorOf("L99999999999999999999L\n."), HasSubstr("64 bits"));
}

// Every prefix of a real dump ends in an error, and none in a crash (the sanitizers look on).
TEST(PickleTest, ADumpCutAnywhereIsAnError) {
  testing::DumpJob job(2);
  const int dp = job.Group("dp", {0, 1});
  job.Collective(dp);
  job.Collective(dp, {.hangs = true, .file = "train.py", .function = "step", .line = 3});
  const std::string whole = ToPickle(job.Dump(0, {}));
  ASSERT_EQ(ErrorOf(whole), "no error");
  for (size_t length = 0; length < whole.size(); ++length) {
    ASSERT_THAT(ErrorOf(whole.substr(0, length)), HasSubstr("offset ")) << length;
  }
}

TEST(PickleTest, DeepNestingIsRefused) {
  EXPECT_THAT(ErrorOf(std::string(1'000'000, '(')), HasSubstr("nested deeper"));
  // Lists without marks nest without limit, and cost nothing: nobody recurses into them.
  std::string deep(100'000, ']');
  deep.append(99'999, 'a').append(".");
  EXPECT_EQ(ErrorOf(deep), "no error");
}

// Each list holds the one before twice: 2^64 leaves when walked, 64 small lists when read.
TEST(PickleTest, AMemoBombCostsNoMoreThanItsBytes) {
  std::string bomb = Bytes("\x80\x02]q\x00");
  for (int i = 0; i < 64; ++i)
    absl::StrAppend(&bomb, "](h", std::string(1, static_cast<char>(i)), "h",
                    std::string(1, static_cast<char>(i)), "eq", std::string(1, static_cast<char>(i + 1)));
  Tree tree;
  EXPECT_TRUE(ParsePickle(bomb + ".", tree).ok());
  EXPECT_EQ(tree.values(), 128u);
}

TEST(PickleTest, TooManyValuesAreRefused) {
  EXPECT_THAT(ErrorOf(std::string(kMostPickleValues + 2, 'N')), HasSubstr("too many values"));
}

}  // namespace
}  // namespace rankle::import
