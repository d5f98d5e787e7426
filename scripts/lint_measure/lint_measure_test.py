#!/usr/bin/env python3
"""Tests of the labels' reader, the findings' reader and the score."""

import os
import random
import stat
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))

from lint_measure import corpus, corrbench, known_answers, mutate, rankle_lint, score  # noqa: E402
from lint_measure.rankle_lint import Finding  # noqa: E402

CHECKS = {"nccl-a", "nccl-b"}


class Labels(unittest.TestCase):
    def read(self, text):
        return corpus.labels_of_text("x.cc", text, CHECKS)

    def test_marker_is_expected_on_its_line(self):
        labels = self.read("// case: one\nvoid f() {\n  Call();  // warns: nccl-a\n}\n")
        self.assertEqual(labels.expected, {Finding("nccl-a", "x.cc", 3)})

    def test_two_checks_on_one_line(self):
        labels = self.read("// case: one\nCall();  // warns: nccl-a, nccl-b\n")
        self.assertEqual({f.check for f in labels.expected}, CHECKS)

    def test_marker_of_two_files_counts_like_the_other(self):
        self.assertEqual(len(self.read("// case: one\nCall();  // warns-across: nccl-a\n").expected), 1)

    def test_case_with_several_markers_is_one_positive_case(self):
        labels = self.read("// case: one\nA();  // warns: nccl-a\nB();  // warns: nccl-b\n// case: two\nC();\n")
        self.assertEqual((len(labels.cases), labels.positive_cases), (2, 1))

    def test_unknown_check_is_an_error(self):
        with self.assertRaisesRegex(corpus.LabelError, "x.cc:2: no check nccl-c"):
            self.read("// case: one\nCall();  // warns: nccl-c\n")

    def test_misspelt_marker_is_an_error(self):
        with self.assertRaisesRegex(corpus.LabelError, "x.cc:2: unreadable marker"):
            self.read("// case: one\nCall();  // warns nccl-a\n")

    def test_marker_with_text_behind_it_is_an_error(self):
        with self.assertRaises(corpus.LabelError):
            self.read("// case: one\nCall();  // warns: nccl-a maybe\n")

    def test_marker_outside_a_case_is_an_error(self):
        with self.assertRaises(corpus.LabelError):
            self.read("Call();  // warns: nccl-a\n")

    def test_case_twice_is_an_error(self):
        with self.assertRaises(corpus.LabelError):
            self.read("// case: one\n// case: one\n")


class Programs(unittest.TestCase):
    def test_file_is_a_program_and_folder_is_a_program(self):
        with tempfile.TemporaryDirectory() as root:
            for path in ("mock/nccl.cc", "a/one.cc", "a/two/y.cc", "a/two/x.cc", "a/notes.txt"):
                os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
                with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                    file.write("// needs: c++20\n" if path.endswith("one.cc") else "\n")
            found = corpus.programs(root)
        self.assertEqual([p.name for p in found], ["a/one.cc", "a/two"])
        self.assertEqual([os.path.basename(f) for f in found[1].files], ["x.cc", "y.cc"])
        self.assertEqual([p.standards for p in found], [("c++20",), ("c++17", "c++20")])


class Scores(unittest.TestCase):
    def test_hits_misses_and_false_alarms(self):
        expected = {Finding("nccl-a", "x", line) for line in (1, 2, 3)}
        reported = {Finding("nccl-a", "x", line) for line in (2, 3, 4)} | {Finding("nccl-b", "x", 1)}
        scores = score.score(expected, reported, CHECKS)
        self.assertEqual(scores["nccl-a"], score.Score(positives=3, found=2, missed=1, false_alarms=1))
        self.assertEqual(scores["nccl-b"], score.Score(positives=0, found=0, missed=0, false_alarms=1))
        whole = score.total(list(scores.values()))
        self.assertAlmostEqual(whole.recall, 2 / 3)
        self.assertAlmostEqual(whole.precision, 2 / 4)

    def test_finding_of_another_check_on_the_right_line_is_no_hit(self):
        scores = score.score({Finding("nccl-a", "x", 1)}, {Finding("nccl-b", "x", 1)}, CHECKS)
        self.assertEqual((scores["nccl-a"].missed, scores["nccl-b"].false_alarms), (1, 1))

    def test_nothing_to_find_and_nothing_found_is_perfect(self):
        nothing = score.Score(0, 0, 0, 0)
        self.assertEqual((nothing.recall, nothing.precision), (1.0, 1.0))


