#include "analyzer/stitch/allocate/linkage.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace rankle::stitch {
namespace {

constexpr size_t kNone = static_cast<size_t>(-1);

struct Link {
  size_t left, right;  // below `count` an item, else count + a link
  double height;
};

class Linkage {
 public:
  Linkage(size_t count, const std::function<double(size_t, size_t)>& distance)
      : count_(count), distances_(count * count), node_(count), nearest_(count, kNone), alive_(count, true) {
    for (size_t i = 0; i < count; ++i) {
      node_[i] = i;
      for (size_t j = i + 1; j < count; ++j) At(i, j) = At(j, i) = distance(i, j);
    }
    for (size_t i = 0; i < count; ++i) FindNearest(i);
    for (size_t joined = 1; joined < count; ++joined) Join();
  }

  const std::vector<Link>& links() const { return links_; }

 private:
  double& At(size_t i, size_t j) { return distances_[i * count_ + j]; }

  // The nearest one after `i`; of equally near ones the first, so that the result does not depend on chance.
  void FindNearest(size_t i) {
    nearest_[i] = kNone;
    for (size_t j = i + 1; j < count_; ++j) {
      if (alive_[j] && (nearest_[i] == kNone || At(i, j) < At(i, nearest_[i]))) nearest_[i] = j;
    }
  }

  void Join() {
    size_t a = kNone;
    for (size_t i = 0; i < count_; ++i) {
      if (!alive_[i] || nearest_[i] == kNone) continue;
      if (a == kNone || At(i, nearest_[i]) < At(a, nearest_[a])) a = i;
    }
    const size_t b = nearest_[a];
    links_.push_back({node_[a], node_[b], At(a, b)});
    node_[a] = count_ + links_.size() - 1;
    alive_[b] = false;
    for (size_t k = 0; k < count_; ++k) {
      if (alive_[k] && k != a) At(a, k) = At(k, a) = (At(a, k) + At(b, k)) / 2;
    }
    FindNearest(a);
    for (size_t k = 0; k < b; ++k) {
      if (!alive_[k] || k == a) continue;
      if (nearest_[k] == a || nearest_[k] == b) {
        FindNearest(k);
      } else if (k < a && nearest_[k] != kNone && At(k, a) < At(k, nearest_[k])) {
        nearest_[k] = a;
      }
    }
  }

  size_t count_;
  std::vector<double> distances_;
  std::vector<size_t> node_, nearest_;
  std::vector<bool> alive_;
  std::vector<Link> links_;
};

// How much higher a link is than the mean of itself and the links right below it, in their standard
// deviations.
double Inconsistency(const std::vector<Link>& links, size_t count, size_t at) {
  std::vector<double> heights = {links[at].height};
  for (size_t child : {links[at].left, links[at].right}) {
    if (child >= count) heights.push_back(links[child - count].height);
  }
  double mean = 0, square = 0;
  for (double height : heights) mean += height / heights.size();
  for (double height : heights) square += (height - mean) * (height - mean);
  return square > 0 ? (links[at].height - mean) / std::sqrt(square / (heights.size() - 1)) : 0;
}

}  // namespace

std::vector<size_t> Clusters(size_t count, const std::function<double(size_t, size_t)>& distance,
                             double threshold) {
  if (count == 0) return {};
  const Linkage linkage(count, distance);
  const std::vector<Link>& links = linkage.links();
  // Items of each node, and whether all links within it are consistent; links come after those below them.
  std::vector<std::vector<size_t>> items(count + links.size());
  std::vector<bool> consistent(count + links.size(), true);
  for (size_t i = 0; i < count; ++i) items[i] = {i};
  std::vector<size_t> representative(count);
  for (size_t i = 0; i < count; ++i) representative[i] = i;
  for (size_t at = 0; at < links.size(); ++at) {
    const auto& [left, right, height] = links[at];
    const size_t node = count + at;
    consistent[node] = consistent[left] && consistent[right] && Inconsistency(links, count, at) <= threshold;
    items[node] = std::move(items[left]);
    items[node].insert(items[node].end(), items[right].begin(), items[right].end());
    items[right].clear();
    if (!consistent[node]) continue;
    const size_t first = *std::min_element(items[node].begin(), items[node].end());
    for (size_t item : items[node]) representative[item] = first;
  }
  std::vector<size_t> clusters(count), number(count, kNone);
  size_t next = 0;
  for (size_t i = 0; i < count; ++i) {
    size_t& cluster = number[representative[i]];
    if (cluster == kNone) cluster = next++;
    clusters[i] = cluster;
  }
  return clusters;
}

}  // namespace rankle::stitch
