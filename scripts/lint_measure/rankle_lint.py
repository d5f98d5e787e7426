"""Runs `rankle lint` on one program (one or more files) and gives its findings as plain values."""

import json
import os
import subprocess
from typing import NamedTuple

CLEAN, FOUND, UNUSABLE = 0, 1, 2  # the exit codes of `rankle lint`


class Finding(NamedTuple):
    check: str  # "nccl-count-in-bytes"
    file: str  # absolute, links resolved
    line: int


class LintError(Exception):
    """rankle lint broke its contract: no findings can be read."""


def findings_of_json(text, folder):
    """The findings of a report; relative paths in it are relative to `folder`. Several on one line count once."""
    report = json.loads(text)
    return {
        Finding(f["check"], os.path.realpath(os.path.join(folder, f["file"])), int(f["line"]))
        for f in report["findings"]
    }


def run(rankle, files, flags, options=(), folder=".", timeout_s=120):
    """Findings of one run over `files` as one program. `options` go before the files (--checks, -p)."""
    command = [rankle, "lint", "--format", "json", *options, *files]
    if flags:
        command += ["--", *flags]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=timeout_s)
    except subprocess.TimeoutExpired as late:
        raise LintError(f"{' '.join(files)}: no end after {timeout_s} s") from late
    if done.returncode not in (CLEAN, FOUND):
        raise LintError(f"{' '.join(files)}: exit code {done.returncode}: {done.stderr.strip()[-2000:]}")
    try:
        found = findings_of_json(done.stdout, folder)
    except (ValueError, KeyError, TypeError) as broken:
        raise LintError(f"{' '.join(files)}: unreadable JSON: {broken}") from broken
    if bool(found) != (done.returncode == FOUND):
        raise LintError(f"{' '.join(files)}: exit code {done.returncode} with {len(found)} findings")
    return found
