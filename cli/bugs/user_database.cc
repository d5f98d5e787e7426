#include "cli/bugs/user_database.h"

#include <stdlib.h>

namespace rankle::cli {

std::string DefaultBugDatabase() {
  if (const char* data = getenv("XDG_DATA_HOME"); data != nullptr && data[0] == '/')
    return std::string(data) +
           "/rankle/bugs.sqlite";  // a relative one is to be ignored, says its specification
  if (const char* home = getenv("HOME"); home != nullptr && home[0] != '\0')
    return std::string(home) + "/.local/share/rankle/bugs.sqlite";
  return "";
}

}  // namespace rankle::cli
