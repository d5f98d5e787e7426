// The task `lint` of rankle-source: checks, then says and writes what was asked for.
#pragma once

#include "detectors/source/options.h"

namespace rankle::lint {

// Exit code: 0 nothing (new) was found, 1 findings, 2 unusable input, nothing could be checked or written.
int LintTask(const source::Options& options);

}  // namespace rankle::lint
