// A program that calls the C library in the ways that training runtimes do, and prints what it saw: the
// subject of sites_run_test. Each mode is one kind of call; every line is one answer.
//   calls_a_lot MODE [DIRECTORY]
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csetjmp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

extern char** environ;

namespace {

std::string g_directory = ".";

// "ok", or the name of the error.
std::string Answer(long result) { return result < 0 ? strerrorname_np(errno) : "ok"; }
void Print(const char* what, int number, const std::string& answer) {
  printf("%s %d %s\n", what, number, answer.c_str());
  fflush(stdout);
}

int Listen(sockaddr_in& address) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  socklen_t size = sizeof(address);
  address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(fd, 16) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    abort();
  return fd;
}

[[gnu::noinline]] int Dial(const sockaddr_in& address) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  const int result = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  static int number = 0;
  Print("connect", ++number, Answer(result));
  if (result == 0) return fd;
  close(fd);
  return -1;
}

// An echo server in a thread; five connections that must come about, however often they are refused.
void Network() {
  sockaddr_in address;
  const int listener = Listen(address);
  constexpr int kConnections = 5;
  std::thread server([listener] {
    for (int served = 0; served < kConnections;) {
      const int fd = accept(listener, nullptr, nullptr);
      if (fd < 0) continue;
      char data[64];
      ssize_t got;
      while ((got = recv(fd, data, sizeof(data), 0)) != 0) {
        if (got > 0 && send(fd, data, static_cast<size_t>(got), MSG_NOSIGNAL) < 0) break;
      }
      close(fd);
      ++served;
    }
  });
  for (int made = 0; made < kConnections;) {
    const int fd = Dial(address);
    if (fd < 0) continue;
    std::string echo;
    if (send(fd, "ping", 4, MSG_NOSIGNAL) != 4) abort();
    while (echo.size() < 4) {
      char data[16];
      const ssize_t got = recv(fd, data, sizeof(data), 0);
      if (got > 0) echo.append(data, static_cast<size_t>(got));
    }
    Print("echo", ++made, echo);
    close(fd);
  }
  server.join();
  close(listener);
}

// A checkpoint writer: write, fsync, rename; retries what fails.
void Files() {
  const std::string part = g_directory + "/part", whole = g_directory + "/whole";
  for (int i = 1; i <= 5; ++i) {
    const int fd = open(part.c_str(), O_CREAT | O_TRUNC | O_RDWR, 0600);
    Print("open", i, Answer(fd));
    if (fd < 0) continue;
    Print("write", i, Answer(write(fd, "0123456789", 10)));
    Print("fsync", i, Answer(fsync(fd)));
    char data[10];
    Print("pread", i, Answer(pread(fd, data, sizeof(data), 0)));
    Print("close", i, Answer(close(fd)));
    Print("rename", i, Answer(rename(part.c_str(), whole.c_str())));
  }
}

using Move = std::function<ssize_t(char* data, size_t size)>;

// Moves all of the data however little goes at once; how many calls it took.
int MoveAll(const Move& move, std::string& data) {
  int calls = 0;
  for (size_t done = 0; done < data.size(); ++calls) {
    const ssize_t moved = move(data.data() + done, data.size() - done);
    if (moved <= 0) abort();
    done += static_cast<size_t>(moved);
  }
  return calls;
}

// Each way to move bytes through a socket pair.
void Transfers() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) abort();
  const auto pieces = [](char* data, size_t size) {
    const size_t half = size / 2;
    return std::array<iovec, 3>{iovec{nullptr, 0}, iovec{data, half}, iovec{data + half, size - half}};
  };
  const auto message = [](std::array<iovec, 3>& parts) {
    msghdr header = {};
    header.msg_iov = parts.data(), header.msg_iovlen = parts.size();
    return header;
  };
  struct Way {
    const char* name;
    Move out, in;
  };
  const Way ways[] = {
      {"read-write", [&](char* data, size_t size) { return write(ends[0], data, size); },
       [&](char* data, size_t size) { return read(ends[1], data, size); }},
      {"send-recv", [&](char* data, size_t size) { return send(ends[0], data, size, 0); },
       [&](char* data, size_t size) { return recv(ends[1], data, size, 0); }},
      {"writev-readv",
       [&](char* data, size_t size) {
         const auto parts = pieces(data, size);
         return writev(ends[0], parts.data(), static_cast<int>(parts.size()));
       },
       [&](char* data, size_t size) {
         const auto parts = pieces(data, size);
         return readv(ends[1], parts.data(), static_cast<int>(parts.size()));
       }},
      {"sendmsg-recvmsg",
       [&](char* data, size_t size) {
         auto parts = pieces(data, size);
         const msghdr header = message(parts);
         return sendmsg(ends[0], &header, 0);
       },
       [&](char* data, size_t size) {
         auto parts = pieces(data, size);
         msghdr header = message(parts);
         return recvmsg(ends[1], &header, 0);
       }},
  };
  for (const Way& way : ways) {
    std::string sent = "abcdefghijklmnopqrst", received(sent.size(), '?');
    const int writes = MoveAll(way.out, sent), reads = MoveAll(way.in, received);
    printf("%s %d %d %s\n", way.name, writes, reads, sent == received ? "same" : "differs");
  }
}

