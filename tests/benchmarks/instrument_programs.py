#!/usr/bin/env python3
"""What instrumentation costs in the training programs and cascades: time of a job, plain and instrumented.

  instrument_programs.py OVERLAY_BUILD [--build DIR] [--turns N] [PROGRAM...]

OVERLAY_BUILD: build of an overlay of this tree, `rankle instrument -p build --root . --only 'corpora/programs/*' -o OVERLAY`
configured as this tree. Plain, instrumented without a record and instrumented with one run in turns, so that other
load meets all alike. Compared are the least user + system time of all ranks, and the median of the wall time: the cascades
sleep most of the time, as servers do. Asked: at most 5 % more.
"""
import argparse
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

PROGRAMS = {
    "ddp_train": ["--steps", "3000"],
    "zero_train": ["--steps", "3000"],
    "hybrid_train": ["--steps", "1000"],
    "moe_train": ["--steps", "1000"],
    "cascades/retry_storm": [],
    "cascades/lease_loop": [],
}


def seconds(rankle, program, options, environment):
    scratch = tempfile.mkdtemp()
    begun, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    gpus = [] if "cascades" in str(program) else ["--virtual-gpus", "2"]
    ended = subprocess.run([rankle, "run", "-n", "2", *gpus, "--no-trace", "-o", scratch + "/out", "--", program, *options],
                           env=environment, capture_output=True, text=True)
    wall, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    shutil.rmtree(scratch)
    if ended.returncode != 0:
        sys.exit(f"{program}: ended with {ended.returncode}: {ended.stderr[-300:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("overlay", type=pathlib.Path)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("programs", nargs="*", default=list(PROGRAMS))
    arguments = parser.parse_args()
    plain = {name: value for name, value in os.environ.items() if not name.startswith("RANKLE_POINTS")}
    print("| program | CPU, s | instrumented | with a record | wall, s | instrumented | with a record |\n|---|---|---|---|---|---|---|")
    for name in arguments.programs:
        taken = {"plain": [], "bare": [], "record": []}
        for _ in range(arguments.turns):
            records = tempfile.mkdtemp()
            for kind, build, extra in (("plain", arguments.build, {}), ("bare", arguments.overlay, {}),
                                       ("record", arguments.overlay, {"RANKLE_POINTS_OUT": records})):
                taken[kind].append(seconds(arguments.build / "bin/rankle", (build / "bin" / name).resolve(),
                                               PROGRAMS[name], {**plain, **extra}))
            if not list(pathlib.Path(records).glob("points-*.rkp")):
                sys.exit(f"{name}: wrote no record: is it instrumented?")
            shutil.rmtree(records)
        cpu = {kind: min(cpu for cpu, _ in each) for kind, each in taken.items()}
        wall = {kind: statistics.median(wall for _, wall in each) for kind, each in taken.items()}
        costs = [f"{100 * (of[kind] / of['plain'] - 1):+.1f} %" for of in (cpu, wall) for kind in ("bare", "record")]
        print(f"| `{name}` | {cpu['plain']:.2f} | {costs[0]} | {costs[1]} | {wall['plain']:.2f} | {costs[2]} | {costs[3]} |",
              flush=True)


if __name__ == "__main__":
    main()
