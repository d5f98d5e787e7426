#!/usr/bin/env bash
# Time and memory of `rankle analyze` on synthetic Flight Recorder dumps, as a table. Needs 1 GB in DIRECTORY, which should be on a
# local disk.
# Usage: tests/benchmarks/dumps_scale.sh DIRECTORY [BUILD_DIR] [RANKS [ENTRIES]]
set -euo pipefail
directory=${1:?usage: $0 DIRECTORY [BUILD_DIR] [RANKS [ENTRIES]]}
build=${2:-build} ranks=${3:-1024} entries=${4:-2000}
mkdir -p "$directory"
scratch=$(mktemp -d "$directory/dumps-scale-XXXXXX")
trap 'rm -rf "$scratch"' EXIT

echo "| format | ranks | entries | MB | wall s | CPU s | peak MiB | verdict | culprit made | load |"
echo "|---|---|---|---|---|---|---|---|---|---|"
for format in pickle json; do
  culprit=$("$build/tests/synthetic_dumps" "$ranks" "$entries" "$scratch/dumps" ${format/pickle/})
  megabytes=$(du -s --apparent-size --block-size=1000000 "$scratch/dumps" | cut -f1)
  load=$(cut -d' ' -f1 /proc/loadavg)
  code=0
  command time -f '%e %U %S %M' -o "$scratch/time" \
    "$build/bin/rankle" analyze --format json -o "$scratch/report.json" "$scratch/dumps" || code=$?
  [ "$code" = 0 ] || [ "$code" = 3 ] || exit "$code"  # 3: an anomaly was found
  python3 - "$format" "$ranks" "$entries" "$megabytes" "$culprit" "$load" "$scratch" <<'PYTHON'
import json, sys
format, ranks, entries, megabytes, culprit, load, scratch = sys.argv[1:]
wall, user, system, peak = open(scratch + "/time").read().split("\n")[-2].split()
verdict = json.load(open(scratch + "/report.json"))["verdict"]
print(f"| {format} | {ranks} | {entries} | {megabytes} | {float(wall):.2f} | {float(user) + float(system):.2f} | "
      f"{int(peak) // 1024} | {verdict['class']} {verdict['culprits']['ranks']} | {culprit} | {load} |", flush=True)
PYTHON
  rm -rf "$scratch/dumps"
done
