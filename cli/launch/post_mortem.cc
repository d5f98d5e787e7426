#include "cli/launch/post_mortem.h"

#include "cli/launch/text.h"

namespace rankle::cli {
namespace {

// Names of PyTorch from 2.8 on. Older ones (TORCH_NCCL_TRACE_BUFFER_SIZE, ...) still work there, but are
// warned of.
struct Offer {
  const char* name;
  const char* value;
  bool in_output_dir;  // the value is the beginning of a file's name there
};
constexpr Offer kOffers[] = {
    {"PYTHONFAULTHANDLER", "1", false},  // the Python line of a fatal signal, on standard error
    // PyTorch's Flight Recorder: the last 2,000 operations of each rank, written when its watchdog gives up.
    {"TORCH_FR_BUFFER_SIZE", "2000", false},
    {"TORCH_NCCL_DUMP_ON_TIMEOUT", "1", false},
    {"TORCH_FR_DUMP_TEMP_FILE", "torch-fr-", true},
};

}  // namespace

void SetPostMortemVariables(const std::string& output_dir, Environment& environment) {
  for (const Offer& offer : kOffers) {
    if (environment.Find(offer.name) != nullptr) continue;
    environment.Set(offer.name,
                    offer.in_output_dir ? Cat(output_dir, "/", offer.value) : std::string(offer.value));
  }
  // NCCL's warnings go where its user sends them; without a word from the user, beside the records.
  if (environment.Find("NCCL_DEBUG") == nullptr && environment.Find("NCCL_DEBUG_FILE") == nullptr) {
    environment.Set("NCCL_DEBUG", "WARN");
    environment.Set("NCCL_DEBUG_FILE", Cat(output_dir, "/nccl-%h-%p.log"));
  }
}

}  // namespace rankle::cli
