#include "virtual_gpu/nccl/gloo_connections.h"

#include <gloo/rendezvous/context.h>
#include <gloo/transport/tcp/device.h>

#include <map>
#include <mutex>

namespace rankle::virtual_nccl {
namespace {

// One device (one event-loop thread) for each local address of the process. It is never destroyed: a thread
// of a hung collective may still use it when the process exits.
std::shared_ptr<gloo::transport::Device> DeviceFor(const std::string& host) {
  static auto* mutex = new std::mutex;
  static auto* devices = new std::map<std::string, std::shared_ptr<gloo::transport::Device>>;
  const std::lock_guard<std::mutex> lock(*mutex);
  auto& device = (*devices)[host];
  if (device == nullptr) {
    gloo::transport::tcp::attr attributes;
    attributes.hostname = host;
    device = gloo::transport::tcp::CreateDevice(attributes);
  }
  return device;
}

class GlooConnections : public Connections {
 public:
  GlooConnections(int rank, int size, const std::string& host, const KeyValueStore& key_values)
      : context_(rank, size) {
    GlooStore store(key_values);
    auto device = DeviceFor(host);
    context_.setTimeout(kEndless);
    context_.connectFullMesh(store, device);
  }
  std::unique_ptr<gloo::transport::UnboundBuffer> NewBuffer(void* memory, size_t bytes) override {
    return context_.createUnboundBuffer(memory, bytes);
  }
  void Close() override { context_.closeConnections(); }

 private:
  gloo::rendezvous::Context context_;
};

}  // namespace

std::unique_ptr<Connections> ConnectGloo(int rank, int size, const std::string& host,
                                         const KeyValueStore& store) {
  return std::make_unique<GlooConnections>(rank, size, host, store);
}

}  // namespace rankle::virtual_nccl

// The one exported name of librankle-vgpu-gloo.so.
extern "C" __attribute__((visibility("default"))) rankle::virtual_nccl::ConnectFunction* rankleVgpuGloo() {
  return &rankle::virtual_nccl::ConnectGloo;
}
