#!/usr/bin/env bash
# The price of a call under `rankle run --sites`: the same calls plain, watched, and with a fault aimed at them that
# never fires; then what a short process costs, plain, with librankle.so, and with both. Minimum of 15 repetitions, of 5 turns.
#   tests/benchmarks/sites_overhead.sh [BUILD_DIRECTORY]
set -euo pipefail
build=$(realpath "${1:-build}")
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# measure LABEL FLAGS...: one line a benchmark
measure() {
  local label=$1
  shift
  "$build/bin/rankle" run -q --no-capture -o "$out/run" "$@" -- "$build/tests/sites_bench" --benchmark_filter="${filter:-BM_Call[A-Z]}" \
    --benchmark_repetitions=15 --benchmark_min_time=0.02 --benchmark_format=csv 2>/dev/null |
    awk -F, -v label="$label" '/^"BM_/ && !/_mean|_median|_stddev|_cv/ { gsub(/"/, "", $1); if (!($1 in least) || $3 + 0 < least[$1]) least[$1] = $3 + 0 }
      END { for (name in least) printf "%-34s %-8s %8.0f ns\n", name, label, least[name] }' | sort
}

filter='BM_Caller/|BM_Site' measure parts --no-trace
measure plain --no-trace
measure sites --sites
measure aimed --sites --fault 'fail file errno=EIO nth=1000000000' --fault 'delay exception time=1ms nth=1000000000'

# processes FLAGS...: milliseconds for each of 200 short processes
processes() {
  local begin
  begin=$(date +%s%N)
  "$build/bin/rankle" run -q --no-capture -o "$out/run" "$@" -- sh -c 'for i in $(seq 200); do cat /dev/null; done'
  echo $((($(date +%s%N) - begin) / 200000))
}
# In turns, so that whatever else the machine does meets all alike; the least of five.
for turn in 1 2 3 4 5; do
  processes --no-trace >>"$out/plain"
  processes >>"$out/traced"
  processes --sites >>"$out/sites"
done
for label in plain traced sites; do
  printf '%-34s %-8s %8d us\n' 'a short process' "$label" "$(sort -n "$out/$label" | head -n 1)"
done
