#include "corpora/programs/cascades/lease_sessions.h"

namespace rankle::cascades {

CASCADE_SITE Received ReceiveUpdate(const Socket& worker, Message* update) {
  return ReceiveMessage(worker, update);
}

CASCADE_SITE bool SendAcknowledgement(const Socket& worker, const Message& update) {
  return SendMessage(worker, update);
}

void Sessions::Serve(Socket worker) {
  Locked([&] { open_.insert(worker.fd()); });
  for (Message update; ReceiveUpdate(worker, &update) == Received::kMessage;)
    SendAcknowledgement(worker, update);
  Locked([&] { open_.erase(worker.fd()); });
  worker.Abort();
}

void Sessions::StepDown() {
  // The threads wait in recv; closing under them would neither wake them nor reset the connection.
  Locked([&] {
    for (const int session : open_) ::shutdown(session, SHUT_RD);
  });
}

bool Sessions::Any() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return !open_.empty();
}

void Sessions::Locked(const std::function<void()>& change) {
  const std::lock_guard<std::mutex> lock(mutex_);
  change();
}

}  // namespace rankle::cascades
