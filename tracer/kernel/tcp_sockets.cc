#include "tracer/kernel/tcp_sockets.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

namespace rankle::kernel {
namespace {

constexpr uint32_t kNoMinimum = UINT32_MAX;
// tcp_states.h of the kernel: established, fin-wait-1, close-wait, last-ack, closing.
constexpr uint32_t kStates = 1u << 1 | 1u << 4 | 1u << 8 | 1u << 9 | 1u << 11;

TcpSocket SocketOf(const nlmsghdr* message) {
  const auto* found = static_cast<const inet_diag_msg*>(NLMSG_DATA(message));
  TcpSocket socket;
  socket.source = ntohl(found->id.idiag_src[0]), socket.destination = ntohl(found->id.idiag_dst[0]);
  socket.source_port = ntohs(found->id.idiag_sport), socket.destination_port = ntohs(found->id.idiag_dport);
  socket.inode = found->idiag_inode;
  int left = static_cast<int>(message->nlmsg_len - NLMSG_LENGTH(sizeof(*found)));
  for (const auto* a = reinterpret_cast<const rtattr*>(found + 1); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
    if (a->rta_type == INET_DIAG_SKMEMINFO && RTA_PAYLOAD(a) > SK_MEMINFO_WMEM_ALLOC * sizeof(uint32_t))
      socket.queued_bytes = static_cast<const uint32_t*>(RTA_DATA(a))[SK_MEMINFO_WMEM_ALLOC];
    if (a->rta_type != INET_DIAG_INFO) continue;
    tcp_info info{};
    memcpy(&info, RTA_DATA(a), std::min<size_t>(sizeof(info), RTA_PAYLOAD(a)));  // older kernels tell less
    socket.unacked = info.tcpi_unacked, socket.rtt_us = info.tcpi_rtt;
    socket.min_rtt_us = info.tcpi_min_rtt == kNoMinimum ? 0 : info.tcpi_min_rtt;
    socket.segments = info.tcpi_data_segs_out, socket.retransmits = info.tcpi_total_retrans;
    socket.packets_sent = info.tcpi_segs_out, socket.packets_received = info.tcpi_segs_in;
    socket.bytes_sent = info.tcpi_bytes_sent - info.tcpi_bytes_retrans;
    socket.bytes_acked = info.tcpi_bytes_acked, socket.bytes_received = info.tcpi_bytes_received;
  }
  return socket;
}

}  // namespace

int OpenSocketDiagnosis() { return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG); }

std::vector<TcpSocket> TcpSockets(int diagnosis) {
  struct {
    nlmsghdr header;
    inet_diag_req_v2 body;
  } request{};
  request.header.nlmsg_len = sizeof(request);
  request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.body.sdiag_family = AF_INET, request.body.sdiag_protocol = IPPROTO_TCP;
  request.body.idiag_states = kStates;
  request.body.idiag_ext = 1 << (INET_DIAG_INFO - 1) | 1 << (INET_DIAG_SKMEMINFO - 1);
  std::vector<TcpSocket> sockets;
  if (send(diagnosis, &request, sizeof(request), 0) < 0) return sockets;
  alignas(nlmsghdr) char buffer[32768];
  for (;;) {
    const ssize_t size = recv(diagnosis, buffer, sizeof(buffer), 0);
    if (size <= 0) return sockets;
    auto left = static_cast<size_t>(size);
    for (auto* message = reinterpret_cast<nlmsghdr*>(buffer); NLMSG_OK(message, left);
         message = NLMSG_NEXT(message, left)) {
      if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR) return sockets;
      sockets.push_back(SocketOf(message));
    }
  }
}

}  // namespace rankle::kernel
