#!/usr/bin/env bash
# How long does it take from a stall to the verdict on the terminal, with `run --watch`? One rank of ddp_train hangs before one of
# its all-reduces (four a step); the beginning is the injection in the flight record, the end the arrival of the line.
# Usage: tests/benchmarks/live_latency.sh [SEEDS=5] [STEP_TIME...]
set -euo pipefail
cd "$(dirname "$0")/../.."
bin=$PWD/build/bin
seeds=${1:-5}
[ $# -gt 0 ] && shift
[ $# -gt 0 ] || set -- 10ms 100ms 1s
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Steps until the hang: the rhythm is known after 16 looks, 0.2 s apart at least.
first_step() { case $1 in 1s) echo 20 ;; 100ms) echo 60 ;; *) echo 400 ;; esac; }

printf '| step | seed | rank | stall to verdict s | verdict |\n|---|---|---|---|---|\n'
for step in "$@"; do
  for seed in $(seq "$seeds"); do
    rank=$((seed % 4)) call=$((4 * $(first_step "$step") + 4 * seed + seed % 3 + 1)) out=$work/$step-$seed
    "$bin/rankle" run -q --watch --on-hang kill -n 4 --virtual-gpus 4 -o "$out" \
      --fault "hang ncclAllReduce rank=$rank call=$call" -- "$bin/ddp_train" --steps 100000 --step-time "$step" --seed "$seed" \
      2>&1 >/dev/null | while IFS= read -r line; do printf '%s %s\n' "$EPOCHREALTIME" "$line"; done > "$work/lines" || true
    said=$(grep -m 1 'rankle: verdict: ' "$work/lines" || echo "0 none")
    hang=$("$bin/rankle" trace cat "$out" --injections --format json | grep -m 1 '"kind":"injection"' \
      | sed 's/.*"entered_ns":\([0-9]*\).*/\1/')
    awk -v step="$step" -v seed="$seed" -v rank="$rank" -v hang="$hang" -v said="$said" 'BEGIN {
      split(said, words, " "); sub(/^[^ ]* rankle: verdict: /, "", said); sub(/: .*/, "", said)
      printf "| %s | %d | %d | %.2f | %s |\n", step, seed, rank, words[1] - hang / 1e9, said }'
  done
done | tee "$work/table"
awk -F'|' '{ if (!($2 in most) || $5 > most[$2]) most[$2] = $5; all[$2] = all[$2] " " $5 }
  END { for (step in most) printf "step%s: longest%ss\n", step, most[step] }' "$work/table"
