#include "analyzer/import/flight_recorder/pickle.h"

#include <bit>
#include <cstring>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace rankle::import {
namespace {

using Kind = TreeValue::Kind;

// What a constructor stands for, once it is called with the usual arguments.
enum class Constructor : int64_t { kListOf, kEmptyDict };
struct KnownConstructor {
  absl::string_view module, name;
  Constructor makes;
};
// The typed lists of TorchScript's pickler, and ordered dictionaries. All others are refused.
constexpr KnownConstructor kConstructors[] = {
    {"torch.jit._pickle", "build_intlist", Constructor::kListOf},
    {"torch.jit._pickle", "build_doublelist", Constructor::kListOf},
    {"torch.jit._pickle", "build_boollist", Constructor::kListOf},
    {"collections", "OrderedDict", Constructor::kEmptyDict},
};

// Opcodes that build objects or reach outside of the file. None of them occurs in a dump.
struct Refused {
  uint8_t opcode;
  const char* name;
};
constexpr Refused kRefused[] = {{'i', "INST"},       {'o', "OBJ"},          {0x81, "NEWOBJ"},
                                {0x92, "NEWOBJ_EX"}, {'b', "BUILD"},        {'P', "PERSID"},
                                {'Q', "BINPERSID"},  {0x82, "EXT1"},        {0x83, "EXT2"},
                                {0x84, "EXT4"},      {0x97, "NEXT_BUFFER"}, {0x98, "READONLY_BUFFER"}};

class PickleReader {
 public:
  PickleReader(absl::string_view bytes, Tree& tree) : bytes_(bytes), tree_(tree) {}

  absl::StatusOr<TreeValue> Read() {
    tree_.Clear();
    while (status_.ok() && !stopped_) {
      opcode_at_ = at_;
      const uint8_t opcode = Byte();
      if (!status_.ok()) break;
      Step(opcode);
      if (stack_.size() + tree_.values() > kMostPickleValues) Fail("the pickle holds too many values");
    }
    if (!status_.ok()) return status_;
    return result_;
  }

 private:
  void Fail(absl::string_view what) {
    if (status_.ok()) status_ = absl::InvalidArgumentError(absl::StrCat("offset ", opcode_at_, ": ", what));
  }

  // Input.
  bool Has(uint64_t count) {
    if (count <= bytes_.size() - at_) return true;
    Fail(absl::StrCat("the pickle ends early: ", count, " bytes are wanted, ", bytes_.size() - at_,
                      " are left"));
    return false;
  }
  uint8_t Byte() { return static_cast<uint8_t>(Unsigned(1)); }
  uint64_t Unsigned(size_t width) {  // little-endian
    if (!Has(width)) return 0;
    uint64_t value = 0;
    for (size_t i = 0; i < width; ++i) value |= uint64_t{static_cast<uint8_t>(bytes_[at_ + i])} << (8 * i);
    at_ += width;
    return value;
  }
  absl::string_view Bytes(uint64_t count) {
    if (!Has(count)) return {};
    const absl::string_view piece = bytes_.substr(at_, count);
    at_ += count;
    return piece;
  }
  absl::string_view Line() {
    const size_t end = bytes_.find('\n', at_);
    if (end == absl::string_view::npos) {
      Fail("the pickle ends within a line");
      return {};
    }
    const absl::string_view line = bytes_.substr(at_, end - at_);
    at_ = end + 1;
    return line;
  }

  // Stack.
  void Push(const TreeValue& value) { stack_.push_back(value); }
  // The stack may not be emptied below the newest mark: what lies there belongs to somebody else.
  bool Needs(size_t count) {
    const size_t floor = marks_.empty() ? 0 : marks_.back();
    if (stack_.size() - floor >= count) return true;
    Fail("the stack is empty");
    return false;
  }
  TreeValue Pop() {
    if (!Needs(1)) return {};
    const TreeValue value = stack_.back();
    stack_.pop_back();
    return value;
  }
  void Mark() {
    if (marks_.size() >= kMostPickleDepth) return Fail(absl::StrCat("nested deeper than ", kMostPickleDepth));
    marks_.push_back(stack_.size());
  }
  // Where the values since the newest mark begin; forgets the mark.
  size_t PopMark() {
    if (marks_.empty()) {
      Fail("no mark");
      return stack_.size();
    }
    const size_t mark = marks_.back();
    marks_.pop_back();
    return mark;
  }
  // Puts what lies above `begin` into a new container, in its place.
  void Collect(Kind kind, size_t begin) {
    const size_t count = stack_.size() - begin;
    if (kind == Kind::kDict && count % 2 != 0) return Fail("a key without a value");
    const TreeValue made = tree_.NewContainer(kind);
    if (count > 0) tree_.Append(made, &stack_[begin], count);
    stack_.resize(begin);
    Push(made);
  }
  void CollectTop(size_t count) {
    if (Needs(count)) Collect(Kind::kList, stack_.size() - count);
  }
  // Adds what lies above `begin` to the container below it.
  void Extend(Kind kind, size_t begin) {
    const size_t floor = marks_.empty() ? 0 : marks_.back();
    if (begin <= floor || begin > stack_.size()) return Fail("nothing to append to");
    const TreeValue target = stack_[begin - 1];
    if (target.kind != kind)
      return Fail(kind == Kind::kList ? "append to what is no list" : "an item for what is no dictionary");
    const size_t count = stack_.size() - begin;
    if (kind == Kind::kDict && count % 2 != 0) return Fail("a key without a value");
    if (count > 0) tree_.Append(target, &stack_[begin], count);
    stack_.resize(begin);
  }

