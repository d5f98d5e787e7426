#!/usr/bin/env bash
# Time and memory of `rankle analyze` on a made-up NCCL_DEBUG log of 8 ranks, as a table. A third of the lines are
# collectives, a third NCCL's talk, a third the program's. Rank 3 launches one collective less.
# Usage: tests/benchmarks/logs_speed.sh DIRECTORY [BUILD_DIR] [STEPS]. The default needs 0.75 GB in DIRECTORY.
set -euo pipefail
directory=${1:?usage: $0 DIRECTORY [BUILD_DIR] [STEPS]}
build=${2:-build} steps=${3:-240000}
mkdir -p "$directory"
scratch=$(mktemp -d "$directory/logs-speed-XXXXXX")
trap 'rm -rf "$scratch"' EXIT

awk -v steps="$steps" 'BEGIN {
  for (r = 0; r < 8; ++r) {
    head[r] = "node1:" 100 + r ":" 200 + r " [" r "] NCCL INFO "
    print head[r] "ncclCommInitRank comm 0x5a" r " rank " r " nranks 8 cudaDev " r " nvmlDev " r " busId " r "b000 commId 0x99de - Init COMPLETE"
  }
  for (n = 0; n < steps; ++n) for (r = 0; r < 8; ++r) {
    if (r == 3 && n == steps - 1) continue
    printf "%sAllReduce: opCount %x sendbuff 0x7f5dd32b2100 recvbuff 0x7f5dd32b2100 count 9984512 datatype 7 op 0 root 0 comm 0x5a%d [nranks=8] stream 0x55bef0208bd0\n", head[r], n, r
    print head[r] "Channel 00/0 : " r "[" r "] -> " (r + 1) % 8 "[" (r + 1) % 8 "] via P2P/CUMEM/read"
    print "{\"loss\": 1.2345, \"grad_norm\": 0.8, \"learning_rate\": 1e-05, \"epoch\": 0." n "} what a training framework says of a step"
  }
}' >"$scratch/nccl.log"
megabytes=$(du -s --apparent-size --block-size=1000000 "$scratch/nccl.log" | cut -f1)
load=$(cut -d' ' -f1 /proc/loadavg)
code=0
command time -f '%e %U %S %M' -o "$scratch/time" \
  "$build/bin/rankle" analyze --format json -o "$scratch/report.json" "$scratch/nccl.log" || code=$?
[ "$code" = 3 ] || exit "$((code == 0 ? 1 : code))" # 3: the anomaly was found
python3 - "$megabytes" "$load" "$scratch" <<'PYTHON'
import json, sys
megabytes, load, scratch = sys.argv[1:]
wall, user, system, peak = open(scratch + "/time").read().split("\n")[-2].split()
cpu = float(user) + float(system)
verdict = json.load(open(scratch + "/report.json"))["verdict"]
print("| MB | wall s | CPU s | MB per CPU s | peak MiB | verdict | load |\n|---|---|---|---|---|---|---|")
print(f"| {megabytes} | {float(wall):.2f} | {cpu:.2f} | {float(megabytes) / cpu:.0f} | {int(peak) // 1024} | "
      f"{verdict['class']} {verdict['culprits']['ranks']} | {load} |")
PYTHON
