#include "virtual_gpu/nccl/tree.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

namespace rankle::virtual_nccl {
namespace {

// The binomial tree over ranks renumbered so that the root is 0: the parent of v clears v's lowest set bit,
// the children set one bit below it.
struct Position {
  Position(const Link& link, int root)
      : size(link.size()), root(root), self((link.rank() - root + size) % size) {
    for (int bit = 1; bit < size && (self & bit) == 0; bit <<= 1) {
      if (self + bit < size) children.push_back(self + bit);
    }
  }
  int Rank(int position) const { return (position + root) % size; }
  int parent() const { return self & (self - 1); }

  int size;
  int root;
  int self;
  std::vector<int> children;  // nearest first: the order in which their subtrees complete
};

void SendOne(Transport& transport, int peer, Parcel parcel, size_t bytes) {
  SendFlow flow(transport, peer, Lane::kTree, 0, 1);
  flow.Push(std::move(parcel), bytes);
  flow.Drain();
}

// Receives from several peers that are posted for together and taken in order.
class Inbox {
 public:
  Inbox(Transport& transport, const Position& position, size_t bytes) {
    flows_.reserve(position.children.size());
    for (int child : position.children) {
      flows_.push_back(std::make_unique<ReceiveFlow>(transport, position.Rank(child), Lane::kTree, 0, 1));
      flows_.back()->Post(bytes);
    }
  }
  Parcel Take(size_t i) { return flows_[i]->Take(); }

 private:
  std::vector<std::unique_ptr<ReceiveFlow>> flows_;
};

}  // namespace

void TreeReduce(Transport& transport, const Reduction& reduction, Parcel& partial, size_t count, int root) {
  const Position position(transport.link, root);
  const size_t bytes = count * reduction.element_size();
  Inbox inbox(transport, position, bytes);
  for (size_t i = 0; i < position.children.size(); ++i) {
    const Parcel from_child = inbox.Take(i);
    reduction.Merge(partial->data(), from_child->data(), count);
  }
  if (position.self == 0) return;
  SendOne(transport, position.Rank(position.parent()), std::move(partial), bytes);
  partial = transport.link.Acquire();
}

void TreeBroadcast(Transport& transport, Parcel& parcel, size_t bytes, int root) {
  const Position position(transport.link, root);
  if (position.self != 0) {
    ReceiveFlow flow(transport, position.Rank(position.parent()), Lane::kTree, 0, 1);
    flow.Post(bytes);
    parcel = flow.Take();
  }
  // Farthest child first: it has the deepest subtree. All sends are started before the first is waited for.
  std::vector<std::unique_ptr<SendFlow>> flows;
  for (auto child = position.children.rbegin(); child != position.children.rend(); ++child) {
    Parcel copy = transport.link.Acquire();
    std::memcpy(copy->data(), parcel->data(), bytes);
    flows.push_back(std::make_unique<SendFlow>(transport, position.Rank(*child), Lane::kTree, 0, 1));
    flows.back()->Push(std::move(copy), bytes);
  }
  for (auto& flow : flows) flow->Drain();
}

void TreeGatherToZero(Transport& transport, Parcel& parcel, size_t block_bytes) {
  const Position position(transport.link, 0);
  // The subtree of a position is a contiguous range of ranks that begins with it.
  const auto subtree_bytes = [&](int node) {
    const int span = node == 0 ? position.size : node & -node;
    return static_cast<size_t>(std::min(span, position.size - node)) * block_bytes;
  };
  Inbox inbox(transport, position, block_bytes);
  for (size_t i = 0; i < position.children.size(); ++i) {
    const int child = position.children[i];
    const Parcel from_child = inbox.Take(i);
    std::memcpy(parcel->data() + child * block_bytes, from_child->data(), subtree_bytes(child));
  }
  if (position.self == 0) return;
  Parcel outgoing = transport.link.Acquire();
  const size_t bytes = subtree_bytes(position.self);
  std::memcpy(outgoing->data(), parcel->data() + position.self * block_bytes, bytes);
  SendOne(transport, position.Rank(position.parent()), std::move(outgoing), bytes);
}

}  // namespace rankle::virtual_nccl
