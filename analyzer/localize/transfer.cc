#include "analyzer/localize/transfer.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <tuple>

#include "analyzer/localize/describe.h"
#include "analyzer/localize/matrix_model.h"
#include "tracer/transport/format.h"

namespace rankle::localize {
namespace {

using store::Store;
using store::Transfer;

// What a link takes: the lower decile of its steps. A process that the scheduler displaces adds time to many
// steps, on a crowded host to most of them; a slow link adds time to all. The price: a link that is slow for
// some of its steps is not found.
constexpr double kUsualShare = 0.1;
// Deciles of fewer steps say little.
constexpr uint64_t kMinSteps = 40;
// "Recent" is what the last two windows of the records hold: 5 to 10 s.
constexpr int kRecentWindows = 2;
constexpr double kMib = 1 << 20;

using Counts = std::vector<uint64_t>;

struct Times {
  Counts counts;
  uint64_t bytes = 0;

  void Add(const Transfer::Times& times, int sign) {
    counts.resize(transport::kBuckets);
    for (size_t b = 0; b < times.counts.size() && b < counts.size(); ++b)
      counts[b] += static_cast<uint64_t>(sign) * times.counts[b];
    bytes += static_cast<uint64_t>(sign) * times.bytes;
  }
  uint64_t steps() const {
    uint64_t sum = 0;
    for (uint64_t c : counts) sum += c;
    return sum;
  }
  double UsualNs() const {
    const std::vector<uint32_t> narrow(counts.begin(), counts.end());
    return transport::QuantileNs(narrow.data(), kUsualShare);
  }
};

using Link = std::pair<int32_t, int32_t>;               // source, destination
using Group = std::pair<std::string, bool>;             // kind of communicator, on one host
using Groups = std::map<Group, std::map<Link, Times>>;  // what is compared with each other

struct Cell {
  double value = 0;  // log of the time over its group's base
  double measured_ns = 0;
  uint64_t steps = 0, bytes = 0;
};

class TransferAnalysis {
 public:
  explicit TransferAnalysis(const Store& store) : store_(store) {}

  std::vector<SlowTransfer> Find() {
    MeasureSpan();
    for (bool per_mib : {false, true}) {
      const Groups life = Collect(per_mib, 0), recent = Collect(per_mib, 1), before = Collect(per_mib, -1);
      Fit(Compare(life), per_mib, 0);
      Fit(Compare(recent, before), per_mib, RecentBegin());
    }
    std::vector<SlowTransfer> found;
    for (auto& [key, slow] : found_) found.push_back(slow);
    std::stable_sort(found.begin(), found.end(),
                     [](const SlowTransfer& a, const SlowTransfer& b) { return a.share > b.share; });
    return found;
  }

  std::vector<TransferMatrix> Matrices() const {
    std::vector<TransferMatrix> found;
    for (bool per_mib : {false, true}) {
      const Matrix matrix = Compare(Collect(per_mib, 0));
      if (matrix.size() >= kMinCells) found.push_back(Decompose(matrix, per_mib));
    }
    return found;
  }

 private:
  const std::string& HostOf(int32_t rank) const {
    static const std::string unknown;
    const store::Process* p = store_.ProcessOf(rank);
    return p == nullptr ? unknown : p->host;
  }

  // Where the latest windows of the job begin; 0 when there is nothing before them.
  int64_t RecentBegin() const {
    std::vector<int64_t> begins;
    for (const Transfer& t : store_.transfers) {
      for (const Transfer::Times& w : t.windows) begins.push_back(w.begin);
    }
    if (begins.empty()) return 0;
    const int64_t latest = *std::max_element(begins.begin(), begins.end());
    return latest - (kRecentWindows - 1) * static_cast<int64_t>(transport::kWindowNs);
  }

  // The time in which there was traffic.
  void MeasureSpan() {
    int64_t first = INT64_MAX, last = 0;
    for (const Transfer& t : store_.transfers) {
      for (const store::Member& m : store_.communicators[t.communicator].members) {
        if (m.rank == t.source && m.ready != 0) first = std::min(first, m.ready);
      }
      last = std::max(last, t.last_sent);
    }
    span_ns_ = first < last ? static_cast<double>(last - first) : 0;
  }

  // which: 0 = since the start, 1 = recent, -1 = before that.
  Groups Collect(bool per_mib, int which) const {
    // A window belongs to the recent ones of this process when most of it lies after the job's limit: windows
    // count from the start of each process.
    const int64_t limit = RecentBegin() - static_cast<int64_t>(transport::kWindowNs) / 2;
    Groups groups;
    for (const Transfer& t : store_.transfers) {
      const Group group(KindOfCommunicator(store_.communicators[t.communicator].name),
                        HostOf(t.source) == HostOf(t.destination));
      Times& times = groups[group][{t.source, t.destination}];
      for (const Transfer::Times& life : t.life) {
        if (life.per_mib == per_mib && which <= 0) times.Add(life, 1);
      }
      for (const Transfer::Times& window : t.windows) {
        if (window.per_mib == per_mib && which != 0 && window.begin >= limit) times.Add(window, which);
      }
    }
    return groups;
  }

  using Matrix = std::map<Link, Cell>;

