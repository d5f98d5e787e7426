// Live handles of one kind. The application sees the object's address; a call with a stale or foreign handle
// finds nothing here and becomes an error instead of a crash. Thread-safe; readers do not block each other.
#pragma once

#include <memory>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>
#include <vector>

namespace rankle::vgpu {

template <typename Object>
class HandleTable {
 public:
  void* Add(std::shared_ptr<Object> object) {
    void* handle = object.get();
    std::unique_lock lock(mutex_);
    objects_[handle] = std::move(object);
    return handle;
  }

  std::shared_ptr<Object> Find(const void* handle) const {
    std::shared_lock lock(mutex_);
    auto found = objects_.find(handle);
    return found == objects_.end() ? nullptr : found->second;
  }

  // Removes and returns the object, null when the handle is not live.
  std::shared_ptr<Object> Take(const void* handle) {
    std::unique_lock lock(mutex_);
    auto found = objects_.find(handle);
    if (found == objects_.end()) return nullptr;
    std::shared_ptr<Object> object = std::move(found->second);
    objects_.erase(found);
    return object;
  }

  std::vector<std::shared_ptr<Object>> All() const {
    std::shared_lock lock(mutex_);
    std::vector<std::shared_ptr<Object>> all;
    all.reserve(objects_.size());
    for (const auto& [handle, object] : objects_) all.push_back(object);
    return all;
  }

 private:
  mutable std::shared_mutex mutex_;
  std::unordered_map<const void*, std::shared_ptr<Object>> objects_;
};

}  // namespace rankle::vgpu
