#include "tracer/ebpf/stream_progress.h"

#include <algorithm>

namespace rankle::ebpf {

using record::State;

namespace {

// Operations without an answer, over the most that there ever were between two: the program asks no more. A
// hang stops long before, because a program that waits issues nothing.
constexpr size_t kPatience = 4;
constexpr size_t kLeastPatience = 256;
// Events are handles that programs use again and again; more than this many, and it makes new ones for ever.
constexpr size_t kMostEvents = 1u << 16;

}  // namespace

State StreamProgress::StateOf(uint32_t stream) const {
  const auto found = streams_.find(stream);
  return found != streams_.end() && found->second.asked && !found->second.given_up ? State::kEnqueued
                                                                                   : State::kUntracked;
}

void StreamProgress::GiveUp(Stream& stream) {
  stream.given_up = true;
  for (const std::shared_ptr<Operation>& operation : stream.open)
    Communicators::SetState(*operation, State::kUntracked);
  stream.open.clear();
}

void StreamProgress::Add(uint32_t number, const std::shared_ptr<Operation>& operation) {
  Stream& stream = streams_[number];
  if (!stream.asked || stream.given_up) return;
  stream.open.push_back(operation);
  if (stream.open.size() > std::max(kLeastPatience, kPatience * stream.longest)) GiveUp(stream);
}

void StreamProgress::Done(uint32_t number, uint64_t since_ns) {
  Stream& stream = streams_[number];
  stream.asked = true;
  stream.longest = std::max(stream.longest, stream.open.size());
  while (!stream.open.empty() && stream.open.front()->returned_ns <= since_ns) {
    Communicators::SetState(*stream.open.front(), State::kUntracked);
    stream.open.pop_front();
  }
}

void StreamProgress::AllDone(uint64_t since_ns) {
  for (auto& [number, stream] : streams_) Done(number, since_ns);
}

void StreamProgress::Mark(uint64_t event, uint32_t stream, uint64_t now_ns) {
  if (events_.size() >= kMostEvents) events_.clear();
  events_[event] = {stream, now_ns};
}

void StreamProgress::EventDone(uint64_t event) {
  const auto found = events_.find(event);
  if (found != events_.end()) Done(found->second.stream, found->second.marked_ns);
}

}  // namespace rankle::ebpf
