#include "corpora/programs/cascades/runtime/socket.h"

#include <gtest/gtest.h>

#include <future>

#include "corpora/programs/cascades/runtime/server.h"

namespace rankle::cascades {
namespace {

CASCADE_SITE bool Send(const Socket& socket, int id) { return SendMessage(socket, {.id = id}); }

CASCADE_SITE Received Await(const Socket& socket, int id, int64_t deadline, Message* reply) {
  return ReceiveReply(socket, id, deadline, reply);
}

TEST(Socket, RepliesToOtherRequestsAreDropped) {
  const auto [here, there] = SocketPair();
  for (const int id : {1, 2, 3}) ASSERT_TRUE(Send(there, id));
  Message reply;
  EXPECT_EQ(Await(here, 2, DeadlineIn(10'000), &reply), Received::kMessage);
  EXPECT_EQ(reply.id, 2);
  EXPECT_EQ(Await(here, 3, DeadlineIn(10'000), &reply), Received::kMessage);
}

TEST(Socket, ADeadlineThatIsOverStillFindsWhatIsThere) {
  const auto [here, there] = SocketPair();
  Message reply;
  EXPECT_EQ(Await(here, 1, Now(), &reply), Received::kTimeout);
  ASSERT_TRUE(Send(there, 1));
  EXPECT_EQ(Await(here, 1, Now(), &reply), Received::kMessage);
}

CASCADE_SITE Socket Connect(uint16_t port) { return ConnectTo(port); }

TEST(Socket, ThePeerOfAnAbortedConnectionIsToldSo) {
  const uint16_t port = StartServer([](Socket connection) {
    Message message;
    if (ReceiveMessage(connection, &message) != Received::kMessage) return;
    if (message.id == 1) connection.Abort();
  });
  Message reply;
  const Socket aborted = Connect(port);
  ASSERT_TRUE(Send(aborted, 1));
  EXPECT_EQ(Await(aborted, 1, DeadlineIn(10'000), &reply), Received::kReset);
  const Socket closed = Connect(port);
  ASSERT_TRUE(Send(closed, 2));
  EXPECT_EQ(Await(closed, 2, DeadlineIn(10'000), &reply), Received::kClosed);
  EXPECT_TRUE(WaitForConnections(std::chrono::seconds(10)));
}

TEST(Socket, ClosingWithSomethingUnreadIsNoErrorForThePeer) {
  std::promise<Received> end;
  const uint16_t port = StartServer([&end](Socket connection) {
    Send(connection, 1);
    Message message;
    end.set_value(ReceiveMessage(connection, &message));
  });
  {
    const Socket client = Connect(port);
    pollfd entry{client.fd(), POLLIN, 0};
    ASSERT_EQ(::poll(&entry, 1, 10'000), 1);
  }
  EXPECT_EQ(end.get_future().get(), Received::kClosed);
}

}  // namespace
}  // namespace rankle::cascades
