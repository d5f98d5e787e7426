#!/usr/bin/env python3
"""A campaign of a thousand runs over real programs of 2 to 4 processes, whose runner is killed 20 times.

  campaign_kills.py [--build DIR] [--kills N] [--runs N] [--seed S]

Asked (docs/measurements.md): within an hour on 2 cores, and after every kill -9 at most the runs in flight are lost: what was
finished before stays finished, word for word. Exit code 1 if not.
"""
import argparse
import json
import os
import pathlib
import random
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

PROGRAMS = ["retry_storm", "queue_timeout", "reconnect_herd", "hedged_requests", "speculative_restart"]
EXCLUDE = ["* from *RunProgram*", "* from *NamelessFile*", "close from *", "pthread_create from *"]
JOBS = 4


def workloads(build):
    """The first workload of programs that have small jobs of 2 to 4 ranks, as cascades.yaml has them."""
    text = (pathlib.Path(__file__).resolve().parents[2] / "corpora/programs/cascades/cascades.yaml").read_text()
    lines = []
    for name in PROGRAMS:
        entry = text[text.index(f"- name: {name}\n"):]
        found = re.search(r"campaign: \{ranks: (\d+), workloads: \[(\w+)", entry)
        lines.append(f"  - {{ name: {name}, ranks: {found.group(1)}, timeout: 30s, "
                     f"command: {json.dumps([str(build / 'bin/cascades' / name), '--workload', found.group(2)])} }}\n")
    return "".join(lines)


def finished(state):
    if not state.exists():
        return {}
    with sqlite3.connect(f"file:{state}?mode=ro", uri=True) as database:
        try:
            return dict(database.execute("SELECT id, observation FROM runs WHERE state = 'finished'"))
        except sqlite3.OperationalError:  # killed before it had made its tables
            return {}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    build, draws = arguments.build.resolve(), random.Random(arguments.seed)
    out = pathlib.Path(tempfile.mkdtemp()) / "out"
    file = out.parent / "campaign.yaml"
    file.write_text(f"version: 1\nworkloads:\n{workloads(build)}points: {{ exclude: {json.dumps(EXCLUDE)} }}\n"
                    "delays: [100ms, 200ms]\nprofile_repeats: 20\nrepeats: 5\nbudget: 100000\n"
                    f"executor: {{ jobs: {JOBS} }}\n")
    # Kills spread over the finished runs at random, so that they meet every part of the campaign.
    kill_at = sorted(draws.randrange(arguments.runs) for _ in range(arguments.kills))
    begun, before, lost, changed = time.monotonic(), {}, 0, 0
    state = out / "campaign.sqlite"
    while True:
        runner = subprocess.Popen([build / "bin/rankle", "campaign", file, "-o", out] + (["--resume"] if state.exists() else []),
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        while kill_at and runner.poll() is None and len(finished(state)) < kill_at[0]:
            time.sleep(0.1 + 0.2 * draws.random())
        if kill_at and runner.poll() is None:
            kill_at.pop(0)
            before = finished(state)
            os.kill(runner.pid, signal.SIGKILL)
            runner.wait()
            after = finished(state)
            lost += sum(number not in after for number in before)
            changed += sum(after.get(number) != text for number, text in before.items() if number in after)
            continue
        errors = runner.communicate()[1].decode()
        break
    after = finished(state)
    lost += sum(number not in after for number in before)
    seconds = time.monotonic() - begun
    with sqlite3.connect(f"file:{state}?mode=ro", uri=True) as database:
        states = dict(database.execute("SELECT state, count(*) FROM runs GROUP BY state"))
        twice = database.execute("SELECT count(*) FROM (SELECT 1 FROM runs GROUP BY workload, plan, repeat, phase "
                                 "HAVING count(*) > 1)").fetchone()[0]
    print(f"{len(after)} runs finished, {arguments.kills - len(kill_at)} kills, {seconds:.0f} s, {lost} finished runs lost, "
          f"{changed} changed, {twice} made twice; states {states}; exit code {runner.returncode}")
    if runner.returncode != 0:
        print(errors[-500:])
    good = (runner.returncode == 0 and not lost and not changed and not twice and not kill_at
            and len(after) >= arguments.runs and seconds < 3600)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