  // Memo. Indices are dense in every pickler, so a distant one is an attempt on memory.
  void Put(uint64_t index) {
    if (!Needs(1)) return;
    if (index > memo_.size() + kMostMemoGap)
      return Fail(absl::StrCat("memo index ", index, " is out of order"));
    if (index >= memo_.size()) memo_.resize(index + 1);
    memo_[index] = {stack_.back(), true};
  }
  void Get(uint64_t index) {
    if (index >= memo_.size() || !memo_[index].set)
      return Fail(absl::StrCat("memo index ", index, " was never set"));
    Push(memo_[index].value);
  }
  uint64_t Index(absl::string_view line) {
    uint64_t index = 0;
    if (!absl::SimpleAtoi(line, &index)) Fail("a memo index that is no number");
    return index;
  }

  // Values.
  void PushInt(absl::string_view digits) {
    if (digits == "00" || digits == "01") return Push(TreeValue::Bool(digits == "01"));
    if (!digits.empty() && digits.back() == 'L') digits.remove_suffix(1);
    int64_t value = 0;
    if (!absl::SimpleAtoi(digits, &value)) return Fail("an integer that is no number of 64 bits");
    Push(TreeValue::Int(value));
  }
  void PushLong(absl::string_view digits) {  // two's complement, little-endian
    if (digits.size() > 8) return Fail("an integer of more than 64 bits");
    uint64_t value = 0;
    for (size_t i = 0; i < digits.size(); ++i) value |= uint64_t{static_cast<uint8_t>(digits[i])} << (8 * i);
    const bool negative = !digits.empty() && (digits.back() & 0x80) != 0;
    if (negative && digits.size() < 8) value |= ~uint64_t{0} << (8 * digits.size());
    Push(TreeValue::Int(static_cast<int64_t>(value)));
  }
  void PushFloatText(absl::string_view digits) {
    double value = 0;
    if (!absl::SimpleAtod(digits, &value)) return Fail("a float that is no number");
    Push(TreeValue::Real(value));
  }
  void PushFloatBytes() {  // big-endian
    const uint64_t little = Unsigned(8);
    uint64_t big = 0;
    for (int i = 0; i < 8; ++i) big |= (little >> (8 * i) & 0xff) << (8 * (7 - i));
    Push(TreeValue::Real(std::bit_cast<double>(big)));
  }
  void PushText(absl::string_view text) {
    if (text.size() > UINT32_MAX) return Fail("a text of more than 4 GiB");
    Push(TreeValue::Text(text));
  }
  void PushQuoted(absl::string_view line) {
    if (line.size() < 2 || line.front() != line.back()) return Fail("a text without its quotes");
    PushText(line.substr(1, line.size() - 2));
  }

  void PushConstructor(absl::string_view module, absl::string_view name) {
    for (const KnownConstructor& known : kConstructors) {
      if (known.module != module || known.name != name) continue;
      TreeValue v;
      v.kind = Kind::kConstructor, v.integer = static_cast<int64_t>(known.makes);
      return Push(v);
    }
    Fail(absl::StrCat("the pickle wants ", module.substr(0, 64), ".", name.substr(0, 64),
                      "; a dump holds plain data only, so it is not read"));
  }
  void Call() {
    const TreeValue arguments = Pop(), callee = Pop();
    if (!status_.ok()) return;
    if (callee.kind != Kind::kConstructor) return Fail("REDUCE of what is no constructor");
    if (callee.integer == static_cast<int64_t>(Constructor::kEmptyDict))
      return Push(tree_.NewContainer(Kind::kDict));
    TreeValue list;
    tree_.ForEach(arguments, 1, [&](const TreeValue& first) { list = first; });
    if (list.kind != Kind::kList) return Fail("a typed list that is built from something else");
    Push(list);
  }

  void Refuse(uint8_t opcode) {
    for (const Refused& refused : kRefused) {
      if (refused.opcode == opcode) {
        return Fail(absl::StrCat("opcode ", refused.name,
                                 " builds objects; a dump holds plain data only, so it is not read"));
      }
    }
    Fail(absl::StrFormat("unknown opcode 0x%02x: this is no pickle, or it is damaged", opcode));
  }