class KnownAnswers(unittest.TestCase):
    MUST = known_answers.Answer(known_answers.MUST, "nccl-a", "x.cc", "Call(a, b);", "why")
    SILENT = known_answers.Answer(known_answers.SILENT, "nccl-*", "x.cc", "if (n > 1) Start();", "guard")
    ARGUABLE = known_answers.Answer(known_answers.ARGUABLE, "nccl-b", "*.cc", "Stop();", "harmless")
    SOURCES = {"x.cc": ["int x;", "  Call(a,b);", "if (n>1) Start();", "Stop();"]}

    def compare(self, findings, sources=None):
        return known_answers.compare((self.MUST, self.SILENT, self.ARGUABLE), sources or self.SOURCES, findings)

    def test_text_is_found_whatever_its_blanks_and_its_line(self):
        self.assertEqual(self.compare({("nccl-a", "x.cc", 2)}).found, [(self.MUST, "x.cc", 2)])
        moved = {"x.cc": ["// new", *self.SOURCES["x.cc"]]}
        self.assertEqual(self.compare({("nccl-a", "x.cc", 3)}, moved).found, [(self.MUST, "x.cc", 3)])

    def test_no_finding_there_is_missed(self):
        self.assertEqual(self.compare(set()).missed, [(self.MUST, "x.cc", 2)])

    def test_finding_of_another_check_there_is_missed_and_extra(self):
        result = self.compare({("nccl-b", "x.cc", 2)})
        self.assertEqual((len(result.missed), len(result.extra)), (1, 1))

    def test_finding_on_a_silent_line_is_extra(self):
        self.assertEqual(self.compare({("nccl-c", "x.cc", 3)}).extra[0][3], "must be silent: guard")

    def test_finding_on_an_arguable_line_is_neither(self):
        result = self.compare({("nccl-b", "x.cc", 4)})
        self.assertEqual((result.extra, len(result.arguable)), ([], 1))

    def test_text_that_is_no_longer_there_is_told(self):
        self.assertIn(self.MUST, self.compare(set(), {"x.cc": ["nothing"]}).gone)

    def test_complete_programs_of_a_page_keep_their_lines(self):
        page = "Title\n\n.. code:: C\n\n ncclSend();\n\nText\n\n.. code:: C\n\n int main() {\n }\n\nEnd\n"
        programs = known_answers.programs_of_document(page)
        self.assertEqual([start for start, _ in programs], [10])
        self.assertEqual(programs[0][1].split("\n").index(" int main() {"), page.split("\n").index(" int main() {"))


class CorrBench(unittest.TestCase):
    def test_kind_of_error_is_in_the_name(self):
        for path, kind, area in (
            ("micro-benches/0-level/coll/ArgError-MPIReduce-Op-1.c", "ArgError", "coll"),
            ("micro-benches/0-level/conflo/rma/MissingCall-MPIWinCreate.c", "MissingCall", "rma"),
            ("micro-benches/0-level/correct/pt2pt/bottom.c", "correct", "pt2pt"),
        ):
            self.assertEqual(corrbench.program_of(path), corrbench.MpiProgram(path, kind, area))

    def test_other_files_are_no_programs(self):
        for path in ("micro-benches/0-level/openmp/memory/a.c", "micro-benches/0-level/coll/helper.c", "scripts/x.c"):
            self.assertIsNone(corrbench.program_of(path))

    def test_table_counts_wrong_programs_found_and_correct_ones_flagged(self):
        names = ("coll/ArgError-A.c", "coll/ArgError-B.c", "pt2pt/MissingCall-C.c", "correct/coll/d.c")
        labelled = [corrbench.program_of(f"micro-benches/0-level/{name}") for name in names]
        lines = corrbench.table("tool", labelled, {labelled[0].path, labelled[3].path})
        self.assertEqual(lines[2].split(), ["ArgError", "1/2", "-", "1/2"])
        self.assertEqual(lines[-1].strip(), "recall 33.3 % (1 of 3 wrong programs), precision 50.0 % (1 correct programs flagged)")


