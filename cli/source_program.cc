#include "cli/source_program.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/launch/exit_status.h"
#include "cli/launch/installation.h"
#include "cli/launch/message.h"
#include "cli/launch/text.h"

namespace rankle::cli {

int BecomeSourceProgram(const std::vector<std::string>& arguments) {
  const std::string& program = ThisInstallation().source_program;
  if (!FileExists(program)) {
    Say(Cat(
        program,
        " is missing: this rankle was built without clang 19's libraries; get them with scripts/install-deps "
        "and build again"));
    return kExitUnusable;
  }
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  execv(program.c_str(), argv.data());
  Say(Cat(program, ": cannot be run: ", strerror(errno)));
  return kExitUnusable;
}

}  // namespace rankle::cli
