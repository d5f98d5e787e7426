#!/usr/bin/env python3
"""kill -9 of `rankle attach` at random moments, with faults in flight: what stays behind?

    ebpf_kills.py [--kills 100] [--seed 1] [--build build]

One process calls ncclAllReduce all the time. Each round attaches to it with one of several faults (delays, at entry and at return,
hangs, stops without an end), and kills rankle after a random time: while it attaches, while the process is stopped, while it is
continued. Then, each round: the process goes on within 2 s; no BPF program, table, link or pin of ours and no watchdog is left.
Exits with 1 when something is, with 77 where nothing can be attached.
"""

import argparse
import json
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time

LIMIT_S = 2.0  # the watchdog's promise
GONE_S = 10.0  # the kernel frees programs after a grace period, later on a busy machine
# Programs and tables as tracer/ebpf/*.bpf.c name them (the kernel keeps 15 characters).
PROGRAMS = {"on_enter", "on_return", "on_library", "on_fork", "on_exec", "on_end", "on_signal", "on_switch", "on_wakeup"}
TABLES = {"frames", "api_faults", "stops", "callers", "retransmits", "reclaiming", "waits"}
FAULTS = [
    "delay ncclAllReduce every=3 time=2ms",
    "delay ncclAllReduce every=5 time=400ms",
    "delay ncclAllReduce every=4 time=5ms at=exit",
    "hang ncclAllReduce call=20..",
    "signal ncclAllReduce call=30.. every=7 signal=STOP",
]


def listed(kind):
    said = subprocess.run(["bpftool", "-j", kind, "show"], capture_output=True, text=True)
    return json.loads(said.stdout or "[]") if said.returncode == 0 else []


def ours():
    """What the kernel holds of ours: readable names with their ids."""
    programs = {p["id"]: p.get("name", "") for p in listed("prog") if p.get("name") in PROGRAMS}
    found = {f"program {name} {number}" for number, name in programs.items()}
    found |= {f"table {t['name']} {t['id']}" for t in listed("map") if t.get("name") in TABLES}
    found |= {f"link {l['id']}" for l in listed("link") if l.get("prog_id") in programs}
    found |= {f"pin {os.path.join(folder, name)}" for folder, _, names in os.walk("/sys/fs/bpf") for name in names
              if "rankle" in os.path.join(folder, name)}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/comm") as comm:
                if comm.read().strip() == "rankle-watchdog":
                    found.add(f"watchdog {pid}")
        except OSError:
            pass
    return found


def wait_until(holds, limit_s):
    """Seconds until it held, or None."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > limit_s:
            return None
    return time.monotonic() - began


class Target:
    """tests/programs/probe_target, with the fields of its progress.h."""

    def __init__(self, build, folder):
        self.path = os.path.join(folder, "progress")
        with open(self.path, "wb") as file:
            file.truncate(48)
        environment = dict(os.environ, RANK="3", WORLD_SIZE="8")
        self.process = subprocess.Popen([f"{build}/tests/probe_target", self.path, "1000000000", "200"], env=environment)
        self.file = open(self.path, "r+b", buffering=0)
        wait_until(lambda: self.field(28, "I") == 1, 30)
        self.file.seek(24)
        self.file.write(b"\1")

    def field(self, offset, kind):
        self.file.seek(offset)
        return struct.unpack(kind, self.file.read(struct.calcsize(kind)))[0]

    def completed(self):
        return self.field(0, "Q")

    def state(self):
        with open(f"/proc/{self.process.pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1e9, help="end early after so long")
    parser.add_argument("--build", default="build")
    options = parser.parse_args()
    doctor = json.loads(subprocess.run([f"{options.build}/bin/rankle", "doctor", "--format", "json"], capture_output=True).stdout)
    able = [c for c in doctor["checks"] if c["name"] == "eBPF: programs"]
    if not able or able[0]["state"] != "ok" or subprocess.run(["which", "bpftool"], capture_output=True).returncode != 0:
        print("skipped: cannot attach here (rankle doctor), or no bpftool")
        return 77
    draw = random.Random(options.seed)
    bad, done, moments, slowest, stopped = [], 0, {"attaching": 0, "attached": 0}, 0.0, 0
    with tempfile.TemporaryDirectory() as folder:
        target = Target(options.build, folder)
        before = ours()
        began = time.monotonic()
        for kill in range(options.kills):
            if time.monotonic() - began > options.seconds:
                break
            done = kill + 1
            fault = draw.choice(FAULTS)
            while_attaching = draw.random() < 0.25
            log = open(os.path.join(folder, "log"), "w+")
            attached = subprocess.Popen([f"{options.build}/bin/rankle", "attach", str(target.process.pid), "-o",
                                         os.path.join(folder, f"out{kill}"), "--fault", fault], stderr=log)
            if not while_attaching:
                wait_until(lambda: "attached to" in open(log.name).read(), 30)
            time.sleep(draw.uniform(0, 0.3))  # the random moment
            was_stopped = target.state() == "T"
            stopped += was_stopped
            moments["attaching" if "attached to" not in open(log.name).read() else "attached"] += 1
            if attached.poll() is not None:
                bad.append(f"kill {kill} ({fault}): it ended by itself: {open(log.name).read()}")
            attached.send_signal(signal.SIGKILL)
            attached.wait()
            reached = target.completed() + 1  # the call that may be over already
            took = wait_until(lambda: target.completed() > reached, LIMIT_S)
            if took is None:
                bad.append(f"kill {kill} ({fault}): the process stands still, state {target.state()}")
                os.kill(target.process.pid, signal.SIGCONT)
            slowest = max(slowest, took or LIMIT_S)
            if wait_until(lambda: not ours() - before, GONE_S) is None:
                bad.append(f"kill {kill} ({fault}): left: {sorted(ours() - before)}")
        alive = target.process.poll() is None
        target.process.kill()
        target.process.wait()
    if not alive:
        bad.append("the process has ended")
    print(f"{done} kills ({moments['attaching']} while attaching, {stopped} while the process was stopped): "
          f"{len(bad)} left something; the process went on within {slowest:.2f} s at worst")
    for line in bad:
        print(line)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
