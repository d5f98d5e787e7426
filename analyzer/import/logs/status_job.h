// What PyTorch's watchdogs say of their process groups, as the Flight Recorder dumps that they would have
// written: so one vote over groups decides for both. Pure.
#pragma once

#include <vector>

#include "analyzer/import/flight_recorder/dump.h"
#include "analyzer/import/logs/log_contents.h"

namespace rankle::import {

std::vector<Dump> DumpsOf(const LogContents& contents);

}  // namespace rankle::import
