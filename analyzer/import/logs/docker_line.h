// Lines that a container engine wrapped into JSON ({"log":"text\n","stream":"stderr","time":"..."}), and the
// difference between logs that begin like JSON and JSON. Pure.
#pragma once

#include <string>
#include <string_view>

namespace rankle::import {

bool IsDockerLine(std::string_view line);
// The text of such a line, kept in `unpacked`; any other line as it is.
std::string_view UnpackDockerLine(std::string_view line, std::string& unpacked);

// Can these first bytes of a file be JSON? "[2025-03-07 23:55:15] [INFO]", "[rank2]:" and "{'loss': 0.1}"
// cannot.
bool MayBeJson(std::string_view first_bytes);

}  // namespace rankle::import
