#!/usr/bin/env bash
# What instrumentation costs in a program that only calls small functions: time of a call, plain and instrumented (with
# and without a record), for g++ and clang++. instrument_cost.sh [BUILD]
set -euo pipefail
cd "$(dirname "$0")/../.."
rankle=${1:-build}/bin/rankle
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
source=tests/programs/points_micro
"$rankle" instrument -o "$scratch/overlay" --root "$source" "$source/micro.cc" -- -std=c++17 >/dev/null
mkdir "$scratch/record"
for compiler in g++ clang++; do
  command -v $compiler >/dev/null || continue
  $compiler -std=c++17 -O2 -o "$scratch/plain" "$source/micro.cc"
  $compiler -std=c++17 -O2 -pthread -o "$scratch/instrumented" "$scratch/overlay/micro.cc"
  # In turns, the fastest of each: other load on the machine then meets all alike.
  for _ in 1 2 3 4 5 6 7; do
    "$scratch/plain" >>"$scratch/plain.$compiler"
    "$scratch/instrumented" >>"$scratch/bare.$compiler"
    RANKLE_POINTS_OUT="$scratch/record" "$scratch/instrumented" >>"$scratch/recorded.$compiler"
  done
  for kind in plain bare recorded; do
    sort -n "$scratch/$kind.$compiler" | head -n 1 >"$scratch/best.$kind"
  done
  awk -v compiler=$compiler -v plain="$(cat "$scratch/best.plain")" -v bare="$(cat "$scratch/best.bare")" \
    -v recorded="$(cat "$scratch/best.recorded")" 'BEGIN {
    printf "%s: %.1f ns a call; without a record %.1f (%.2f times); recorded %.1f (%.2f times)\n",
           compiler, plain, bare, bare / plain, recorded, recorded / plain }'
done
