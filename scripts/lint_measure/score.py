"""Compares what was found with what is true, and prints the table."""

from collections import Counter
from typing import NamedTuple


class Score(NamedTuple):
    positives: int  # lines where a finding of the check must stand
    found: int
    missed: int
    false_alarms: int

    @property
    def recall(self):
        """In 0..1; nothing to find counts as all found."""
        return self.found / self.positives if self.positives else 1.0

    @property
    def precision(self):
        """In 0..1; nothing reported counts as nothing wrongly reported."""
        reported = self.found + self.false_alarms
        return self.found / reported if reported else 1.0


def score(expected, reported, checks):
    """Of two sets of findings: {check: Score} for `checks` and whatever else was reported."""
    hits, wanted, alarms = (Counter(f.check for f in s) for s in (expected & reported, expected, reported - expected))
    return {
        check: Score(wanted[check], hits[check], wanted[check] - hits[check], alarms[check])
        for check in sorted(set(checks) | set(wanted) | set(alarms))
    }


def total(scores):
    return Score(*(sum(column) for column in zip(*scores))) if scores else Score(0, 0, 0, 0)


def table(scores, order=None):
    """Lines of text: one a check, in `order` (default: by name), and the total."""
    names = [n for n in (order or []) if n in scores] + sorted(set(scores) - set(order or []))
    width = max([len(n) for n in names] + [5])
    lines = [f"{'check':{width}}  positives  found  missed  false alarms  recall  precision"]
    for name, s in [(n, scores[n]) for n in names] + [("total", total(list(scores.values())))]:
        lines.append(
            f"{name:{width}}  {s.positives:9}  {s.found:5}  {s.missed:6}  {s.false_alarms:12}"
            f"  {100 * s.recall:5.1f} %  {100 * s.precision:7.1f} %"
        )
    return lines
