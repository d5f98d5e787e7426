#include "injector/sites/short_call.h"

#include <sys/socket.h>
#include <sys/uio.h>

namespace rankle::sites {
namespace {

// The call with its data cut to `limit` bytes. What the program handed in by pointer is replaced, not
// changed.
class ShortCall {
 public:
  ShortCall(const Visit& visit, uint64_t limit) : visit_(visit), limit_(limit) {}

  int64_t Run() {
    Visit instead = visit_;
    instead.invoke = [](void* frame) { return static_cast<ShortCall*>(frame)->Invoke(); };
    instead.frame = this;
    return Trace(instead);
  }

 private:
  iovec First(const iovec* pieces, size_t count) const {
    size_t at = 0;
    while (at + 1 < count && pieces[at].iov_len == 0) ++at;
    return {pieces[at].iov_base, pieces[at].iov_len < limit_ ? pieces[at].iov_len : limit_};
  }

  template <typename T>
  int64_t With(int position, T value) {
    T& argument = visit_.Argument<T>(position);
    const T before = argument;
    argument = value;
    const int64_t result = visit_.Invoke();
    argument = before;  // the outcome is judged by what the program asked for
    return result;
  }

  int64_t Invoke() {
    switch (visit_.call->transfer) {
      case Transfer::kSize:
        return With<size_t>(2, limit_);
      case Transfer::kPieces: {
        const iovec piece =
            First(visit_.Argument<const iovec*>(1), static_cast<size_t>(visit_.Argument<int>(2)));
        const int count = visit_.Argument<int>(2);
        visit_.Argument<int>(2) = 1;
        const int64_t result = With<const iovec*>(1, &piece);
        visit_.Argument<int>(2) = count;
        return result;
      }
      case Transfer::kMessage: {
        msghdr* const message = visit_.Argument<msghdr*>(1);
        iovec piece = First(message->msg_iov, message->msg_iovlen);
        msghdr cut = *message;
        cut.msg_iov = &piece, cut.msg_iovlen = 1;
        const int64_t result = With<msghdr*>(1, &cut);
        if (visit_.call->api == api::IdOf("recvmsg")) {
          message->msg_namelen = cut.msg_namelen, message->msg_controllen = cut.msg_controllen;
          message->msg_flags = cut.msg_flags;
        }
        return result;
      }
      case Transfer::kNone:
        break;
    }
    return visit_.Invoke();
  }

  const Visit& visit_;
  uint64_t limit_;
};

}  // namespace

int64_t RunShort(const Visit& visit, uint64_t limit) { return ShortCall(visit, limit).Run(); }

}  // namespace rankle::sites
