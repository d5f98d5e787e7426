#!/usr/bin/env python3
"""What tracing costs a step: the same training program bare and under full tracing, in pairs, in turns.

Usage: tests/benchmarks/step_overhead.py [--pairs N] [--steps N] [--ranks N] BUILD_DIR PROGRAM [OPTION...]

A step's time is what lies between the lines of the first and the last step on rank 0's output, so starting and ending do
not count. Bare: the same virtual GPUs, but no library of rankle's hooks or plugin in the processes. Prints one JSON
object: medians, and the median of the ratios of pairs with the quartiles and a 95 % interval of that median (order
statistics: no distribution is assumed).
"""
import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time

BARE = ["env", "-u", "LD_PRELOAD", "-u", "LD_AUDIT", "-u", "NCCL_PROFILER_PLUGIN", "-u", "NVTX_INJECTION64_PATH"]


def step_seconds(build, ranks, steps, program, traced):
    with tempfile.TemporaryDirectory() as out:
        command = [os.path.join(build, "bin/rankle"), "run", "-q", "-n", str(ranks), "--virtual-gpus", str(ranks), "-o", out + "/run"]
        command += ["--"] if traced else ["--no-trace", "--"] + BARE
        command += program + ["--steps", str(steps)]
        times = {}
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as job:
            for line in job.stdout:
                words = line.split()
                if len(words) > 1 and words[0] == "step" and words[1].isdigit():
                    times[int(words[1])] = time.monotonic()
        if job.returncode != 0 or 1 not in times or steps not in times:
            sys.exit(f"step_overhead: {' '.join(command)}: exit code {job.returncode}, steps seen: {sorted(times)}")
        return (times[steps] - times[1]) / (steps - 1)


def quantile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("build")
    parser.add_argument("program", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    program = [os.path.join(args.build, "bin", args.program[0])] + args.program[1:]
    bare, traced = [], []
    for pair in range(args.pairs):
        # Alternating order: what changes slowly on the machine meets both alike.
        for is_traced in ((False, True) if pair % 2 == 0 else (True, False)):
            seconds = step_seconds(args.build, args.ranks, args.steps, program, is_traced)
            (traced if is_traced else bare).append(seconds)
    ratios = sorted(t / b for t, b in zip(traced, bare))
    half_width = 1.96 * math.sqrt(len(ratios)) / 2
    low = max(0, math.floor(len(ratios) / 2 - half_width))
    high = min(len(ratios) - 1, math.ceil(len(ratios) / 2 + half_width))
    print(json.dumps({
        "program": args.program, "ranks": args.ranks, "steps": args.steps, "pairs": args.pairs,
        "bare_ms": round(1e3 * quantile(bare, 0.5), 4), "traced_ms": round(1e3 * quantile(traced, 0.5), 4),
        "ratio_median": round(quantile(ratios, 0.5), 5),
        "ratio_quartiles": [round(quantile(ratios, 0.25), 5), round(quantile(ratios, 0.75), 5)],
        "ratio_median_95": [round(ratios[low], 5), round(ratios[high], 5)],
        "load": os.getloadavg()[0],
    }))


if __name__ == "__main__":
    main()
