// Writes one flight record (format.h). Made for use inside hooks: after Create nothing here allocates, locks,
// logs, throws or makes a system call, and everything may be called from any thread and from a signal
// handler.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tracer/record/format.h"

namespace rankle::record {

struct WriterOptions {
  uint32_t record_capacity = 1u << 16;  // 64 B each; rounded up to a power of two
  uint32_t comm_capacity = 1024;
  uint32_t site_capacity = 4096;        // power of two
  uint32_t string_capacity = 1u << 18;  // bytes
};

// What the process knows about itself at start.
struct ProcessIdentity {
  int32_t rank = -1, world_size = -1, local_rank = -1, local_world_size = -1;
  int32_t pid = 0, parent_pid = 0;
  uint64_t job_id = 0;
  uint64_t realtime_ns = 0, monotonic_ns = 0;
  uint32_t clock_uncertainty_ns = 0;
  const char* host = "";
  const char* command = "";
};

// The payload of a new record; unset fields mean "none".
struct NewRecord {
  Kind kind = Kind::kCall;
  uint64_t entered_ns = 0;
  uint16_t api = 0;
  uint16_t comm = kNoComm;
  uint64_t count = 0;
  uint32_t seq = 0;
  int32_t peer = kNoPeer;
  uint32_t stream = 0;
  uint16_t group = 0;
  uint16_t thread = 0;
  uint32_t site = 0;
  uint8_t dtype = 0xff;
  uint8_t redop = 0xff;
  uint8_t result = 0;
  uint8_t flags = 0;
};

class Writer {
 public:
  Writer() = default;
  ~Writer();  // unmaps; the file stays
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Creates the file at full size (blocks reserved) and maps it. Returns 0 or an errno value; on error the
  // writer stays closed and every other function is a no-op. Not thread safe.
  int Create(const char* path, const WriterOptions& options, const ProcessIdentity& identity);
  bool is_open() const { return header_ != nullptr; }
  FileHeader* header() { return header_; }
  // Forgets the mapping without unmapping it (a forked child must not write into its parent's record).
  void Detach() { header_ = nullptr; }

  // Claims a slot and publishes the record in `state`. Returns nullptr when the record was dropped (it was
  // counted). The pointer stays valid and belongs to this operation until a state that IsOverwritable is set.
  Record* Begin(const NewRecord& record, State state);
  // Publishes a record that needs no further update.
  void Write(const NewRecord& record) { Begin(record, State::kDone); }

  // Updates of a record from Begin; `record` may be nullptr. Times are absolute monotonic nanoseconds. A
  // record has one owner at a time: SetReturned comes before the record is handed to whoever sets device
  // times, and nobody touches it after an overwritable state was set (the slot may be another operation's by
  // then).
  // A result that does not fit is clipped to 255; a kCall record has it whole in `seq`.
  static void SetReturned(Record* record, uint64_t now_ns, int result, State state);
  static void SetDeviceTimes(Record* record, uint64_t started_ns,
                             uint64_t finished_ns);  // state becomes kDone
  static void SetStarted(Record* record, uint64_t started_ns);
  static void SetState(Record* record, State state);

  // Communicator table. Returns the index, or kNoComm when the table is full (counted).
  uint16_t AddComm(uint64_t id, uint64_t parent_id, int32_t rank, int32_t nranks, int32_t device,
                   int32_t color, const char* name, uint64_t now_ns);
  CommEntry* comm(uint16_t index);  // nullptr for kNoComm

  // Finds or adds the call site; returns index + 1, or 0 when the table is full. `symbolise` is called once
  // for a new site to fill module and symbol (may be nullptr); it runs outside any lock.
  uint32_t Site(uint64_t address, void (*symbolise)(Writer&, SiteEntry&));
  // Copies a string into the arena; returns its offset (> 0), or 0 when the arena is full. Strings are NUL
  // terminated.
  uint32_t String(const char* text);

 private:
  FileHeader* header_ = nullptr;
  CommEntry* comms_ = nullptr;
  SiteEntry* sites_ = nullptr;
  char* strings_ = nullptr;
  Record* records_ = nullptr;
  uint64_t mask_ = 0;
  size_t mapped_bytes_ = 0;
};

}  // namespace rankle::record