  // Each group's values over its own base; a link that occurs in several groups has the lowest of them,
  // because what is slow is slow in all.
  static void Pool(const std::vector<std::pair<Link, Cell>>& group, Matrix& matrix) {
    if (group.size() < kMinCells) return;
    std::vector<double> values;
    values.reserve(group.size());
    for (const auto& [link, cell] : group) values.push_back(cell.value);
    std::nth_element(values.begin(), values.begin() + static_cast<ptrdiff_t>(values.size() / 3),
                     values.end());
    const double base = values[values.size() / 3];
    for (auto [link, cell] : group) {
      cell.value -= base;
      const auto [it, added] = matrix.try_emplace(link, cell);
      if (added) continue;
      cell.steps += it->second.steps, cell.bytes += it->second.bytes;
      if (cell.value > it->second.value)
        cell.value = it->second.value, cell.measured_ns = it->second.measured_ns;
      it->second = cell;
    }
  }

  static Matrix Compare(const Groups& groups) {
    Matrix matrix;
    for (const auto& [name, links] : groups) {
      std::vector<std::pair<Link, Cell>> cells;
      for (const auto& [link, times] : links) {
        if (const uint64_t steps = times.steps(); steps >= kMinSteps) {
          const double ns = times.UsualNs();
          cells.push_back({link, {std::log(ns), ns, steps, times.bytes}});
        }
      }
      Pool(cells, matrix);
    }
    return matrix;
  }

  static Matrix Compare(const Groups& recent, const Groups& before) {
    Matrix matrix;
    for (const auto& [name, links] : recent) {
      std::vector<std::pair<Link, Cell>> cells;
      for (const auto& [link, times] : links) {
        const Times& old = before.at(name).at(link);
        if (times.steps() < kMinSteps || old.steps() < kMinSteps) continue;
        const double ns = times.UsualNs();
        cells.push_back({link, {std::log(ns / old.UsualNs()), ns, times.steps(), times.bytes}});
      }
      Pool(cells, matrix);
    }
    return matrix;
  }

  static std::vector<MatrixCell> Cells(const Matrix& matrix) {
    std::vector<MatrixCell> cells;
    for (const auto& [link, cell] : matrix) cells.push_back({link.first, link.second, cell.value});
    return cells;
  }

  TransferMatrix Decompose(const Matrix& matrix, bool per_mib) const {
    const MatrixModel model = DecomposeMatrix(static_cast<int32_t>(store_.ranks.size()), Cells(matrix));
    TransferMatrix fitted;
    fitted.per_mib = per_mib;
    for (double effect : model.row) fitted.sender.push_back(std::exp(effect));
    for (double effect : model.column) fitted.receiver.push_back(std::exp(effect));
    for (const auto& [link, cell] : matrix) {
      FittedTransfer t;
      t.source = link.first, t.destination = link.second;
      t.steps = cell.steps, t.measured_ns = cell.measured_ns;
      t.expected = fitted.sender[t.source] * fitted.receiver[t.destination];
      t.left = std::exp(model.cell[fitted.links.size()]);
      t.factor = t.expected * t.left;
      fitted.links.push_back(t);
    }
    return fitted;
  }

  void Fit(const Matrix& matrix, bool per_mib, int64_t since) {
    for (const SlowEffect& effect : FitMatrix(static_cast<int32_t>(store_.ranks.size()), Cells(matrix))) {
      SlowTransfer slow = Summarize(effect, matrix, per_mib, since);
      const auto key = std::tuple(effect.part, effect.row, effect.column);
      const auto [it, added] = found_.try_emplace(key, slow);
      if (!added && slow.share > it->second.share) it->second = slow;
    }
  }

  SlowTransfer Summarize(const SlowEffect& effect, const Matrix& matrix, bool per_mib, int64_t since) const {
    SlowTransfer slow;
    slow.part = effect.part, slow.source = effect.row, slow.destination = effect.column;
    slow.alone = effect.alone, slow.per_mib = per_mib, slow.recent = since != 0, slow.since = since;
    slow.links = effect.cells, slow.factor = std::exp(effect.effect), slow.q = effect.q;
    slow.noise = std::expm1(effect.noise);
    std::vector<double> measured;
    double excess_ns = 0;
    for (const auto& [link, cell] : matrix) {
      if ((effect.row >= 0 && link.first != effect.row) ||
          (effect.column >= 0 && link.second != effect.column))
        continue;
      measured.push_back(cell.measured_ns);
      slow.steps += cell.steps;
      const double amount =
          per_mib ? static_cast<double>(cell.bytes) / kMib : static_cast<double>(cell.steps);
      excess_ns += amount * cell.measured_ns * (1 - 1 / slow.factor);
    }
    std::nth_element(measured.begin(), measured.begin() + static_cast<ptrdiff_t>(measured.size() / 2),
                     measured.end());
    slow.measured_ns = measured[measured.size() / 2];
    slow.normal_ns = slow.measured_ns / slow.factor;
    const double span = slow.recent ? static_cast<double>(store_.observed_until - since) : span_ns_;
    // Links work at the same time: the part is slow for as long as its usual link is.
    slow.share = span > 0 ? excess_ns / span / static_cast<double>(measured.size()) : 0;
    return slow;
  }

  const Store& store_;
  double span_ns_ = 0;
  std::map<std::tuple<SlowPart, int32_t, int32_t>, SlowTransfer> found_;
};

}  // namespace

std::vector<SlowTransfer> FindSlowTransfers(const Store& store) { return TransferAnalysis(store).Find(); }
std::vector<TransferMatrix> FitTransfers(const Store& store) { return TransferAnalysis(store).Matrices(); }

}  // namespace rankle::localize
