// The wrappers of the C library's functions, made from calls.inc: glue only.
//
// Each is defined under a name of its own and exported under that of the function (an asm label): the headers
// declare the functions with attributes that differ from one C library to the next, and open() as variadic.
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "injector/hooks/export.h"
#include "injector/sites/intercept.h"

namespace rankle::sites {
namespace {

// (fd, data) -> ", fd, data"; () -> "".
#define RANKLE_ARGUMENTS(...) __VA_OPT__(, ) __VA_ARGS__

}  // namespace

extern "C" {
#define RANKLE_CALL(symbol, function, result, parameters, arguments, failure, zero, transfer, errors) \
  RANKLE_EXPORT result rankle_call_##symbol parameters __asm__(#symbol);                              \
  result rankle_call_##symbol parameters {                                                            \
    return Intercept<SlotOf(#symbol), result>(__builtin_return_address(0),                            \
                                              __builtin_frame_address(0) RANKLE_ARGUMENTS arguments); \
  }
#include "injector/sites/calls.inc"
#undef RANKLE_CALL
}

}  // namespace rankle::sites
