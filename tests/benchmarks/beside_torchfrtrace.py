#!/usr/bin/env python3
"""rankle beside PyTorch's own Flight Recorder analyzer (torchfrtrace) on the same dumps: whom each blames, and how long it takes.

    tests/benchmarks/beside_torchfrtrace.py [--build DIR] [--jobs N] [--set NAME:PREFIX:RANK,RANK:DIRECTORY]...

Of PyTorch's wheel (pinned, from PyPI: the smallest of that version, 80 MB) only the pure Python files of the analyzer are kept. Simulated
jobs have one culprit; sets of your own are given with theirs. torchfrtrace blames nobody by name: what it prints as missing ranks and as
mismatching ranks counts. "exact" = the culprits and nobody else; "among" = the culprits and others; a run that ends in an exception
counts as such.
"""
import argparse
import collections
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import zipfile
import json

WHEEL = "torch==2.11.0"
PLATFORM = "macosx_11_0_arm64"  # the smallest of the version's wheels; the files are the same


def analyzer_of_pytorch(cache):
    marker = cache / "torch/distributed/flight_recorder/fr_trace.py"
    if marker.exists():
        return cache
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", WHEEL, "--no-deps", "--only-binary=:all:",
                        "--platform", PLATFORM, "--python-version", "3.11", "-d", scratch], check=True)
        wheel = zipfile.ZipFile(next(pathlib.Path(scratch).glob("torch-*.whl")))
        wheel.extractall(cache, [name for name in wheel.namelist() if "/flight_recorder/" in name])
    for package in ("torch", "torch/distributed"):  # the analyzer needs nothing else of them
        (cache / package / "__init__.py").touch()
    return cache


def ask_pytorch(package, directory, prefix):
    start = time.monotonic()
    run = subprocess.run([sys.executable, "-m", "torch.distributed.flight_recorder.fr_trace", directory, "-p", prefix,
                          "--allow-incomplete-ranks"], cwd=package, capture_output=True, text=True)
    seconds = time.monotonic() - start
    blamed = set()
    for ranks in re.findall(r"missing ranks: \{([0-9, ]*)\}", run.stdout + run.stderr):
        blamed |= {int(rank) for rank in ranks.split(",") if rank.strip()}
    for rank in re.findall(r"[Cc]ulprit rank (\d+)", run.stdout + run.stderr):
        blamed.add(int(rank))
    return (None if run.returncode else blamed), seconds


def ask_rankle(build, directory):
    start = time.monotonic()
    run = subprocess.run([build / "bin/rankle", "analyze", "--format", "json", directory], capture_output=True, text=True)
    seconds = time.monotonic() - start
    if run.returncode not in (0, 3):
        return None, seconds
    return set(json.loads(run.stdout)["verdict"]["culprits"]["ranks"]), seconds


def grade(blamed, culprits):
    if blamed is None:
        return "exception"
    if blamed == culprits:
        return "exact"
    if not blamed:
        return "nobody"
    return "among others" if culprits <= blamed else "others only" if not culprits & blamed else "some, and others"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    parser.add_argument("--jobs", type=int, default=40, help="simulated jobs of each fault")
    parser.add_argument("--set", action="append", default=[], metavar="NAME:PREFIX:RANKS:DIRECTORY")
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    cache = build / "torchfrtrace"
    cache.mkdir(exist_ok=True)
    package = analyzer_of_pytorch(cache)
    grades = collections.defaultdict(collections.Counter)
    times = collections.defaultdict(list)

    def compare(group, directory, prefix, culprits):
        for name, (blamed, seconds) in (("rankle", ask_rankle(build, directory)),
                                        ("torchfrtrace", ask_pytorch(package, directory, prefix))):
            grades[group, name][grade(blamed, culprits)] += 1
            times[group, name].append(seconds)

    for text in arguments.set:
        name, prefix, ranks, directory = text.split(":", 3)
        compare(name, str(pathlib.Path(directory).resolve()), prefix, {int(rank) for rank in ranks.split(",")})
    for fault in ("host", "device", "completion"):
        for seed in range(arguments.jobs):
            with tempfile.TemporaryDirectory() as directory:
                made = subprocess.run([build / "tests/write_simulated_dumps", fault, str(seed), directory],
                                      capture_output=True, text=True, check=True)
                if made.stdout.strip():
                    compare(f"simulated, {fault}", directory, "nccl_trace_rank_", {int(made.stdout)})

    columns = ["exact", "among others", "some, and others", "others only", "nobody", "exception"]
    print("| dumps | analyzer | jobs | " + " | ".join(columns) + " | median s |")
    print("|" + "---|" * (len(columns) + 4))
    for (group, name), counts in grades.items():
        middle = sorted(times[group, name])[len(times[group, name]) // 2]
        print(f"| {group} | {name} | {sum(counts.values())} | " + " | ".join(str(counts[c]) for c in columns) + f" | {middle:.3f} |")


if __name__ == "__main__":
    main()
