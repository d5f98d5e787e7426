"""Runs `rankle lint` on one program (one or more files) and gives its report as plain values."""

import json
import os
import subprocess
from typing import NamedTuple

CLEAN, FOUND, UNUSABLE = 0, 1, 2  # the exit codes of `rankle lint`
ALL_CHECKS, DEFAULT_CHECKS = "nccl-*", ""  # advice is off by default


class Finding(NamedTuple):
    check: str  # "nccl-count-in-bytes"
    file: str  # absolute, links resolved
    line: int


class Report(NamedTuple):
    findings: frozenset  # of Finding, without those that a baseline accepts
    errors: dict  # file -> number of errors that the parser went past; only files with some


class LintError(Exception):
    """rankle lint broke its contract: no findings can be read."""


def report_of_json(text, folder):
    """A report of format rankle.lint/1; relative paths in it are relative to `folder`. Several findings of one check on
    one line (instances of a template) count once."""

    def absolute(path):
        return os.path.realpath(os.path.join(folder, path))

    report = json.loads(text)
    failed = [u for u in report.get("units", []) if u.get("failure")]
    if failed:
        raise LintError("; ".join(f"{u['file']}: {u['failure']}" for u in failed))
    return Report(
        frozenset(
            Finding(f["check"], absolute(f["file"]), int(f["line"])) for f in report["findings"] if not f.get("accepted")
        ),
        {absolute(u["file"]): u["errors"] for u in report.get("units", []) if u.get("errors")},
    )


def run(rankle, files, flags, folder=".", checks=ALL_CHECKS, timeout_s=120):
    """The report of one run over `files` as one program, nothing from the cache, and findings below `folder` only."""
    command = [rankle, "lint", "--format", "json", "--no-cache", "--root", folder]
    if checks:
        command.append(f"--checks={checks}")
    command += files
    if flags:
        command += ["--", *flags]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=timeout_s)
    except subprocess.TimeoutExpired as late:
        raise LintError(f"{' '.join(files)}: no end after {timeout_s} s") from late
    if done.returncode not in (CLEAN, FOUND):
        raise LintError(f"{' '.join(files)}: exit code {done.returncode}: {done.stderr.strip()[-2000:]}")
    try:
        report = report_of_json(done.stdout, folder)
    except (ValueError, KeyError, TypeError) as broken:
        raise LintError(f"{' '.join(files)}: unreadable JSON: {broken}") from broken
    if bool(report.findings) != (done.returncode == FOUND):
        raise LintError(f"{' '.join(files)}: exit code {done.returncode} with {len(report.findings)} findings")
    return report
