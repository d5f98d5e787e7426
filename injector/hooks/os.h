// The few operating-system calls that hooks make, without errno surprises: clocks, futex, messages.
#pragma once

#include <atomic>
#include <cstdint>

namespace rankle::hooks {

uint64_t MonotonicNs();
uint64_t RealtimeNs();

// Sleeps until then, through signals.
void SleepUntil(uint64_t monotonic_ns);

// Waits while the word holds `expected`, for at most `timeout_ns`. Wakes from another process reach it too.
void FutexWait(const std::atomic<uint32_t>& word, uint32_t expected, uint64_t timeout_ns);
void FutexWake(const std::atomic<uint32_t>& word);

// One line on standard error with the process id, in one write; at most 500 characters. Async-signal-safe.
void Message(const char* text, const char* detail = "");

// FNV-1a with a final mix: the same on every host.
uint64_t HashBytes(const void* bytes, uint64_t size, uint64_t seed = 0);
uint64_t HashCombine(uint64_t a, uint64_t b);

}  // namespace rankle::hooks
