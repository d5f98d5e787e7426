#include "tracer/ebpf/communicators.h"

#include <algorithm>
#include <utility>

namespace rankle::ebpf {

using record::CommState;
using record::State;
using record::Writer;

namespace {

// Operations that wait for the numbering of one communicator. A job that reaches this many without it being
// found has a layout that we do not know.
constexpr size_t kMostWaiting = 1u << 16;

// Two ranks belong to one creation when rank and size were given by the same world.
constexpr uint64_t kWorldOfEnvironment = 1;

}  // namespace

Communicators::Communicators(record::Writer& writer, LibraryKnowledge& knowledge, ReadMemory read,
                             std::function<uint64_t()> now, int32_t world_rank, int32_t world_size)
    : writer_(writer),
      knowledge_(knowledge),
      read_(std::move(read)),
      now_(std::move(now)),
      world_rank_(world_rank),
      world_size_(world_size) {}

Communicator* Communicators::Announce(uint64_t id, uint64_t parent_id, int32_t rank, int32_t nranks,
                                      int32_t color, const std::string& name, uint64_t now_ns) {
  Communicator& made = all_.emplace_back();
  made.id = id, made.rank = rank, made.nranks = nranks;
  made.complete = rank >= 0 && nranks > 0;
  made.base = 0;
  made.index = writer_.AddComm(id, parent_id, rank, nranks, -1, color, name.c_str(), now_ns);
  return &made;
}

void Communicators::NoteSplit(const Communicator& parent, uint64_t number, int32_t color, int32_t key,
                              Communicator* made) {
  if (parent.rank < 0) return;
  knowledge_.splits.Note(parent.id, number, parent.rank, color, key);
  if (made != nullptr) made->parent = &parent, made->split_number = number;
}

void Communicators::Bind(Communicator* communicator, uint64_t handle, bool ready, uint64_t now_ns) {
  communicator->handle = handle;
  by_handle_[handle] = communicator;
  has_new_ = true;
  record::CommEntry* const entry = writer_.comm(communicator->index);
  if (entry != nullptr) entry->handle = handle;
  if (const Communicator* const parent = communicator->parent; parent != nullptr && !communicator->complete) {
    const auto place =
        knowledge_.splits.Find(parent->id, communicator->split_number, parent->rank, parent->nranks);
    if (place) {
      communicator->rank = place->rank, communicator->nranks = place->nranks, communicator->complete = true;
      if (entry != nullptr) entry->rank = place->rank, entry->nranks = place->nranks;
    }
  }
  if (ready) MarkReady(*communicator, now_ns);
}

void Communicators::MarkReady(Communicator& communicator, uint64_t now_ns) {
  if (communicator.ready) return;
  communicator.ready = true;
  TakeRankFrom(communicator);
  record::CommEntry* const entry = writer_.comm(communicator.index);
  if (entry == nullptr) return;
  entry->ready_ns.store(now_ns);
  entry->state.store(static_cast<uint32_t>(CommState::kReady));
}

void Communicators::MarkFailed(Communicator* communicator) {
  if (record::CommEntry* const entry = writer_.comm(communicator->index))
    entry->state.store(static_cast<uint32_t>(CommState::kFailed));
}

Communicator* Communicators::Find(uint64_t handle) {
  if (handle == 0) return nullptr;
  Communicator*& found = by_handle_[handle];
  if (found == nullptr) {
    found = &all_.emplace_back();
    found->handle = handle;
    found->before = true;
    has_new_ = true;
  }
  return found;
}

void Communicators::Forget(uint64_t handle) { by_handle_.erase(handle); }

// The rank of a process without launcher variables is its rank in its largest communicator.
void Communicators::TakeRankFrom(const Communicator& communicator) {
  record::FileHeader* const header = writer_.header();
  if (header == nullptr || communicator.nranks <= largest_) return;
  largest_ = communicator.nranks;
  if (header->rank_source.load() == static_cast<uint32_t>(record::RankSource::kEnvironment)) return;
  header->rank.store(communicator.rank);
  header->world_size.store(communicator.nranks);
  header->rank_source.store(static_cast<uint32_t>(record::RankSource::kLargestCommunicator));
}

bool Communicators::CanPublish(const Operation& operation) {
  return operation.communicator->complete && (operation.p2p || operation.communicator->base);
}

void Communicators::PublishWaiting(Communicator& communicator) {
  std::deque<std::shared_ptr<Operation>> later;
  for (const std::shared_ptr<Operation>& operation : communicator.waiting) {
    if (CanPublish(*operation))
      Publish(*operation);
    else
      later.push_back(operation);
  }
  communicator.waiting = std::move(later);
}

void Communicators::Publish(Operation& operation) {
  Communicator& communicator = *operation.communicator;
  record::NewRecord& fresh = operation.record;
  fresh.comm = communicator.index;
  fresh.seq = static_cast<uint32_t>(operation.index + (operation.p2p ? 0 : *communicator.base));
  operation.written = writer_.Begin(fresh, State::kEntered);
  if (operation.returned_ns != 0)
    Writer::SetReturned(operation.written, operation.returned_ns, operation.result, operation.state);
  if (record::CommEntry* const entry = writer_.comm(communicator.index)) {
    if (operation.state == State::kFailed) return;
    std::atomic<uint32_t>& last = operation.p2p ? entry->last_p2p_seq : entry->last_seq;
    if (fresh.seq > last.load()) last.store(fresh.seq);
  }
  if (operation.p2p || communicator.nranks != world_size_) return;
  knowledge_.p2p_anchor.Reached(communicator.id, communicator.nranks, communicator.rank, fresh.seq);
  counts_p2p_ |= knowledge_.p2p_anchor.IsAt(communicator.id, fresh.seq);
}

void Communicators::Enter(const std::shared_ptr<Operation>& operation) {
  Communicator& communicator = *operation->communicator;
  if (operation->p2p && communicator.before && !counts_p2p_) {
    ++left_out_;
    operation->state = State::kUntracked;
    return;
  }
  operation->index = operation->p2p ? ++communicator.p2p_seen : ++communicator.seen;
  if (CanPublish(*operation)) return Publish(*operation);
  if (communicator.waiting.size() < kMostWaiting) {
    communicator.waiting.push_back(operation);
  } else {
    ++left_out_;
  }
}

void Communicators::Return(Operation& operation, uint64_t now_ns, int result, State state, bool failed) {
  Communicator& communicator = *operation.communicator;
  operation.returned_ns = now_ns, operation.result = result, operation.state = state;
  if (!failed && !operation.p2p && state != State::kEntered) ++communicator.returned;
  if (!failed && !communicator.before) MarkReady(communicator, now_ns);  // or NCCL would not have taken it
  if (failed && operation.index != 0) {
    uint64_t& seen = operation.p2p ? communicator.p2p_seen : communicator.seen;
    if (seen == operation.index) --seen;
  }
  if (operation.written != nullptr) Writer::SetReturned(operation.written, now_ns, result, state);
}

void Communicators::SetState(Operation& operation, State state) {
  if (operation.state == State::kEntered && !operation.p2p) ++operation.communicator->returned;
  operation.state = state;
  Writer::SetState(operation.written, state);
}

void Communicators::Complete(Communicator& communicator, const CommFacts& facts) {
  communicator.rank = facts.rank, communicator.nranks = facts.nranks;
  if (communicator.before) {
    const uint64_t start_ns = writer_.header()->start_monotonic_ns;
    communicator.id = facts.hash;
    communicator.index =
        writer_.AddComm(facts.hash, 0, facts.rank, facts.nranks, facts.device, -1, "", start_ns);
    Bind(&communicator, communicator.handle, /*ready=*/true, start_ns);
  } else if (record::CommEntry* const entry = writer_.comm(communicator.index)) {
    entry->rank = facts.rank, entry->nranks = facts.nranks, entry->device = facts.device;
    MarkReady(communicator, now_());
  }
  communicator.complete = true;
  TakeRankFrom(communicator);
}

// Of a communicator whose rank and size are told from elsewhere: where does its memory say them?
void Communicators::Learn(Communicator& communicator) {
  const bool before = communicator.before;
  const int32_t rank = before ? world_rank_ : communicator.rank;
  const int32_t nranks = before ? world_size_ : communicator.nranks;
  if (!communicator.learnt && rank >= 0 && nranks > 0) {
    communicator.learnt = true;
    knowledge_.layout.Learn(read_(communicator.handle, CommLayout::kBytesToRead),
                            before ? kWorldOfEnvironment : communicator.id, rank, nranks);
  }
  knowledge_.place = knowledge_.layout.place(knowledge_.final);
}

void Communicators::JudgeLook(Communicator& communicator) {
  if (communicator.look.empty()) return;
  uint64_t entered = 0, returned = 0;
  for (const std::shared_ptr<Operation>& operation : communicator.waiting) {
    if (operation->state == State::kFailed || operation->p2p) continue;
    entered += operation->record.entered_ns <= communicator.look_ended_ns;
    // What belongs to an open group has come back and is not enqueued yet.
    const bool enqueued = operation->returned_ns != 0 && operation->state != State::kEntered;
    returned += enqueued && operation->returned_ns <= communicator.look_began_ns;
  }
  communicator.counter.Add(communicator.look, returned, entered);
  communicator.look.clear();
  if (!knowledge_.counter_offset) knowledge_.counter_offset = communicator.counter.offset();
  if (knowledge_.counter_offset) communicator.base = communicator.counter.Before(*knowledge_.counter_offset);
}

void Communicators::Resolve() {
  has_new_ = false;
  for (Communicator& communicator : all_) {
    const bool known = communicator.complete && communicator.ready && communicator.base && knowledge_.place;
    if (communicator.handle == 0 || known) continue;
    if (!knowledge_.place) Learn(communicator);
    if (!knowledge_.place) continue;
    const size_t place = *knowledge_.place;
    if (!communicator.complete || !communicator.ready) {
      const auto facts = CommLayout::Read(read_(communicator.handle, place + 64), place);
      if (!facts) continue;  // still being made
      Complete(communicator, *facts);
    }
    PublishWaiting(communicator);  // what needs no number of collectives
    if (!communicator.base) JudgeLook(communicator);
    if (!communicator.base) {
      communicator.look_began_ns = now_();
      communicator.look = read_(communicator.handle + place, CommLayout::kCounterBytes);
      communicator.look_ended_ns = now_();
      continue;
    }
    PublishWaiting(communicator);
  }
  knowledge_.p2p_anchor.Decide();
}

bool Communicators::has_told() const {
  return std::any_of(all_.begin(), all_.end(), [](const Communicator& c) { return c.learnt; });
}

uint64_t Communicators::left_out() const {
  uint64_t waiting = left_out_;
  for (const Communicator& communicator : all_) waiting += communicator.waiting.size();
  return waiting;
}

}  // namespace rankle::ebpf
