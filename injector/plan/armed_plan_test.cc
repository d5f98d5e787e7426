// Armed plans come from a file that anything may have changed: whatever is not sound is refused, never
// followed.
#include "injector/plan/armed_plan.h"

#include <functional>
#include <random>

#include "injector/plan/test_plan.h"

namespace rankle::plan {
namespace {

std::string SoundBytes() {
  Plan plan;
  EXPECT_TRUE(
      plan.AddShortForm("delay collective rank=1,3 comm=dp*,tp* call=10.. time=uniform(1ms,2ms) name=late")
          .ok());
  EXPECT_TRUE(plan.AddShortForm("throw ncclSend what=boom stack=*step*").ok());
  return plan.Arm(9);
}

const char* ErrorOf(const std::string& bytes) {
  AlignedBytes aligned(bytes);
  const char* error = nullptr;
  const ArmedPlan view = ArmedPlan::View(aligned.data(), aligned.size(), &error);
  EXPECT_EQ(view.size(), error == nullptr ? 2u : 0u);
  return error;
}

// The bytes with one change and the checksum put right: only the checks of the content can refuse them.
const char* ErrorAfter(const std::function<void(ArmedHeader&, ArmedFault&)>& change) {
  std::string bytes = SoundBytes();
  ArmedHeader header;
  ArmedFault fault;
  std::memcpy(&header, bytes.data(), sizeof(header));
  std::memcpy(&fault, bytes.data() + sizeof(header), sizeof(fault));
  change(header, fault);
  std::memcpy(bytes.data() + sizeof(header), &fault, sizeof(fault));
  std::memcpy(bytes.data(), &header, sizeof(header));
  header.checksum = ArmedChecksum(bytes.data(), bytes.size());
  std::memcpy(bytes.data(), &header, sizeof(header));
  return ErrorOf(bytes);
}

TEST(ArmedPlan, SoundBytesAreRead) {
  AlignedBytes bytes(SoundBytes());
  const char* error = "?";
  const ArmedPlan view = ArmedPlan::View(bytes.data(), bytes.size(), &error);
  EXPECT_EQ(error, nullptr);
  ASSERT_EQ(view.size(), 2u);
  EXPECT_EQ(view.seed(), 9u);
  EXPECT_STREQ(view.name(0), "late");
  EXPECT_STREQ(view.name(1), "fault-2");
  EXPECT_STREQ(view.text(view.fault(1).exception_what), "boom");
  EXPECT_STREQ(view.text(0), "");
  EXPECT_STREQ(view.text(UINT32_MAX), "");
}

TEST(ArmedPlan, EveryChangedByteIsRefused) {
  const std::string sound = SoundBytes();
  AlignedBytes bytes(sound);
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes.data()[i] ^= static_cast<unsigned char>(1u << (i % 8));
    const char* error = nullptr;
    const size_t size = ArmedPlan::View(bytes.data(), bytes.size(), &error).size();
    ASSERT_NE(error, nullptr) << "byte " << i;
    ASSERT_EQ(size, 0u);
    bytes.data()[i] ^= static_cast<unsigned char>(1u << (i % 8));
  }
}

TEST(ArmedPlan, EveryTruncationAndEveryTailIsRefused) {
  const std::string sound = SoundBytes();
  AlignedBytes bytes(sound);
  for (size_t size = 0; size < sound.size(); ++size) {
    const char* error = nullptr;
    ArmedPlan::View(bytes.data(), size, &error);
    ASSERT_NE(error, nullptr) << size;
  }
  EXPECT_NE(ErrorOf(sound + '\0'), nullptr);
  EXPECT_NE(ErrorOf(sound + std::string(4096, 'x')), nullptr);
}

TEST(ArmedPlan, NothingAndMisalignedMemoryAreRefused) {
  const char* error = nullptr;
  ArmedPlan::View(nullptr, 0, &error);
  EXPECT_NE(error, nullptr);
  const std::string sound = SoundBytes();
  AlignedBytes shifted(" " + sound);
  EXPECT_EQ(ArmedPlan::View(shifted.data() + 1, sound.size(), &error).size(), 0u);
  EXPECT_STREQ(error, "armed plan: not aligned in memory");
}

TEST(ArmedPlan, NoiseIsRefused) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 200; ++i) {
    std::string noise(random() % 20000, '\0');
    for (char& c : noise) c = static_cast<char>(random());
    EXPECT_NE(ErrorOf(noise), nullptr);
  }
}

