#!/usr/bin/env bash
# How exact delays by stop and continue are: 20 calls of ncclAllReduce each, delayed by so long; the longest of them as the
# program itself measured it. ebpf_delays.sh [BUILD_DIR]. Needs root.
set -euo pipefail
build=$(realpath "${1:-build}")
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
echo "| delay, ms | longest of 20, ms | allowed: 2 ms + 5 % |"
echo "|---|---|---|"
for length in 1 5 20 100 500; do
  progress=$out/progress.$length
  truncate -s 48 "$progress"
  # Fields of tests/programs/probe_target/progress.h.
  RANK=0 WORLD_SIZE=1 "$build/tests/probe_target" "$progress" 100 1000 &
  target=$!
  until [ "$(od -An -t u4 -j 28 -N 4 "$progress" | tr -d ' ')" = 1 ]; do :; done
  : >"$out/said"
  "$build/bin/rankle" attach "$target" -o "$out/records" --fault "delay ncclAllReduce call=41..60 time=${length}ms" 2>"$out/said" &
  attached=$!
  until grep -q 'attached to' "$out/said"; do :; done
  printf '\1' | dd of="$progress" bs=1 seek=24 conv=notrunc status=none
  wait "$target"
  wait "$attached"
  longest=$(od -An -t u8 -j 8 -N 8 "$progress" | tr -d ' ')
  echo "| $length | $(awk "BEGIN { printf \"%.2f\", $longest / 1e6 }") | $(awk "BEGIN { printf \"%.2f\", $length * 1.05 + 2 }") |"
done
