#!/usr/bin/env bash
# What the watcher of `run --watch` costs: CPU time of its process over the time that the job ran, and that of the supervisor (which
# samples for stalls), for some numbers of ranks. The job is ddp_train with 10 ms steps; its rings fill up as they would.
# Usage: tests/benchmarks/watcher_cost.sh [SECONDS=20] [RANKS...]
set -euo pipefail
cd "$(dirname "$0")/../.."
bin=$PWD/build/bin
seconds=${1:-20}
[ $# -gt 0 ] && shift
[ $# -gt 0 ] || set -- 2 4 8
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ticks=$(getconf CLK_TCK)
cpu() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }  # user and system, in ticks

printf '| ranks | watcher, %% of a core | supervisor, %% of a core | digest, KiB |\n|---|---|---|---|\n'
for ranks in "$@"; do
  "$bin/rankle" run -q --watch -n "$ranks" --virtual-gpus "$ranks" -o "$work/$ranks" -- "$bin/ddp_train" --steps 1000000 \
    --step-time 10ms > /dev/null 2>&1 &
  guard=$!
  until [ -e "$work/$ranks/digest.json" ]; do sleep 0.1; done
  supervisor=$(cat "/proc/$guard/task/$guard/children")
  supervisor=${supervisor%% *}
  # Of the children that are rankle itself, the watcher was started last.
  watcher=$(for pid in $(cat "/proc/$supervisor/task/$supervisor/children"); do
    if tr '\0' ' ' < "/proc/$pid/cmdline" | grep -q "^$bin/rankle "; then echo "$pid"; fi
  done | tail -n 1)
  before="$(cpu "$watcher") $(cpu "$supervisor")"
  sleep "$seconds"
  after="$(cpu "$watcher") $(cpu "$supervisor")"
  size=$(stat -c %s "$work/$ranks/digest.json")
  kill "$guard"
  wait "$guard" || true
  awk -v before="$before" -v after="$after" -v ticks="$ticks" -v s="$seconds" -v ranks="$ranks" -v size="$size" 'BEGIN {
    split(before, b, " "); split(after, a, " ")
    printf "| %d | %.2f | %.2f | %.0f |\n", ranks, 100 * (a[1] - b[1]) / ticks / s, 100 * (a[2] - b[2]) / ticks / s, size / 1024 }'
done
