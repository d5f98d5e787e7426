// The output directory of a job on several nodes: each node writes into a folder of its own, "node-NAME"
// (docs/live.md).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rankle::import {

inline constexpr std::string_view kNodePrefix = "node-";

bool IsNodeDirectory(const std::string& path);
// The paths, and after each directory the node directories in it, in order of their names.
std::vector<std::string> WithNodeDirectories(const std::vector<std::string>& paths);

}  // namespace rankle::import
