#include "analyzer/testing/execution_traces.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace rankle::testing {
namespace {

std::string Varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}
std::string Number(int field, uint64_t value) {
  return value == 0 ? "" : Varint(static_cast<uint64_t>(field) << 3) + Varint(value);
}
std::string Bytes(int field, const std::string& bytes) {
  return Varint(static_cast<uint64_t>(field) << 3 | 2) + Varint(bytes.size()) + bytes;
}
std::string Attribute(const std::string& name, int field, uint64_t value) {
  // A chosen member of a oneof is written also when it is 0.
  return Bytes(10, Bytes(1, name) + Varint(static_cast<uint64_t>(field) << 3) + Varint(value));
}

std::string NewCall(const EtCall& call, int world, int number) {
  const int size = call.size == 0 ? world : call.size;
  const bool waits = call.name == "wait";
  const std::string tensors =
      waits ? "" : absl::StrCat("[[434, 435, 0, ", call.elements, ", 4, \"cuda:1\"]], ");
  std::string attributes = absl::StrCat(
      R"({"name": "rf_id", "type": "uint64", "value": 3}, {"name": "collective_name", "type": "string", "value": ")",
      call.name, R"("}, {"name": "dtype", "type": "string", "value": "Float"}, )",
      R"({"name": "in_msg_nelems", "type": "uint64", "value": )", call.elements, "}");
  if (!waits) {
    absl::StrAppend(&attributes, R"(, {"name": "pg_name", "type": "string", "value": ")", call.group,
                    R"("}, {"name": "pg_desc", "type": "string", "value": "group"}, )",
                    R"({"name": "pg_size", "type": "uint64", "value": )", size, "}");
  }
  return absl::StrCat(
      R"({"values": [)", tensors, number, R"(, [")", waits ? "" : call.group, R"(", "group"], )", call.rank,
      R"(, ")", call.name, R"(", [], [], )", call.first_rank, ", ", call.stride, ", ", size,
      R"(], "shapes": [], "types": ["GenericList[Tensor(float)]"]}, "attrs": [)", attributes, "]");
}

std::string OldCall(const EtCall& call, int world, int number, bool has_size) {
  const bool waits = call.name == "wait";
  const std::string tensors =
      waits ? "" : absl::StrCat("[718, 715, 0, ", call.elements, ", 4, \"cuda:0\"], ");
  // Of the one group of the process.
  const std::string address = waits ? "0" : absl::StrCat(94594108284448 + 4096 * world);
  return absl::StrCat("[", tensors, number, ", ", address, ", ", call.rank, R"(, ")", call.name,
                      R"(", [], [])", has_size ? absl::StrCat(", ", world) : "",
                      R"(], "input_shapes": [], "input_types": [")", waits ? "Int" : "Tensor(float)",
                      R"("])");
}

}  // namespace

std::string PyTorchTrace(const std::string& version, int world, const std::vector<EtCall>& calls, int first,
                         const std::string& groups) {
  const bool is_new = version.substr(0, 3) == "1.1";
  std::vector<std::string> nodes = {
      R"({"name": "[pytorch|profiler|execution_trace|process]", "id": 1, "inputs": []})",
      R"({"name": "aten::add", "id": 2, "inputs": [[5, 6, 0, 112, 4, "cuda:3"]], "note": "no \"nccl\" here"})"};
  if (!groups.empty())
    nodes.push_back(absl::StrCat(R"({"id": 3, "name": "## process_group:init ##", "inputs": {"values": [")",
                                 groups, R"("]}})"));
  int id = 10, number = first;
  for (const EtCall& call : calls) {
    nodes.push_back(absl::StrCat(
        R"({"name": "record_param_comms", "id": )", id++, R"(, "inputs": )",
        is_new ? NewCall(call, world, number) : OldCall(call, world, number, version.substr(0, 5) != "1.0.1"),
        "}"));
    number += call.name == "wait" ? 0 : 1;
  }
  return absl::StrCat(R"({"schema": ")", version,
                      R"(", "pid": 59814, "time": "2023-09-07 16:09:59", "start_ts": 1,
  "nodes": [
)",
                      absl::StrJoin(nodes, ",\n"), "\n], \"finish_ts\": 2\n}\n");
}

std::string ChakraTrace(const std::vector<ChakraMessage>& nodes) {
  const auto framed = [](const std::string& message) { return Varint(message.size()) + message; };
  std::string bytes = framed(Bytes(1, "0.0.4") + Bytes(2, Bytes(1, "schema") + Bytes(29, "1.0.1")));
  for (const ChakraMessage& n : nodes) {
    std::string node = Number(1, n.id) + Bytes(2, n.name) + Number(3, n.type) + Bytes(4, Varint(3)) +
                       Number(6, n.start) + Number(7, n.duration) + Bytes(8, Bytes(1, "[[]]"));
    node += Attribute("is_cpu_op", 27, static_cast<uint64_t>(n.cpu));
    if (n.collective >= 0) node += Attribute("comm_type", 9, static_cast<uint64_t>(n.collective));
    if (n.bytes >= 0) node += Attribute("comm_size", 9, static_cast<uint64_t>(n.bytes));
    bytes += framed(node);
  }
  return bytes;
}

}  // namespace rankle::testing
