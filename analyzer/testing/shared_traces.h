// Real traces that are not part of this repository: where they lie. Tests that use them skip, and say so,
// where they are absent.
#pragma once

#include <filesystem>

namespace rankle::testing {

// The folder of this name below shared/traces, which lies beside the checkout or beside the folder that holds
// several checkouts; RANKLE_SHARED_TRACES names another place. It need not exist.
std::filesystem::path SharedTraces(const char* folder);

}  // namespace rankle::testing
