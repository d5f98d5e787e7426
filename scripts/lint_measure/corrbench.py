"""The labels of MPI-CorrBench (tudasc/MPI-Corrbench): a program's error is in the name of its file, and correct programs have a
folder of their own. A label is about a whole program, not about a line."""

import os
import re
from collections import Counter
from typing import NamedTuple

KINDS = ("ArgError", "ArgMismatch", "MissingCall", "MisplacedCall")
CORRECT = "correct"
AREAS = ("coll", "pt2pt", "rma", "usertypes", "datatype")
# "conflo": the error depends on the arguments of the program. OpenMP programs are another subject and are left out.
_PATH = re.compile(r"micro-benches/0-level/(?:(?P<group>conflo|correct)/)?(?P<area>[a-z0-9]+)/(?P<file>[^/]+\.c)$")


class MpiProgram(NamedTuple):
    path: str  # relative to the checkout
    kind: str  # one of KINDS, or CORRECT
    area: str  # one of AREAS


def program_of(path):
    """The label of a file, or None where it is no labelled program."""
    match = _PATH.match(path.replace(os.sep, "/"))
    if not match or match["area"] not in AREAS:
        return None
    if match["group"] == CORRECT:
        return MpiProgram(path, CORRECT, match["area"])
    kind = match["file"].split("-")[0]
    return MpiProgram(path, kind, match["area"]) if kind in KINDS else None


def programs(root):
    """All labelled programs of a checkout, in order."""
    found = []
    for folder, _, files in os.walk(os.path.join(root, "micro-benches", "0-level")):
        found += [program_of(os.path.relpath(os.path.join(folder, name), root)) for name in files]
    return sorted(p for p in found if p)


def table(title, labelled, flagged):
    """Lines of text: for each kind of error and area, how many programs there are and how many the tool flags. `flagged` are paths."""
    count, hits = Counter(), Counter()
    for program in labelled:
        for key in ((program.kind, program.area), (program.kind, "all")):
            count[key] += 1
            hits[key] += program.path in flagged
    columns = [a for a in AREAS if any(count[k, a] for k in (*KINDS, CORRECT))] + ["all"]
    lines = [title, f"  {'programs flagged / all':24}" + "".join(f"{c:>12}" for c in columns)]
    for kind in (*KINDS, CORRECT):
        cells = [f"{hits[kind, c]}/{count[kind, c]}" if count[kind, c] else "-" for c in columns]
        lines.append(f"  {kind + (' (false alarms)' if kind == CORRECT else ''):24}" + "".join(f"{c:>12}" for c in cells))
    wrong = sum(count[k, "all"] for k in KINDS)
    found = sum(hits[k, "all"] for k in KINDS)
    alarms = hits[CORRECT, "all"]
    recall = 100 * found / wrong if wrong else 100.0
    precision = 100 * found / (found + alarms) if found + alarms else 100.0
    lines.append(
        f"  recall {recall:.1f} % ({found} of {wrong} wrong programs), precision {precision:.1f} % ({alarms} correct programs flagged)"
    )
    return lines
