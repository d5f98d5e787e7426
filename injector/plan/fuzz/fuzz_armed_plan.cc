// Any bytes as an armed plan, with the checksum put right so that the checks behind it are reached; what is
// accepted must be safe to decide on.
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "injector/plan/decide.h"

using namespace rankle::plan;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // The input is a list of (offset, byte) changes to a plan that is sound, then the rest of the bytes as its
  // pool.
  const size_t pool = size < 64 ? 8 : size / 2;
  const size_t total = sizeof(ArmedHeader) + sizeof(ArmedFault) + pool;
  std::vector<uint64_t> words(total / 8 + 1);
  auto* bytes = reinterpret_cast<unsigned char*>(words.data());
  ArmedHeader header = {};
  std::memcpy(header.magic, kArmedMagic, sizeof(kArmedMagic));
  header.version = kArmedVersion;
  header.fault_count = 1;
  header.fault_bytes = sizeof(ArmedFault);
  header.pool_bytes = static_cast<uint32_t>(pool);
  ArmedFault fault;
  fault.action = Action::kDelay;
  fault.name = 1;
  fault.apis[0] = ~uint64_t{0};
  std::memcpy(bytes, &header, sizeof(header));
  std::memcpy(bytes + sizeof(header), &fault, sizeof(fault));
  unsigned char* text = bytes + sizeof(header) + sizeof(fault);
  std::memset(text, 'a', pool);
  const size_t taken = size < pool ? size : pool;
  std::memcpy(text, data + (size - taken), taken);
  text[0] = text[pool - 1] = 0;
  for (size_t i = 0; i + 3 <= size - taken; i += 3) {
    bytes[(data[i] | data[i + 1] << 8) % total] = data[i + 2];
  }
  const uint64_t checksum = ArmedChecksum(bytes, total);
  std::memcpy(bytes + offsetof(ArmedHeader, checksum), &checksum, sizeof(checksum));

  const ArmedPlan plan = ArmedPlan::View(bytes, total);
  static const auto engine = std::make_unique<Engine>();
  engine->Arm(&plan);
  Target target;
  target.rank = 3;
  target.host = "node1";
  CallView call;
  call.api = 5;
  call.comm_name = "dp0";
  call.stack = "main;step";
  call.bytes = 4096;
  call.comm_size = 8;
  Decision out[4];
  for (int i = 0; i < 4; ++i) engine->Decide(target, call, out, 4);
  ArmedPlan::View(words.data(), size < total ? size : total);
  return 0;
}