[[gnu::noinline]] void Reject(int i) {
  if (i >= 0) throw std::runtime_error("rejected");
}
[[gnu::noinline]] void Overflow(int i) {
  if (i >= 0) throw std::length_error("too long");
}
[[gnu::noinline]] void FromHere(int i) {
  try {
    Reject(i);
  } catch (const std::runtime_error&) {
    Print("caught", i, "runtime_error");
  }
}
[[gnu::noinline]] void FromThere(int i) {
  try {
    Reject(i);
  } catch (const std::exception&) {
    Print("caught", i, "exception");
  }
}

void Throws() {
  for (int i = 1; i <= 3; ++i) FromHere(i);
  FromThere(4);
  for (int i = 5; i <= 6; ++i) {
    try {
      Overflow(i);
    } catch (const std::length_error&) {
      Print("caught", i, "length_error");
    }
  }
}

timespec In(clockid_t clock, int ms) {
  timespec time;
  clock_gettime(clock, &time);
  time.tv_nsec += ms * 1'000'000;
  if (time.tv_nsec >= 1'000'000'000) ++time.tv_sec, time.tv_nsec -= 1'000'000'000;
  return time;
}

void Times() {
  timespec time = {0, 1'000'000}, rest = {};
  const int slept = nanosleep(&time, &rest);
  printf("nanosleep %s rest %ld\n", Answer(slept).c_str(), rest.tv_nsec);
  const int on_clock = clock_nanosleep(CLOCK_MONOTONIC, 0, &time, nullptr);
  printf("clock_nanosleep %s\n", on_clock == 0 ? "ok" : strerrorname_np(on_clock));
  printf("usleep %s\n", Answer(usleep(1000)).c_str());
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
  pthread_mutex_lock(&mutex);
  timespec until = In(CLOCK_REALTIME, 1);
  printf("timedwait %s\n", strerrorname_np(pthread_cond_timedwait(&condition, &mutex, &until)));
  pthread_mutex_unlock(&mutex);
  sem_t semaphore;
  sem_init(&semaphore, 0, 0);
  until = In(CLOCK_REALTIME, 1);
  printf("sem_timedwait %s\n", Answer(sem_timedwait(&semaphore, &until)).c_str());
  std::mutex lock;
  std::condition_variable ready;
  std::unique_lock<std::mutex> held(lock);
  const bool timed_out = ready.wait_for(held, std::chrono::milliseconds(1)) == std::cv_status::timeout;
  printf("wait_for %s\n", timed_out ? "timeout" : "woken");
  pollfd nothing = {-1, POLLIN, 0};
  printf("poll %d\n", poll(&nothing, 1, 1));
  addrinfo* found = nullptr;
  addrinfo hints = {};
  hints.ai_flags = AI_NUMERICHOST;
  const int resolved = getaddrinfo("127.0.0.1", nullptr, &hints, &found);
  printf("getaddrinfo %d\n", resolved);
  if (resolved == 0) freeaddrinfo(found);
}

// "poll 1 ready 1": what it returned, and what it said of a pipe that has something to read.
void Waits() {
  constexpr int kLongMs = 300;
  int ends[2];
  if (pipe(ends) != 0 || write(ends[1], "x", 1) != 1) abort();
  const auto begin = std::chrono::steady_clock::now();
  pollfd one = {ends[0], POLLIN, POLLIN};
  int result = poll(&one, 1, kLongMs);
  printf("poll %d ready %d\n", result, one.revents != 0);
  const timespec long_time = {0, kLongMs * 1000000};
  one.revents = POLLIN;
  result = ppoll(&one, 1, &long_time, nullptr);
  printf("ppoll %d ready %d\n", result, one.revents != 0);
  fd_set set;
  FD_ZERO(&set);
  FD_SET(ends[0], &set);
  timeval limit = {0, kLongMs * 1000};
  result = select(ends[0] + 1, &set, nullptr, nullptr, &limit);
  printf("select %d ready %d\n", result, FD_ISSET(ends[0], &set) != 0);
  FD_SET(ends[0], &set);
  result = pselect(ends[0] + 1, &set, nullptr, nullptr, nullptr, nullptr);
  printf("pselect %d ready %d\n", result, FD_ISSET(ends[0], &set) != 0);
  const int waiting = epoll_create1(0);
  epoll_event event = {};
  event.events = EPOLLIN;
  epoll_ctl(waiting, EPOLL_CTL_ADD, ends[0], &event);
  printf("epoll_wait %d\n", epoll_wait(waiting, &event, 1, kLongMs));
  printf("epoll_pwait %d\n", epoll_pwait(waiting, &event, 1, kLongMs, nullptr));
  const std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - begin;
  printf("long %d\n", spent.count() >= kLongMs);
}

int WaitFor(pid_t child) {
  int status = 0;
  if (waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void Spawns() {
  const char* const missing[] = {"/no/such/program", nullptr};
  const char* const fine[] = {"/bin/true", nullptr};
  for (const auto* arguments : {missing, fine}) {
    const pid_t child = fork();
    if (child == 0) {
      execve(arguments[0], const_cast<char* const*>(arguments), environ);
      _exit(errno == ENOENT ? 44 : 45);
    }
    printf("exec %d\n", WaitFor(child));
    pid_t spawned = 0;
    const int error =
        posix_spawn(&spawned, arguments[0], nullptr, nullptr, const_cast<char* const*>(arguments), environ);
    printf("spawn %s %d\n", error == 0 ? "ok" : strerrorname_np(error), error == 0 ? WaitFor(spawned) : -1);
  }
  pthread_t thread;
  const int error = pthread_create(
      &thread, nullptr, [](void*) -> void* { return nullptr; }, nullptr);
  printf("pthread_create %s\n", error == 0 ? "ok" : strerrorname_np(error));
  if (error == 0) pthread_join(thread, nullptr);
}

// Threads that fork, exec, open, write, throw and make threads, all at once; sums up what came back.
void Storm() {
  constexpr int kThreads = 6, kRounds = 15;
  std::vector<std::thread> threads;
  std::array<int, kThreads> good = {};
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([t, &good] {
      for (int round = 0; round < kRounds; ++round) {
        int ends[2];
        if (pipe(ends) != 0) abort();
        const pid_t child = fork();
        if (child == 0) {
          close(ends[0]);
          const bool written = write(ends[1], "child", 5) == 5;
          close(ends[1]);
          if (round % 3 == 0) execl("/bin/true", "true", nullptr);
          _exit(written ? 0 : 1);
        }
        close(ends[1]);
        char data[8];
        const bool told = read(ends[0], data, sizeof(data)) == 5;
        close(ends[0]);
        std::thread([] {
          try {
            Reject(1);
          } catch (const std::runtime_error&) {
          }
        }).join();
        good[static_cast<size_t>(t)] += told && WaitFor(child) == 0;
      }
    });
  }
  int sum = 0;
  for (int t = 0; t < kThreads; ++t)
    threads[static_cast<size_t>(t)].join(), sum += good[static_cast<size_t>(t)];
  printf("storm %d of %d\n", sum, kThreads * kRounds);
}

// A signal handler that calls, leaves by siglongjmp, and a cancelled thread: hooks are left in every way.
sigjmp_buf g_back;
void Handler(int) {
  if (write(STDOUT_FILENO, "handler\n", 8) != 8) abort();
  siglongjmp(g_back, 1);
}

void Leaves() {
  int ends[2];
  if (pipe(ends) != 0) abort();
  struct sigaction action = {};
  action.sa_handler = Handler;
  sigaction(SIGALRM, &action, nullptr);
  if (sigsetjmp(g_back, 1) == 0) {
    const itimerval soon = {{0, 0}, {0, 1000}};
    setitimer(ITIMER_REAL, &soon, nullptr);
    char data;
    if (read(ends[0], &data, 1) >= 0) abort();  // until the handler jumps out of it
  }
  pthread_t thread;
  pthread_create(
      &thread, nullptr,
      [](void* fd) -> void* {
        char data;
        (void)!read(*static_cast<int*>(fd), &data, 1);
        return nullptr;
      },
      &ends[0]);
  pthread_cancel(thread);
  void* result = nullptr;
  pthread_join(thread, &result);
  printf("cancelled %d\n", result == PTHREAD_CANCELED);
  errno = 77;
  const ssize_t written = write(ends[1], "x", 1);
  printf("write %zd errno %d\n", written, errno);
}

// What a call that a handler jumped out of, or ended its thread or the process in, leaves behind: ten calls
// from frames far below it each time, and one from the clean-up and the exit handler.
[[gnu::noinline]] void WriteFarBelow(int times) {
  volatile char below[4096];
  below[0] = 'x';
  static const int null = open("/dev/null", O_WRONLY);
  for (int i = 0; i < times; ++i) {
    if (write(null, const_cast<const char*>(below), 1) != 1) abort();
  }
}

extern "C" [[noreturn]] void __longjmp_chk(__jmp_buf_tag*, int);
sigjmp_buf g_jump;
void (*g_leave)() = nullptr;

[[gnu::noinline]] void ReadUntilTheHandlerLeaves() {
  int ends[2];
  if (pipe(ends) != 0) abort();
  const itimerval soon = {{0, 0}, {0, 20000}};  // the read has begun, or the handler jumps all the same
  setitimer(ITIMER_REAL, &soon, nullptr);
  char data;
  if (read(ends[0], &data, 1) >= 0) abort();
}

void* ThreadThatEndsInItsHandler(void*) {
  g_leave = [] {
    pthread_cleanup_push([](void*) { WriteFarBelow(1); }, nullptr);
    pthread_exit(nullptr);
    pthread_cleanup_pop(0);
  };
  sigset_t alarm;
  sigemptyset(&alarm);
  sigaddset(&alarm, SIGALRM);
  pthread_sigmask(SIG_UNBLOCK, &alarm, nullptr);
  ReadUntilTheHandlerLeaves();
  return nullptr;
}

void Jumps() {
  struct sigaction action = {};
  action.sa_handler = [](int) { g_leave(); };
  sigaction(SIGALRM, &action, nullptr);
  void (*const ways[])() = {[] { siglongjmp(g_jump, 1); }, [] { longjmp(g_jump, 1); },
                            [] { _longjmp(g_jump, 1); }, [] { __longjmp_chk(g_jump, 1); }};
  for (void (*way)() : ways) {
    g_leave = way;
    if (sigsetjmp(g_jump, 1) == 0) ReadUntilTheHandlerLeaves();
    WriteFarBelow(10);
  }
  sigset_t alarm, before;
  sigemptyset(&alarm);
  sigaddset(&alarm, SIGALRM);
  pthread_sigmask(SIG_BLOCK, &alarm, &before);
  pthread_t thread;
  pthread_create(&thread, nullptr, ThreadThatEndsInItsHandler, nullptr);
  pthread_join(thread, nullptr);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  atexit([] { WriteFarBelow(1); });
  g_leave = [] { exit(7); };
  ReadUntilTheHandlerLeaves();
}

// Two libraries, one after the other at the same address, each called three times; then the first one again.
void Plugins() {
  const int null = open("/dev/null", O_WRONLY);
  for (const char* file : {PLUGIN_A, PLUGIN_B, PLUGIN_A}) {
    void* const library = dlopen(file, RTLD_NOW);
    if (library == nullptr) abort();
    const auto call = reinterpret_cast<int (*)(int)>(dlsym(library, "CallFromPlugin"));
    static const auto first = call;
    printf("same address %d\n", call == first);
    for (int i = 0; i < 3; ++i) {
      if (call(null) != 1) abort();
    }
    dlclose(library);
  }
}

void WaitForEver() {
  Print("ready", 0, "");
  while (true) poll(nullptr, 0, -1);
}

}  // namespace

int main(int count, char** arguments) {
  const std::map<std::string, void (*)()> modes = {
      {"network", Network},  {"files", Files},   {"transfers", Transfers}, {"throws", Throws},
      {"times", Times},      {"spawns", Spawns}, {"storm", Storm},         {"leaves", Leaves},
      {"wait", WaitForEver}, {"jumps", Jumps},   {"plugins", Plugins},     {"waits", Waits}};
  const auto mode = modes.find(count > 1 ? arguments[1] : "");
  if (mode == modes.end()) return 2;
  if (count > 2) g_directory = arguments[2];
  mode->second();
  return 7;
}
