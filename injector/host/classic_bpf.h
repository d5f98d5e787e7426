// Programs of classic BPF that drop packets, as text for `tc filter ... bpf da bytecode`. Classic, because
// the kernel takes them without a compiler, BTF or a loader; it checks and compiles them as any other. Pure.
#pragma once

#include <string>

namespace rankle::host {

// Drops `percent` of the IPv4 packets to `address`, or of all packets where `address` is 0; passes the rest
// on to the next filter. Which packets: the kernel's random numbers.
std::string DropProgram(unsigned address, double percent);

}  // namespace rankle::host