TEST(ArmedPlan, UnsoundContentIsRefusedEvenWithARightChecksum) {
  using H = ArmedHeader;
  using F = ArmedFault;
  EXPECT_EQ(ErrorAfter([](H&, F&) {}), nullptr);
  const std::vector<std::function<void(H&, F&)>> changes = {
      [](H& h, F&) { h.magic[0] = 'X'; },
      [](H& h, F&) { h.version = kArmedVersion + 1; },
      [](H& h, F&) { h.fault_bytes += 8; },
      [](H& h, F&) { h.fault_count = kMaxFaults + 1; },
      [](H& h, F&) { h.fault_count = 1; },
      [](H& h, F&) { h.pool_bytes = 0; },
      [](H& h, F&) { h.pool_bytes = UINT32_MAX; },
      [](H&, F& f) { f.action = Action::kNone; },
      [](H&, F& f) { f.action = static_cast<Action>(200); },
      [](H&, F& f) { f.rank.count = kMaxListValues + 1; },
      [](H&, F& f) { f.rank.count = UINT32_MAX; },
      [](H&, F& f) { std::swap(f.rank.ranges[0], f.rank.ranges[1]); },
      [](H&, F& f) { f.rank.ranges[0].first = -1; },
      [](H&, F& f) { f.rank.ranges[0].last = INT64_MAX; },
      [](H&, F& f) { f.call.ranges[0].last = 1; },
      [](H&, F& f) { f.comm.offset = UINT32_MAX; },
      [](H&, F& f) { f.comm.count = 100000; },
      [](H&, F& f) {
        f.stack = {1u << 20, 1};
      },
      [](H&, F& f) { f.name = 0; },
      [](H&, F& f) { f.name = 1u << 20; },
      [](H&, F& f) { f.on = 1u << 20; },
      [](H&, F& f) { f.exception_type = 1u << 20; },
      [](H&, F& f) { f.exception_what = 1u << 20; },
      [](H&, F& f) { std::swap(f.time.a, f.time.b); },
      [](H&, F& f) { f.time.kind = static_cast<DistributionKind>(9); },
      [](H&, F& f) { f.every = 0; },
      [](H&, F& f) { f.probability = 1.5; },
      [](H&, F& f) { f.probability = __builtin_nan(""); },
      [](H&, F& f) { f.factor = __builtin_inf(); },
      [](H&, F& f) { f.field = static_cast<MutateField>(99); },
      [](H&, F& f) { f.pattern = static_cast<CorruptPattern>(99); },
      [](H&, F& f) { f.buffer = static_cast<CorruptBuffer>(99); },
  };
  for (size_t i = 0; i < changes.size(); ++i) EXPECT_NE(ErrorAfter(changes[i]), nullptr) << "change " << i;
}

TEST(ArmedPlan, APoolWithoutItsLastNulIsRefused) {
  std::string bytes = SoundBytes();
  bytes.back() = 'x';
  ArmedHeader header;
  std::memcpy(&header, bytes.data(), sizeof(header));
  header.checksum = ArmedChecksum(bytes.data(), bytes.size());
  std::memcpy(bytes.data(), &header, sizeof(header));
  EXPECT_STREQ(ErrorOf(bytes), "armed plan: the string pool is malformed");
}

}  // namespace
}  // namespace rankle::plan
