// The TCP connections of a network namespace, from the kernel's socket diagnosis (sock_diag(7)).
#pragma once

#include <cstdint>
#include <vector>

namespace rankle::kernel {

struct TcpSocket {
  uint32_t source = 0, destination = 0;  // IPv4, most significant byte first
  uint16_t source_port = 0, destination_port = 0;
  uint32_t unacked = 0;  // segments
  uint32_t queued_bytes = 0;
  uint32_t rtt_us = 0, min_rtt_us = 0;  // min: 0 = none yet
  uint32_t segments = 0, retransmits = 0;
  uint32_t inode = 0;                               // what /proc/PID/fd shows; 0 = no process has it any more
  uint32_t packets_sent = 0, packets_received = 0;  // with data or without
  uint64_t bytes_sent = 0;                          // each byte once
  uint64_t bytes_acked = 0, bytes_received = 0;
};

// A socket that asks about the network namespace in which it was made, wherever its process is later. -1:
// errno.
int OpenSocketDiagnosis();
// Established connections and those on which data of ours is still under way.
std::vector<TcpSocket> TcpSockets(int diagnosis);

}  // namespace rankle::kernel