class Mutations(unittest.TestCase):
    SOURCE = b'void f(int n) {\n  if (n > 1) Call("a b", 1.5e3);  // text\n}\n'

    def test_tokens_lose_nothing(self):
        for source in (self.SOURCE, bytes(range(256)), b'"open', b""):
            self.assertEqual(b"".join(mutate.tokens_of(source)), source)

    def test_same_seed_same_mutant(self):
        made = [[mutate.mutate(random.Random(seed), self.SOURCE, b"int x;") for seed in range(50)] for _ in range(2)]
        self.assertEqual(made[0], made[1])
        self.assertGreater(len(set(made[0])), 25)

    def test_every_mutation_bears_every_source(self):
        for mutation in mutate.MUTATIONS:
            for source in (self.SOURCE, b" ", b"\xff\x00", b"{"):
                for seed in range(20):
                    self.assertIsInstance(mutation(random.Random(seed), source, b"other"), bytes)

    def test_nesting_is_deep(self):
        deepest = max(len(mutate.mutate(random.Random(seed), self.SOURCE, b"x")) for seed in range(200))
        self.assertGreater(deepest, 5000)


class FakeTool(unittest.TestCase):
    """`rankle lint` played by a shell script."""

    def run_tool(self, output, code):
        with tempfile.TemporaryDirectory() as folder:
            tool = os.path.join(folder, "rankle")
            with open(tool, "w", encoding="utf-8") as file:
                file.write(f"#!/bin/sh\ncat <<'E'\n{output}\nE\nexit {code}\n")
            os.chmod(tool, stat.S_IRWXU)
            return rankle_lint.run(tool, ["x.cc"], ["-std=c++17"], folder=folder)

    def test_several_findings_on_one_line_count_once(self):
        finding = '{"check": "nccl-a", "file": "/x.cc", "line": 7, "message": "m"}'
        report = self.run_tool('{"findings": [%s, %s]}' % (finding, finding), 1)
        self.assertEqual(report.findings, {Finding("nccl-a", "/x.cc", 7)})

    def test_accepted_by_a_baseline_is_no_finding(self):
        finding = '{"check": "nccl-a", "file": "/x.cc", "line": 7, "accepted": true}'
        self.assertEqual(self.run_tool('{"findings": [%s]}' % finding, 0).findings, frozenset())

    def test_unit_that_failed_is_an_error(self):
        with self.assertRaisesRegex(rankle_lint.LintError, "x.cc: killed by signal 11"):
            self.run_tool('{"findings": [], "units": [{"file": "x.cc", "errors": 0, "failure": "killed by signal 11"}]}', 0)

    def test_errors_of_a_unit_are_told(self):
        report = self.run_tool('{"findings": [], "units": [{"file": "/x.cc", "errors": 3, "failure": ""}]}', 0)
        self.assertEqual(report.errors, {"/x.cc": 3})

    def test_exit_code_that_contradicts_the_findings_is_an_error(self):
        with self.assertRaisesRegex(rankle_lint.LintError, "exit code 1 with 0 findings"):
            self.run_tool('{"findings": []}', 1)

    def test_undocumented_exit_code_is_an_error(self):
        with self.assertRaisesRegex(rankle_lint.LintError, "exit code 139"):
            self.run_tool('{"findings": []}', 139)

    def test_broken_json_is_an_error(self):
        with self.assertRaisesRegex(rankle_lint.LintError, "unreadable JSON"):
            self.run_tool("{", 0)


if __name__ == "__main__":
    unittest.main()
