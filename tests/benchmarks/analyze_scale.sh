#!/usr/bin/env bash
# Time and memory of `rankle analyze` on synthetic hybrid-parallel jobs, as a table. Records are made and removed one job after
# the other: the largest needs 2.2 GB in DIRECTORY, which should be on a local disk.
# Usage: tests/benchmarks/analyze_scale.sh DIRECTORY [BUILD_DIR] [RANKS...]
set -euo pipefail
directory=${1:?usage: $0 DIRECTORY [BUILD_DIR] [RANKS...]}
build=${2:-build}
ranks=("${@:3}")
[ ${#ranks[@]} -gt 0 ] || ranks=(64 256 1024 4096 16384)
mkdir -p "$directory"
scratch=$(mktemp -d "$directory/analyze-scale-XXXXXX")
trap 'rm -rf "$scratch"' EXIT

echo "| ranks | fault | records | wall s | CPU s | peak MiB | verdict | load |"
echo "|---|---|---|---|---|---|---|---|"
for n in "${ranks[@]}"; do
  for fault in none hang slow mismatch; do
    culprit=$((n / 3))
    records=$("$build/bin/synthetic_job" --ranks "$n" --fault "$fault" --culprit "$culprit" -o "$scratch/job")
    load=$(cut -d' ' -f1 /proc/loadavg)
    code=0
    command time -f '%e %U %S %M' -o "$scratch/time" \
      "$build/bin/rankle" analyze --format json -o "$scratch/report.json" "$scratch/job" || code=$?
    [ "$code" = 0 ] || [ "$code" = 3 ] || exit "$code"  # 3: an anomaly was found
    python3 - "$n" "$fault" "${records% records}" "$load" "$scratch" <<'PYTHON'
import json, sys
n, fault, records, load, scratch = sys.argv[1:]
wall, user, system, peak = open(scratch + "/time").read().split("\n")[-2].split()
report = json.load(open(scratch + "/report.json"))
ranks = report["verdict"]["culprits"]["ranks"]
print(f"| {n} | {fault} | {records} | {float(wall):.2f} | {float(user) + float(system):.2f} | "
      f"{int(peak) // 1024} | {report['verdict']['class']} {ranks or ''} | {load} |", flush=True)
PYTHON
    rm -rf "$scratch/job"
  done
done
