// What the plan tests share: a plan from short forms, armed in memory, and its engine.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "injector/api/api.h"
#include "injector/plan/decide.h"
#include "injector/plan/plan.h"

namespace rankle::plan {

// Armed bytes at an address that fits their alignment, as a mapped file has.
class AlignedBytes {
 public:
  explicit AlignedBytes(const std::string& bytes) : words_(bytes.size() / 8 + 1), size_(bytes.size()) {
    std::memcpy(words_.data(), bytes.data(), bytes.size());
  }
  unsigned char* data() { return reinterpret_cast<unsigned char*>(words_.data()); }
  size_t size() const { return size_; }

 private:
  std::vector<uint64_t> words_;
  size_t size_;
};

// A plan of short forms with its engine; fails the test when a form is refused.
class ArmedForTest {
 public:
  explicit ArmedForTest(std::initializer_list<const char*> specs, uint64_t seed = 42) {
    Plan plan;
    for (const char* spec : specs) {
      const auto added = plan.AddShortForm(spec);
      EXPECT_TRUE(added.ok()) << added;
    }
    bytes_ = std::make_unique<AlignedBytes>(plan.Arm(seed));
    const char* error = nullptr;
    view_ = ArmedPlan::View(bytes_->data(), bytes_->size(), &error);
    EXPECT_EQ(error, nullptr) << error;
    engine_->Arm(&view_);
  }
  Engine& engine() { return *engine_; }
  const ArmedPlan& plan() const { return view_; }
  std::vector<Decision> Decide(const Target& target, const CallView& call) {
    Decision out[8];
    const size_t count = engine_->Decide(target, call, out, std::size(out));
    return {out, out + count};
  }
  bool Fires(const Target& target, const CallView& call) { return !Decide(target, call).empty(); }

 private:
  std::unique_ptr<AlignedBytes> bytes_;
  ArmedPlan view_;
  std::unique_ptr<Engine> engine_ = std::make_unique<Engine>();
};

inline uint16_t ApiId(std::string_view name) { return api::FindApi(name)->id; }

// An AllReduce of 1 MiB float32 in a communicator of 8 ranks.
inline CallView AllReduceCall() {
  CallView call;
  call.api = ApiId("ncclAllReduce");
  call.comm_rank = 3;
  call.comm_size = 8;
  call.comm_name = "dp0";
  call.bytes = 1 << 20;
  call.dtype = api::DataTypeByName("float32");
  return call;
}

inline Target Rank(int rank) {
  Target target;
  target.rank = rank;
  target.local_rank = rank % 4;
  target.host = "node1";
  return target;
}

}  // namespace rankle::plan
