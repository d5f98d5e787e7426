#include "injector/sites/feed.h"

#include "injector/hooks/export.h"
#include "injector/sites/process.h"
#include "injector/sites/visit.h"

using rankle::sites::CallerOf;
using rankle::sites::EnsureStarted;
using rankle::sites::IsReady;
using rankle::sites::Outcome;
using rankle::sites::OutcomeKind;
using rankle::sites::SiteEntry;
using rankle::sites::TheProcess;

extern "C" {

RANKLE_EXPORT void* rankleSiteOf(uint16_t api, const void* address, const void* frame, uint64_t* id) {
  *id = 0;
  if (!IsReady() && !EnsureStarted()) return nullptr;
  const auto at = reinterpret_cast<uint64_t>(address);
  const uint64_t caller = CallerOf({at, static_cast<const uint64_t*>(frame)});
  if (caller == rankle::sites::kOwnCaller) return nullptr;
  SiteEntry* const site = rankle::sites::SiteOf(api, at, caller);
  if (site != nullptr) *id = site->id;
  return site;
}

RANKLE_EXPORT void rankleSiteEntered(void* site, uint64_t now_ns) {
  TheProcess().recorder.Entered(static_cast<SiteEntry*>(site), now_ns);
}

RANKLE_EXPORT void rankleSiteReturned(void* site, uint32_t result, int failed, uint64_t duration_ns) {
  const Outcome outcome = failed != 0 ? Outcome{OutcomeKind::kResult, result} : Outcome{OutcomeKind::kOk, 0};
  rankle::sites::Recorder::Returned(static_cast<SiteEntry*>(site), outcome, duration_ns, 0);
}

RANKLE_EXPORT void rankleSiteInjected(void* site) {
  if (site != nullptr) static_cast<SiteEntry*>(site)->injected.fetch_add(1, std::memory_order_relaxed);
}

}  // extern "C"
