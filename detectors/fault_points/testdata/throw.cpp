// Cases for the kind throw: what a comment says is found in its line, and nothing else. Not .cc: formatting moves comments.
#include <cassert>
#include <new>
#include <stdexcept>
#include <system_error>

struct PeerLost : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct BadRank : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};
#define ENFORCE(condition, text)                       \
  do {                                                 \
    if (!(condition)) throw std::runtime_error(text);  \
  } while (false)
#define MY_ASSERT(condition) \
  if (!(condition)) throw std::runtime_error("assertion")

int Read(int fd);

void Guarded(int fd) {
  if (Read(fd) < 0) {
    throw PeerLost("read");  // kept: throw PeerLost guarded=1
  }
}

void GuardedByElse(int fd) {
  if (Read(fd) == 0) {
    return;
  } else {
    throw PeerLost("read");  // kept: throw PeerLost guarded=0
  }
}

// The branch lies before the throw, not around it.
void GuardedByReturn(int fd) {
  const int n = Read(fd);
  if (n > 0) return;
  throw std::system_error(n, std::generic_category());  // kept: throw std::system_error guarded=0
}

void Unguarded() {
  throw std::runtime_error("always");  // kept: throw no-guard
}

void FromMacro(int fd) {
  ENFORCE(Read(fd) > 0, "closed");  // kept: throw std::runtime_error macro=ENFORCE guarded=1 instrumented
}

void Value(int fd) {
  if (Read(fd) < 0) throw 42;  // kept: throw int
}

int InExpression(int fd) {
  return Read(fd) > 0 ? 1 : throw PeerLost("closed");  // kept: throw PeerLost guarded=0
}

void InLambda(int fd) {
  const auto check = [fd] {
    if (Read(fd) < 0) throw PeerLost("lambda");  // kept: throw PeerLost guarded=1
  };
  check();
}

template <typename Reader>
void InTemplate(Reader& reader) {
  if (reader.Closed()) throw PeerLost("template");  // kept: throw PeerLost guarded=1
}

void InSwitch(int fd) {
  switch (Read(fd)) {
    case 0:
      throw PeerLost("closed");  // kept: throw PeerLost not-instrumented
    default:
      break;
  }
}

void ProgrammersMistakes(int rank) {
  if (rank < 0) throw std::invalid_argument("rank");  // dropped: throw programmer
  if (rank > 8) throw BadRank("rank");                // dropped: throw programmer
  if (rank == 7) throw std::bad_alloc();              // dropped: throw programmer
  MY_ASSERT(rank != 3);                               // dropped: throw assertion
}

void Rethrows(int fd) {
  try {
    Guarded(fd);
  } catch (const PeerLost& lost) {
    if (fd == 3) throw;
    throw lost;  // dropped: throw rethrows
  } catch (...) {
    throw;
  }
}

void Unevaluated() { static_assert(noexcept(throw 1) == false); }
