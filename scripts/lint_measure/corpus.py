"""Reads the labels of corpora/detectors: programs, cases and the lines where findings must stand (see README.md there)."""

import os
import re
from typing import NamedTuple

from lint_measure.rankle_lint import Finding

CASE = re.compile(r"//\s*case:\s*(\S+)")
WARNS = re.compile(r"//\s*warns(?P<across>-across)?:\s*(?P<checks>nccl-[a-z0-9-]+(?:\s*,\s*nccl-[a-z0-9-]+)*)\s*$")
ANY_MARKER = re.compile(r"//\s*warns")
NEEDS_CXX20 = re.compile(r"//\s*needs:\s*c\+\+20\s*$", re.MULTILINE)


class Program(NamedTuple):
    name: str  # "group-unbalanced/basic.cc", or the folder of several files
    files: tuple  # absolute paths, sorted
    standards: tuple  # ("c++17", "c++20")


class Labels(NamedTuple):
    expected: frozenset  # of Finding
    cases: tuple  # ("basic.cc:17", "ring_step") in order: where, name
    positive_cases: int  # cases with at least one marker


class LabelError(Exception):
    """A marker that says nothing readable: the corpus is wrong, not the tool."""


def programs(root):
    """All programs below `root`, in order of name."""
    result = []
    for check in sorted(os.listdir(root)):
        folder = os.path.join(root, check)
        if check == "mock" or not os.path.isdir(folder):
            continue
        for entry in sorted(os.listdir(folder)):
            path = os.path.join(folder, entry)
            if os.path.isdir(path):
                files = tuple(sorted(os.path.realpath(os.path.join(path, f)) for f in os.listdir(path) if f.endswith(".cc")))
            elif entry.endswith(".cc"):
                files = (os.path.realpath(path),)
            else:
                continue
            result.append(Program(f"{check}/{entry}", files, _standards(files)))
    return result


def labels_of_text(path, text, checks):
    """The labels of one file. `checks` are the known names: a marker with another one is an error."""
    expected, cases, positive, seen = set(), [], 0, set()
    open_case_is_positive = False
    for number, line in enumerate(text.split("\n"), start=1):
        where = f"{path}:{number}"
        case = CASE.search(line)
        if case:
            if case.group(1) in seen:
                raise LabelError(f"{where}: case {case.group(1)} is there twice")
            seen.add(case.group(1))
            cases.append((where, case.group(1)))
            open_case_is_positive = False
        if not ANY_MARKER.search(line):
            continue
        marker = WARNS.search(line)
        if not marker:
            raise LabelError(f"{where}: unreadable marker; write '// warns: nccl-CHECK' at the end of the line")
        if not cases:
            raise LabelError(f"{where}: marker before the first '// case: NAME'")
        for check in re.split(r"\s*,\s*", marker.group("checks")):
            if check not in checks:
                raise LabelError(f"{where}: no check {check}")
            expected.add(Finding(check, path, number))
        positive += not open_case_is_positive
        open_case_is_positive = True
    return Labels(frozenset(expected), tuple(cases), positive)


def labels(program, checks):
    """The labels of all files of a program."""
    parts = []
    for path in program.files:
        with open(path, encoding="utf-8") as file:
            parts.append(labels_of_text(path, file.read(), checks))
    return Labels(
        frozenset().union(*(p.expected for p in parts)),
        sum((p.cases for p in parts), ()),
        sum(p.positive_cases for p in parts),
    )


def check_names(root):
    """The checks that have a folder, as the tool names them."""
    return {f"nccl-{d}" for d in os.listdir(root) if d != "mock" and os.path.isdir(os.path.join(root, d))}


def _standards(files):
    texts = []
    for path in files:
        with open(path, encoding="utf-8") as file:
            texts.append(file.read())
    return ("c++20",) if any(NEEDS_CXX20.search(t) for t in texts) else ("c++17", "c++20")
