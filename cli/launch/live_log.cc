#include "cli/launch/live_log.h"

#include <fcntl.h>

#include "cli/launch/file_descriptor.h"
#include "cli/launch/message.h"
#include "cli/launch/text.h"

namespace rankle::cli {

void AppendLiveEvent(const std::string& output_dir, const import::LiveEvent& event) {
  const FileDescriptor file(
      open(Cat(output_dir, "/", kLiveLogFile).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
  if (file.is_open()) WriteAll(file.get(), import::LiveEventLine(event));
}

}  // namespace rankle::cli
