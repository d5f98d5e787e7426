#include "virtual_gpu/nccl/config.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "virtual_gpu/nccl/debug_log.h"

namespace rankle::virtual_nccl {
namespace {

constexpr unsigned int kMagic = 0xcafebeef;

struct IntField {
  const char* name;
  int value;
  int low;
  int high;
};

ncclResult_t CheckRange(const IntField& field) {
  if (field.value == NCCL_CONFIG_UNDEF_INT || (field.value >= field.low && field.value <= field.high)) {
    return ncclSuccess;
  }
  return NCCL_FAIL(ncclInvalidArgument, "Invalid config %s attribute value %d", field.name, field.value);
}

template <typename T>
void Override(int value, T* target) {
  if (value != NCCL_CONFIG_UNDEF_INT) *target = static_cast<T>(value);
}

}  // namespace

ncclResult_t Config::Parse(const ncclConfig_t* given, const Config& base, Config* parsed) {
  *parsed = base;
  if (given != nullptr) {
    ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
    if (given->magic != kMagic) {
      return NCCL_FAIL(ncclInvalidArgument,
                       "ncclConfig_t argument not initialized via NCCL_CONFIG_INITIALIZER");
    }
    const unsigned int library_version = config.version;
    std::memcpy(&config, given, std::min(given->size, sizeof config));
    if (config.version > library_version) {
      LogInfo(kLogInit, "ncclConfig_t is from a newer NCCL (%u); its new fields are ignored", config.version);
    }
    for (const IntField& field :
         {IntField{"blocking", config.blocking, 0, 1},
          IntField{"cgaClusterSize", config.cgaClusterSize, 0, 8}, IntField{"minCTAs", config.minCTAs, 1, 64},
          IntField{"maxCTAs", config.maxCTAs, 1, 64}, IntField{"splitShare", config.splitShare, 0, 1},
          IntField{"collnetEnable", config.collnetEnable, 0, 1},
          IntField{"CTAPolicy", config.CTAPolicy, NCCL_CTA_POLICY_DEFAULT, 3},
          IntField{"shrinkShare", config.shrinkShare, 0, 1}}) {
      if (const ncclResult_t result = CheckRange(field); result != ncclSuccess) return result;
    }
    Override(config.blocking, &parsed->blocking);
    Override(config.splitShare, &parsed->split_share);
    Override(config.shrinkShare, &parsed->shrink_share);
    Override(config.minCTAs, &parsed->min_ctas);
    Override(config.maxCTAs, &parsed->max_ctas);
    if (parsed->min_ctas > parsed->max_ctas) {
      return NCCL_FAIL(ncclInvalidArgument, "Invalid config min/max channels attribute value %d/%d",
                       parsed->min_ctas, parsed->max_ctas);
    }
    if (config.commName != nullptr) parsed->name = config.commName;
  }
  if (const char* blocking = std::getenv("NCCL_COMM_BLOCKING"); blocking != nullptr && *blocking != '\0') {
    parsed->blocking = std::atoi(blocking) != 0;
  }
  return ncclSuccess;
}

}  // namespace rankle::virtual_nccl
