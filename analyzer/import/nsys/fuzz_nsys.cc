// libFuzzer: arbitrary bytes as a SQLite export of Nsight Systems, through the importer to the facts. Nothing
// may crash or run away. SQLite opens nothing but files with a name, so each input is one, in memory. Seeds:
// nsys_seeds DIRECTORY.
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>

#include "analyzer/facts/facts.h"
#include "analyzer/import/nsys/nsys_importer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rankle;
  static const std::string path = "/dev/shm/rankle-fuzz-nsys-" + std::to_string(getpid());
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  store::Store store;
  if (import::NsysImporter().Import({path}, store).ok()) (void)facts::FindFacts(store, {});
  std::remove(path.c_str());
  return 0;
}
