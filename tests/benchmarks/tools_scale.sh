#!/usr/bin/env bash
# Time and memory of `rankle analyze` on what NCCL's own tools leave of large jobs, as a table. Needs 0.5 GB in DIRECTORY.
# Usage: tests/benchmarks/tools_scale.sh DIRECTORY [BUILD_DIR]
set -euo pipefail
directory=${1:?usage: $0 DIRECTORY [BUILD_DIR]}
build=${2:-build}
mkdir -p "$directory"
scratch=$(mktemp -d "$directory/tools-scale-XXXXXX")
trap 'rm -rf "$scratch"' EXIT

echo "| files | MB | wall s | CPU s | peak MiB | verdict | culprit made | load |"
echo "|---|---|---|---|---|---|---|---|"
for job in "inspector 8 100000" "inspector 1024 1000" "ras 16384"; do
  # shellcheck disable=SC2086  # the words are arguments
  culprit=$("$build/tests/synthetic_tools" $job "$scratch/files")
  megabytes=$(du -s --apparent-size --block-size=1000000 "$scratch/files" | cut -f1)
  load=$(cut -d' ' -f1 /proc/loadavg)
  code=0
  command time -f '%e %U %S %M' -o "$scratch/time" \
    "$build/bin/rankle" analyze --format json -o "$scratch/report.json" "$scratch/files" || code=$?
  [ "$code" = 0 ] || [ "$code" = 3 ] || exit "$code"  # 3: an anomaly was found
  python3 - "$job" "$megabytes" "$culprit" "$load" "$scratch" <<'PYTHON'
import json, sys
job, megabytes, culprit, load, scratch = sys.argv[1:]
wall, user, system, peak = open(scratch + "/time").read().split("\n")[-2].split()
verdict = json.load(open(scratch + "/report.json"))["verdict"]
print(f"| {job} | {megabytes} | {float(wall):.2f} | {float(user) + float(system):.2f} | {int(peak) // 1024} | "
      f"{verdict['class']} {verdict['culprits']['ranks']} | {culprit} | {load} |", flush=True)
PYTHON
  rm -rf "$scratch/files"
done