  void Step(uint8_t opcode) {
    switch (opcode) {
      case 0x80:  // PROTO
        if (const uint8_t protocol = Byte(); protocol > 5)
          Fail(absl::StrCat("pickle protocol ", protocol, " is not known"));
        return;
      case 0x95:  // FRAME: a hint for buffering
        Unsigned(8);
        return;
      case '.':  // STOP
        result_ = Pop(), stopped_ = true;
        return;
      case '(':
        return Mark();
      case '0':  // POP
        if (!marks_.empty() && marks_.back() == stack_.size()) return marks_.pop_back();
        Pop();
        return;
      case '1':  // POP_MARK
        stack_.resize(std::min(PopMark(), stack_.size()));
        return;
      case '2':  // DUP
        if (Needs(1)) Push(TreeValue(stack_.back()));
        return;
      case 'N':
        return Push({});
      case 0x88:
      case 0x89:
        return Push(TreeValue::Bool(opcode == 0x88));
      case 'I':
      case 'L':
        return PushInt(Line());
      case 'J':
        return Push(TreeValue::Int(static_cast<int32_t>(Unsigned(4))));
      case 'K':
        return Push(TreeValue::Int(Byte()));
      case 'M':
        return Push(TreeValue::Int(static_cast<int64_t>(Unsigned(2))));
      case 0x8a:  // LONG1
        return PushLong(Bytes(Byte()));
      case 0x8b:  // LONG4
        return PushLong(Bytes(Unsigned(4)));
      case 'F':
        return PushFloatText(Line());
      case 'G':
        return PushFloatBytes();
      case 'S':
        return PushQuoted(Line());
      case 'V':
        return PushText(Line());
      case 'U':   // SHORT_BINSTRING
      case 0x8c:  // SHORT_BINUNICODE
      case 'C':   // SHORT_BINBYTES
        return PushText(Bytes(Byte()));
      case 'T':  // BINSTRING
      case 'X':  // BINUNICODE
      case 'B':  // BINBYTES
        return PushText(Bytes(Unsigned(4)));
      case 0x8d:  // BINUNICODE8
      case 0x8e:  // BINBYTES8
      case 0x96:  // BYTEARRAY8
        return PushText(Bytes(Unsigned(8)));
      case ']':
      case ')':   // EMPTY_TUPLE
      case 0x8f:  // EMPTY_SET
        return Push(tree_.NewContainer(Kind::kList));
      case '}':
        return Push(tree_.NewContainer(Kind::kDict));
      case 'l':
      case 't':
      case 0x91:  // FROZENSET
        return Collect(Kind::kList, PopMark());
      case 'd':
        return Collect(Kind::kDict, PopMark());
      case 0x85:
      case 0x86:
      case 0x87:  // TUPLE1 to TUPLE3
        return CollectTop(opcode - 0x84);
      case 'a':
        if (Needs(2)) Extend(Kind::kList, stack_.size() - 1);
        return;
      case 'e':
      case 0x90:  // ADDITEMS
        return Extend(Kind::kList, PopMark());
      case 's':
        if (Needs(3)) Extend(Kind::kDict, stack_.size() - 2);
        return;
      case 'u':
        return Extend(Kind::kDict, PopMark());
      case 'p':
        return Put(Index(Line()));
      case 'q':
        return Put(Byte());
      case 'r':
        return Put(Unsigned(4));
      case 0x94:  // MEMOIZE
        return Put(memo_.size());
      case 'g':
        return Get(Index(Line()));
      case 'h':
        return Get(Byte());
      case 'j':
        return Get(Unsigned(4));
      case 'c': {  // GLOBAL
        const absl::string_view module = Line(), name = Line();
        if (status_.ok()) PushConstructor(module, name);
        return;
      }
      case 0x93: {  // STACK_GLOBAL
        const TreeValue name = Pop(), module = Pop();
        if (status_.ok()) PushConstructor(module.AsText(), name.AsText());
        return;
      }
      case 'R':
        return Call();
      default:
        return Refuse(opcode);
    }
  }

  static constexpr size_t kMostMemoGap = 1024;
  struct Memo {
    TreeValue value;
    bool set = false;
  };
  const absl::string_view bytes_;
  Tree& tree_;
  absl::Status status_;
  size_t at_ = 0, opcode_at_ = 0;
  bool stopped_ = false;
  std::vector<TreeValue> stack_;
  std::vector<size_t> marks_;
  std::vector<Memo> memo_;
  TreeValue result_;
};

}  // namespace

absl::StatusOr<TreeValue> ParsePickle(absl::string_view bytes, Tree& tree) {
  return PickleReader(bytes, tree).Read();
}

bool LooksLikePickledDict(absl::string_view first_bytes) {
  if (absl::StartsWith(first_bytes, "(d")) return true;  // protocol 0
  if (first_bytes.size() > 2 && first_bytes[0] == '\x80' && static_cast<uint8_t>(first_bytes[1]) <= 5) {
    first_bytes.remove_prefix(2);
    if (first_bytes[0] == '\x95') first_bytes.remove_prefix(std::min<size_t>(9, first_bytes.size()));
  }
  return absl::StartsWith(first_bytes, "}");
}

}  // namespace rankle::import
