// Speculative restart of stragglers.
//
// Executors fork a process for each task, which reads its input from the shared store. When a task is late, a
// copy of it is started beside it; the copy has nothing of the executor's cache and reads everything. Copies
// of several executors make the store so slow that tasks and copies are late, and get copies of their own.
// Twin: copies have a budget, a twentieth of the tasks done; who has none left waits for the task that runs.
#include <vector>

#include "corpora/programs/cascades/runtime/child.h"
#include "corpora/programs/cascades/runtime/job.h"
#include "corpora/programs/cascades/runtime/resource.h"
#include "corpora/programs/cascades/runtime/server.h"

namespace rankle::cascades {

constexpr int kTasks = 12;
constexpr int kTasksPerCopy = 20;

CASCADE_SITE void ReadInput(const Resource& store) { ReadSlice(store); }

CASCADE_SITE Received ReceiveFetch(const Socket& task, Message* fetch) { return ReceiveMessage(task, fetch); }
CASCADE_SITE bool SendInput(const Socket& task, const Message& input) { return SendMessage(task, input); }

CASCADE_SITE Socket ConnectToStore(uint16_t port) { return ConnectTo(port); }
CASCADE_SITE bool RequestInput(const Socket& store, const Message& fetch) {
  return SendMessage(store, fetch);
}
CASCADE_SITE Received AwaitInput(const Socket& store, int id) {
  Message input;
  return ReceiveReply(store, id, &input);
}
CASCADE_SITE bool SendResult(const Socket& executor, const Message& result) {
  return SendMessage(executor, result);
}

CASCADE_SITE Received AwaitResult(const Socket& tasks, int id) {
  Message result;
  return ReceiveReply(tasks, id, DeadlineIn(kPatienceMs), &result);
}

void RunTask(uint16_t store_port, const Socket& executor, const Message& task) {
  const Socket store = ConnectToStore(store_port);
  RequestInput(store, task);
  if (AwaitInput(store, task.id) == Received::kMessage) SendResult(executor, task);
}

CASCADE_SITE Child StartTask(uint16_t store_port, const Socket& executor, const Message& task) {
  return Fork([&] { RunTask(store_port, executor, task); });
}

CASCADE_SITE Child StartCopy(uint16_t store_port, const Socket& executor, const Message& task) {
  return Fork([&] { RunTask(store_port, executor, task); });
}

Ports Serve(const Job& job) {
  Ports ports;
  if (job.rank != 0) return ports;
  auto* store = new Resource;
  ports.port[0] = StartServer([store](Socket task) {
    for (Message fetch; ReceiveFetch(task, &fetch) == Received::kMessage;) {
      store->Hold(fetch.value, [&] { ReadInput(*store); });
      SendInput(task, fetch);
    }
  });
  return ports;
}

class Executor {
 public:
  explicit Executor(const Job& job) : job_(job), ends_(SocketPair()) {}

  // False: the job's time is over. The first of the task and its copies to end is the one that counts.
  bool Run(int task) {
    std::vector<Child> running;
    running.push_back(StartTask(job_.Port(0), ends_.second, {.id = task, .rank = job_.rank, .value = 1}));
    for (Received result; (result = AwaitResult(ends_.first, task)) != Received::kMessage;) {
      Require(result == Received::kTimeout, "no task can report");
      if (job_.Expired()) return false;
      if (job_.fixed && copies_ >= task / kTasksPerCopy) continue;
      ++copies_;
      NoteRedo();
      running.push_back(
          StartCopy(job_.Port(0), ends_.second, {.id = task, .rank = job_.rank, .value = kRecoverySlices}));
    }
    return true;
  }

 private:
  const Job& job_;
  std::pair<Socket, Socket> ends_;  // of this process, of the tasks
  int copies_ = 0;
};

Tally Work(const Job& job) {
  Tally tally;
  if (job.rank == 0) return tally;
  tally.due = kTasks;
  for (Executor executor(job); tally.done < kTasks; ++tally.done) {
    job.BeginUnit(tally.done + 1);
    if (!executor.Run(tally.done + 1)) break;
  }
  return tally;
}

}  // namespace rankle::cascades

int main(int argc, char** argv) {
  using namespace rankle::cascades;
  RunProgram({"speculative_restart", {"training"}, Serve, Work}, argc, argv);
}
