// A loop that can feed itself, for campaigns on instrumented sources: a client that takes an answer for late
// asks again, asking again is more work for the server, and a server with more work answers late.
// main UNITS ATTEMPTS PIECES
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

namespace cascade {

// Above what a busy machine holds up a read, below the delays of the test.
constexpr long kPatienceMs = 150;

long NowMs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

class Server {
 public:
  explicit Server(int pieces) : file_(open("/dev/zero", O_RDONLY)), pieces_(pieces) {}
  ~Server() { close(file_); }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  long ReadShard() const {
    char buffer[512];
    long sum = 0;
    for (int piece = 0; piece < pieces_; ++piece) sum += read(file_, buffer, sizeof(buffer));
    return sum;
  }

 private:
  int file_, pieces_;
};

class Client {
 public:
  Client(const Server& server, int attempts) : server_(server), attempts_(attempts) {}

  bool IsLate() const { return NowMs() - asked_ms_ > kPatienceMs; }

  // The bytes that came, in time or at last.
  long Ask() {
    long bytes = 0;
    for (int attempt = 0; attempt < attempts_; ++attempt) {
      asked_ms_ = NowMs();
      bytes = server_.ReadShard();
      if (!IsLate()) break;
    }
    return bytes;
  }

 private:
  const Server& server_;
  int attempts_;
  long asked_ms_ = 0;
};

}  // namespace cascade

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const cascade::Server server(atoi(argv[3]));
  cascade::Client client(server, atoi(argv[2]));
  long bytes = 0;
  for (int unit = 0; unit < atoi(argv[1]); ++unit) bytes += client.Ask();
  return bytes > 0 ? 0 : 1;
}
