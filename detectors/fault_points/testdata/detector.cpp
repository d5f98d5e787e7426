// Cases for the kind detector: what a comment says is found in its line, and nothing else. Not .cc: formatting moves comments.
#include <sys/socket.h>

#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

int last_error = 0;
const int kLimit = 3;

class Link {
 public:
  bool Alive() const { return alive_; }                      // kept: detector Link::Alive instrumented
  bool Expired() const {                                     // kept: detector Link::Expired
    if (deadline_ < 0) return true;
    return false;
  }
  bool Wide() const { return width_ > 1; }                   // dropped: detector constants
  bool Always() const { return true; }                       // dropped: detector constant
  bool Sound() const { return Alive() && width_ > 0; }       // kept: detector Link::Sound
  bool Unasked() const { return alive_; }                    // dropped: detector nobody
  bool hasData() const { return alive_; }                    // dropped: detector contents
  bool operator==(const Link& other) const { return alive_ == other.alive_; }  // dropped: detector comparison
  virtual bool Ready() = 0;
  virtual ~Link() = default;

 private:
  bool alive_ = true;
  int deadline_ = 0;
  const int width_ = 1;
};

class TcpLink : public Link {
 public:
  bool Ready() override {                                    // kept: detector TcpLink::Ready
    char byte;
    const auto n = recv(3, &byte, 1, 0);
    return n > 0;
  }
};

bool SameText(const char* a, const char* b) { return strcmp(a, b) == 0; }  // dropped: detector library
bool Small(int a) { return a < kLimit; }                     // dropped: detector constants
bool Failed() { return last_error != 0; }                    // kept: detector Failed
constexpr bool Even(int a) { return a % 2 == 0; }            // dropped: detector constexpr

bool ThroughLocal(int fd) {                                  // kept: detector ThroughLocal
  char byte;
  int n = 0;
  n = static_cast<int>(recv(fd, &byte, 1, 0));
  const bool closed = n == 0;
  return closed;
}

bool FieldOfArgument(const std::vector<int>& values) { return values.size() > 3; }  // dropped: detector library

int Ask(TcpLink& tcp, Link& link) {
  if (link.Alive() || link.Expired() || link.Wide() || link.Always() || link.Sound() || link.hasData()) return 1;
  if (link == link || link.Ready() || SameText("a", "b") || Small(1) || Failed() || Even(2)) return 2;
  if (ThroughLocal(1) || FieldOfArgument({})) return 3;
  tcp.Unasked();
  return 0;
}

void Library(const std::weak_ptr<int>& weak, const std::string& path) {
  if (weak.expired()) return;                                // kept: detector expired instrumented
  std::ifstream file(path);
  if (!file.is_open()) return;                               // kept: detector is_open
  file.good();                                               // dropped: detector answer
}
