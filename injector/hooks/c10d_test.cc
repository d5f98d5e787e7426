// Operations of c10d's Gloo backend as records, with made-up groups and work in place of PyTorch's.
#include "injector/hooks/c10d.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "injector/api/table.h"
#include "injector/hooks/testing/fake_process.h"

namespace rankle::hooks {
namespace {

using record::CommState;
using record::Event;
using record::Kind;
using record::State;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr C10dOperation kBarrier{"barrier", &api::kApiTable[api::IndexOf(api::IdOf("ncclAllReduce"))],
                                 TensorPlace::kNoTensor, PeerPlace::kNobody};
constexpr C10dOperation kSend{"send", &api::kApiTable[api::IndexOf(api::IdOf("ncclSend"))],
                              TensorPlace::kNoTensor, PeerPlace::kPeerIsSecond};

// What the real function does; a function pointer cannot carry it.
std::function<void()> g_real;
int g_work;

void* Real(void* result, void*, void*, void*, void*, void*, void*) {
  *static_cast<void**>(result) = &g_work;
  if (g_real) g_real();
  return result;
}
void Construct(void*, void*, int, int, void*) {}

class C10d : public ::testing::Test {
 protected:
  ~C10d() override {
    if (made_) C10dGroupEnds(&group_);
    g_real = nullptr;
  }
  void MakeGroup(const char* identity = "0/1/tp", const char* name = "mesh_tp") {
    C10dNameGroup(identity, name);
    C10dCreation creation{Construct, &group_, nullptr, 1, 4, nullptr};
    RunC10dCreation(creation, nullptr);
    C10dNameGroup(nullptr, nullptr);
    made_ = true;
  }
  void* Run(const C10dOperation& operation) {
    C10dCall call{&returned_, &group_, {nullptr, reinterpret_cast<void*>(intptr_t{3})}};
    return RunC10d(operation, Real, call, nullptr);
  }
  int group_ = 0;
  void* returned_ = nullptr;
  bool made_ = false;
};

TEST_F(C10d, AnOperationStartsAndEndsOnAThreadOfItsGroupWithTheNameThatTheFrameworkGave) {
  FakeProcess process;
  MakeGroup();
  g_real = [] { C10dEnqueued(&g_work); };
  EXPECT_EQ(Run(kBarrier), &returned_);
  EXPECT_EQ(returned_, &g_work);
  ASSERT_THAT(process.Operations(), SizeIs(1));
  EXPECT_EQ(process.Operations()[0].state, State::kEnqueued);
  C10dStarted(&g_work);
  EXPECT_NE(process.Operations()[0].started_ns, 0u);
  C10dFinished(&g_work);
  const Event done = process.Operations()[0];
  EXPECT_EQ(done.state, State::kDone);
  EXPECT_GE(done.finished_ns, done.started_ns);
  EXPECT_GE(done.started_ns, done.entered_ns);
  EXPECT_EQ(done.seq, 1u);
  const auto communicators = process.Read().communicators;
  ASSERT_THAT(communicators, SizeIs(2));  // the first is the fake process's own
  EXPECT_EQ(communicators[1].name, "mesh_tp");
  EXPECT_EQ(communicators[1].rank, 1);
  EXPECT_EQ(communicators[1].nranks, 4);
}

TEST_F(C10d, WorkThatIsDoneBeforeTheCallReturnsIsDone) {
  FakeProcess process;
  MakeGroup();
  g_real = [] {
    C10dEnqueued(&g_work);
    C10dStarted(&g_work);
    C10dFinished(&g_work);
  };
  Run(kBarrier);
  EXPECT_EQ(process.Operations().at(0).state, State::kDone);
}

TEST_F(C10d, AnOperationOfSeveralPiecesEndsWithTheLast) {
  FakeProcess process;
  MakeGroup();
  int other = 0;
  g_real = [&] { C10dEnqueued(&g_work), C10dEnqueued(&other); };
  Run(kBarrier);
  C10dFinished(&g_work);
  EXPECT_EQ(process.Operations().at(0).state, State::kEnqueued);
  C10dFinished(&other);
  EXPECT_EQ(process.Operations().at(0).state, State::kDone);
}

TEST_F(C10d, WorkThatFailsIsAbortedAndIsAnErrorOfTheGroup) {
  FakeProcess process;
  MakeGroup();
  g_real = [] { C10dEnqueued(&g_work); };
  Run(kBarrier);
  C10dFailed(&g_work);
  EXPECT_EQ(process.Operations().at(0).state, State::kAborted);
  const auto errors = process.Events(Kind::kAsyncError);
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_EQ(errors[0].result, ncclRemoteError);
}

TEST_F(C10d, ASendIsDoneWhenTheProgramHasWaitedForIt) {
  FakeProcess process;
  MakeGroup();
  Run(kSend);
  EXPECT_EQ(process.Operations().at(0).state, State::kEnqueued);
  EXPECT_EQ(process.Operations().at(0).peer, 3);
  C10dFinished(&g_work);
  EXPECT_EQ(process.Operations().at(0).state, State::kDone);
}

TEST_F(C10d, WhatAnOperationCallsInsideIsNoOperationOfTheProgram) {
  FakeProcess process;
  MakeGroup();
  int depth = 0;
  g_real = [&] {
    if (++depth == 1) {
      Run(kBarrier);
    } else {
      C10dEnqueued(&g_work);
    }
  };
  Run(kBarrier);
  ASSERT_THAT(process.Operations(), SizeIs(1));
  C10dFinished(&g_work);  // the piece that the inner one handed out ends the outer one
  EXPECT_EQ(process.Operations()[0].state, State::kDone);
}

TEST_F(C10d, AGroupThatNobodyNamedIsNotRecorded) {
  FakeProcess process;
  const size_t before = process.Read().communicators.size();
  C10dCreation creation{Construct, &group_, nullptr, 0, 2, nullptr};
  RunC10dCreation(creation, nullptr);
  EXPECT_EQ(Run(kBarrier), &returned_);
  EXPECT_THAT(process.Operations(), IsEmpty());
  EXPECT_EQ(process.Read().communicators.size(), before);
}

TEST_F(C10d, FaultsThatWouldChangeTheCallDoNotAct) {
  FakeProcess process({"skip ncclAllReduce", "fail ncclAllReduce result=ncclSystemError"});
  MakeGroup();
  bool called = false;
  g_real = [&] { called = true; };
  EXPECT_EQ(Run(kBarrier), &returned_);
  EXPECT_TRUE(called);
  EXPECT_THAT(process.Events(Kind::kInjection), IsEmpty());
}

TEST_F(C10d, AGroupThatIsDestroyedIsGone) {
  FakeProcess process;
  MakeGroup();
  C10dGroupEnds(&group_);
  made_ = false;
  EXPECT_EQ(process.Read().communicators.back().state, CommState::kDestroyed);
}

}  // namespace
}  // namespace rankle::hooks
