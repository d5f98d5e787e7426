// What this machine can do to hosts and networks, found by trying it in namespaces and groups that are gone
// afterwards.
#pragma once

#include <string>
#include <vector>

#include "injector/plan/action.h"

namespace rankle::cli {

// Why `run --hosts` cannot work here; "" = it can.
std::string WhyNoHosts();
// Why an action that acts on hosts or the network cannot be carried out here; "" = it can.
std::string WhyNotHere(plan::Action action);

}  // namespace rankle::cli
