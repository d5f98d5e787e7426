#include "injector/host/classic_bpf.h"

#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>

#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"

namespace rankle::host {
namespace {

constexpr uint32_t kEtherTypeAt = 12, kDestinationAt = ETH_HLEN + 16;
constexpr uint32_t kRandom = static_cast<uint32_t>(SKF_AD_OFF + SKF_AD_RANDOM);
constexpr uint16_t kLoadHalf = BPF_LD | BPF_H | BPF_ABS, kLoadWord = BPF_LD | BPF_W | BPF_ABS;
constexpr uint16_t kJumpEqual = BPF_JMP | BPF_JEQ | BPF_K, kJumpAtLeast = BPF_JMP | BPF_JGE | BPF_K;
constexpr uint16_t kReturn = BPF_RET | BPF_K;

}  // namespace

std::string DropProgram(unsigned address, double percent) {
  std::vector<sock_filter> code;
  std::vector<size_t> pass_if_false, pass_if_true;  // jumps to the end
  if (address != 0) {
    code.push_back({kLoadHalf, 0, 0, kEtherTypeAt});
    pass_if_false.push_back(code.size());
    code.push_back({kJumpEqual, 0, 0, ETH_P_IP});
    code.push_back({kLoadWord, 0, 0, kDestinationAt});
    pass_if_false.push_back(code.size());
    code.push_back({kJumpEqual, 0, 0, address});
  }
  if (percent < 100) {
    code.push_back({kLoadWord, 0, 0, kRandom});
    pass_if_true.push_back(code.size());
    code.push_back({kJumpAtLeast, 0, 0, static_cast<uint32_t>(percent / 100 * UINT32_MAX)});
  }
  code.push_back({kReturn, 0, 0, TC_ACT_SHOT});
  const size_t pass = code.size();
  code.push_back({kReturn, 0, 0, static_cast<uint32_t>(TC_ACT_UNSPEC)});
  for (const size_t at : pass_if_false) code[at].jf = static_cast<uint8_t>(pass - at - 1);
  for (const size_t at : pass_if_true) code[at].jt = static_cast<uint8_t>(pass - at - 1);

  std::string text = absl::StrCat(code.size());
  for (const sock_filter& line : code)
    absl::StrAppend(&text, ",", line.code, " ", line.jt, " ", line.jf, " ", line.k);
  return text;
}

}  // namespace rankle::host
