// Fuzzes the flight-record reader: no input may crash it, read out of bounds or make it allocate without
// bound.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "tracer/record/reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view raw(reinterpret_cast<const char*>(data), size);
  (void)rankle::record::ParseFlightRecord(raw, "raw");

  // The same bytes behind a sound start of header, so that the tables are reached often.
  std::string framed(raw);
  if (framed.size() >= sizeof(rankle::record::FileHeader)) {
    std::memcpy(framed.data(), rankle::record::kMagic, 8);
    const uint16_t version[2] = {rankle::record::kVersionMajor, rankle::record::kVersionMinor};
    std::memcpy(framed.data() + 8, version, sizeof(version));
    const uint32_t header_bytes = sizeof(rankle::record::FileHeader);
    std::memcpy(framed.data() + 12, &header_bytes, sizeof(header_bytes));
    const uint32_t record_bytes = sizeof(rankle::record::Record);
    std::memcpy(framed.data() + offsetof(rankle::record::FileHeader, record_bytes), &record_bytes,
                sizeof(record_bytes));
    (void)rankle::record::ParseFlightRecord(framed, "framed");
  }
  return 0;
}
