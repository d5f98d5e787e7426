// Gloo's side of the boundary that connections.h describes.
#pragma once

#include <gloo/rendezvous/store.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "virtual_gpu/nccl/connections.h"

namespace rankle::virtual_nccl {

// A KeyValueStore as Gloo wants it. A get blocks by itself, so there is nothing to wait for before it.
class GlooStore : public gloo::rendezvous::Store {
 public:
  explicit GlooStore(KeyValueStore store) : store_(std::move(store)) {}
  void set(const std::string& key, const std::vector<char>& data) override { store_.set(key, data); }
  std::vector<char> get(const std::string& key) override { return store_.get(key); }
  void wait(const std::vector<std::string>&) override {}
  void wait(const std::vector<std::string>&, const std::chrono::milliseconds&) override {}

 private:
  KeyValueStore store_;
};

ConnectFunction ConnectGloo;

}  // namespace rankle::virtual_nccl
