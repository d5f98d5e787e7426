#!/usr/bin/env python3
"""The HTML report in a real browser: reports on real runs at 8 ranks and on synthetic jobs of 1,024, light and dark.

    report_page_test.py BUILD_DIR [unittest options]

Screenshots are kept in BUILD_DIR/report-page. Exit code 77 (ctest: skipped) where there is no Chromium.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from browser import Browser, find_chromium

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77
MOST_BYTES = 5_000_000  # docs/report.md
LEAST_CONTRAST = 4.5    # WCAG 2.1 AA, of text
LARGE = 1024
LARGE_CULPRIT = 341     # inside the job: neither the first nor the last of any of its groups

HOSTILE_COMMAND = "\" onmouseover=\"window.hostile=2\"></script><script>window.hostile=3</script>"


class Reports:
    """Records, JSON and HTML of every job, made once."""

    def __init__(self, build, folder):
        self.build, self.folder = build, folder
        self.json = {}
        program = lambda name: str(build / "bin" / name)
        train = ["-q", "-n", "8", "--virtual-gpus", "8"]
        self.run("hang8", *train, "--fault", "hang ncclAllReduce rank=3 call=120", "--hang-after", "3", "--on-hang", "kill",
                 "--", program("ddp_train"), "--steps", "200", "--step-time", "5ms")
        self.run("healthy8", *train, "--", program("ddp_train"), "--steps", "40", "--step-time", "5ms")
        self.run("links8", *train, "--", "env", "RANKLE_VGPU_LINKS=5>2:latency=3ms", program("moe_train"), "--steps", "60",
                 "--ep", "8")
        self.run("stopped8", *train, "--hang-after", "3", "--on-hang", "kill", "--", "env", "RANKLE_VGPU_LINKS=3>2:stop=100",
                 program("moe_train"), "--steps", "60", "--ep", "8")
        for fault, collectives in (("hang", 400), ("slow", 800)):
            subprocess.run([program("synthetic_job"), "--ranks", str(LARGE), "--fault", fault, "--culprit", str(LARGE_CULPRIT),
                            "--collectives", str(collectives), "-o", self.records(fault + "1024")], check=True,
                           stdout=subprocess.DEVNULL)
        subprocess.run([str(build / "tests" / "planted_jobs"), str(folder)], check=True)
        run_json = folder / "hostile" / "run.json"
        run_json.write_text(json.dumps(json.loads(run_json.read_text()) | {"command": [HOSTILE_COMMAND]}))
        for name in ("hang8", "healthy8", "links8", "stopped8", "hang1024", "slow1024", "hostile", "deadlock", "unknown", "idle"):
            self.analyze(name)

    def records(self, name):
        return str(self.folder / name)

    def html(self, name):
        return self.records(name) + ".html"

    def run(self, name, *arguments):
        # How the job ends is its own business: the verdict tells whether it is the one that was planned.
        subprocess.run([str(self.build / "bin" / "rankle"), "run", "-o", self.records(name), *arguments],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def analyze(self, name):
        for form, path in (("json", self.records(name) + ".json"), ("html", self.html(name))):
            done = subprocess.run([str(self.build / "bin" / "rankle"), "analyze", "--format", form, "-o", path,
                                   self.records(name)], stderr=subprocess.PIPE, text=True)
            if done.returncode not in (0, 3):
                raise RuntimeError(f"{name}: rankle analyze: {done.stderr}")
        self.json[name] = json.loads(pathlib.Path(self.records(name) + ".json").read_text())


def culprit_chips(report):
    culprits = report["verdict"]["culprits"]
    return [f"rank {rank}" for rank in culprits["ranks"]] + [f"link {a} → {b}" for a, b in culprits["links"]]


class ReportPage(unittest.TestCase):
    reports: Reports
    browser: Browser
    artefacts: pathlib.Path

    def page(self, name, **options):
        page = self.browser.open(self.reports.html(name), **options)
        page.evaluate((HERE / "look.js").read_text())
        return page

    def each(self, check):
        """check(name, dark, page) for every report, light and dark."""
        for name in self.reports.json:
            for dark in (False, True):
                with self.subTest(report=name, dark=dark):
                    check(name, dark, self.page(name, dark=dark))

    def test_nothing_is_logged_and_nothing_is_fetched(self):
        def check(_name, _dark, page):
            page.move_pointer(400, 400)
            page.collect()
            self.assertEqual(page.messages, [])
            self.assertEqual(page.requests, [])

        self.each(check)

    def test_verdicts_are_those_of_the_json_report(self):
        wanted = {"hang8": "hang.not_entered", "healthy8": "healthy", "links8": "slow.link",
                  "stopped8": "hang.in_collective", "hang1024": "hang.not_entered",
                  "slow1024": "slow.compute", "unknown": "unknown"}
        for name, report in self.reports.json.items():
            with self.subTest(report=name):
                if name in wanted:
                    self.assertEqual(report["verdict"]["class"], wanted[name], report["verdict"]["summary"])
                page = self.page(name)
                self.assertEqual(page.evaluate("look.all('.class')"), [report["verdict"]["class"]])
                self.assertEqual(page.evaluate("look.all('.summary')"), [report["verdict"]["summary"]])
                self.assertEqual(page.evaluate("look.all('.chip.culprit')"), culprit_chips(report))

    def test_every_rank_of_a_small_job_has_a_lane_and_a_row(self):
        page = self.page("hang8")
        self.assertEqual(page.evaluate("look.count('[data-rank]')"), 8)
        self.assertEqual(page.evaluate("look.all('#lanes .label.guilty')[0]"), "rank 3")
        self.assertEqual(page.evaluate("look.count('[data-rank] .stuck')"), 7)
        self.assertEqual(page.evaluate("look.count('[data-rank=\"3\"] .stuck')"), 0)
        grid = page.evaluate("look.grid('lateness')")
        self.assertEqual(grid["labels"], [f"rank {rank}" for rank in range(8)])
        self.assertEqual(grid["values"], [grid["columns"]] * 8)
        self.assertGreater(grid["columns"], 10)
        self.assertEqual(page.evaluate("look.count('#waits .box')"), 3)  # rank 3, the operation, the seven

    def test_one_rank_of_a_thousand_stays_visible(self):
        page = self.page("slow1024")
        self.assertEqual(page.evaluate("look.all('#lanes .label.guilty')"), [f"rank {LARGE_CULPRIT}"])
        self.assertLessEqual(page.evaluate("look.count('[data-rank]')"), 32)
        self.assertEqual(page.evaluate("Number(document.getElementById('raster').dataset.rows)"), 64)
        self.assertEqual(page.evaluate("look.grid('named').labels"), [f"rank {LARGE_CULPRIT}"])
        grid = page.evaluate("look.grid('lateness')")
        self.assertEqual(grid["rows"], 64)
        row, last = LARGE_CULPRIT // 16, grid["columns"] - 1
        self.assertEqual(grid["labels"][row], "ranks 336-351")
        self.assertIn(page.evaluate(f"look.cell('lateness', {row}, {last})"), ("h6", "h7"))  # late since a third of the steps
        self.assertIn(page.evaluate(f"look.cell('lateness', {row}, 0)"), ("h0", "h1"))
        for other in (row - 1, row + 1):
            self.assertIn(page.evaluate(f"look.cell('lateness', {other}, {last})"), ("h0", "h1", "h2"))

    def test_the_slow_link_is_in_the_matrix(self):
        page = self.page("links8")
        for name in ("measured", "expected", "left"):
            grid = page.evaluate(f"look.grid('{name}')")
            self.assertEqual((grid["rows"], grid["columns"]), (8, 8))
        self.assertEqual(page.evaluate("look.cell('measured', 5, 2)"), "h7")
        self.assertEqual(page.evaluate("look.cell('left', 5, 2)"), "h7")
        self.assertIn(page.evaluate("look.cell('expected', 5, 2)"), ("h0", "h1"))
        self.assertEqual(page.evaluate("look.cell('measured', 2, 2)"), "nodata")
        for name in ("measured", "left"):
            self.assertTrue(page.evaluate(f"look.outlined('{name}', 5, 2)"))
        self.assertFalse(page.evaluate("look.outlined('expected', 5, 2)"))

    def test_the_link_that_stopped_is_marked(self):
        page = self.page("stopped8")
        self.assertEqual(page.evaluate("look.grid('standing').rows"), 8)
        self.assertEqual(page.evaluate("look.cell('standing', 3, 2)"), "h7")
        self.assertEqual(page.evaluate("look.cell('standing', 3, 3)"), "nodata")

    def test_a_cell_tells_its_value_under_the_pointer(self):
        page = self.page("links8")
        x, y = page.evaluate("look.centre('[data-grid=\"measured\"] .hit')")
        page.move_pointer(x + 2, y + 2)  # right of and below the middle line of 8 x 8 cells
        self.assertEqual(page.evaluate("getComputedStyle(document.getElementById('tip')).display"), "block")
        self.assertRegex(page.evaluate("document.getElementById('tip').textContent"), "^rank 4, to 4\nno traffic timed$")

    def test_names_of_the_job_are_text(self):
        page = self.page("hostile")
        self.assertIsNone(page.evaluate("window.hostile || null"))
        self.assertEqual(page.evaluate("look.count('img') + look.count('[onmouseover]') + look.count('[onerror]')"), 0)
        self.assertEqual(page.evaluate("look.count('script')"), 1)
        self.assertIn("<img src=x onerror=", page.evaluate("document.body.textContent"))
        self.assertIn(HOSTILE_COMMAND, page.evaluate("document.body.textContent"))

    def test_every_text_has_contrast(self):
        def check(_name, _dark, page):
            page.call("Emulation.setDeviceMetricsOverride", width=1280, height=page.evaluate("look.height()"),
                      deviceScaleFactor=1, mobile=False)
            self.assertGreater(page.evaluate("look.countTexts()"), 20)
            self.assertEqual(page.evaluate(f"look.faint({LEAST_CONTRAST})"), [])

        self.each(check)

    def test_labels_neither_overlap_nor_are_cut_off(self):
        for name in self.reports.json:
            with self.subTest(report=name):
                self.assertEqual(self.page(name).evaluate("look.collisions()"), [])

    def test_only_drawings_scroll_sideways(self):
        for name in self.reports.json:
            for width in (390, 1280):
                with self.subTest(report=name, width=width):
                    self.assertFalse(self.page(name, width=width).evaluate("look.overflows()"))

    def test_it_can_be_printed(self):
        page = self.page("hang1024")
        self.assertTrue(page.print_pdf().startswith(b"%PDF"))
        page.call("Emulation.setEmulatedMedia", media="print")
        self.assertEqual(page.evaluate("getComputedStyle(document.querySelector('nav')).display"), "none")

    def test_files_are_small(self):
        for name in self.reports.json:
            with self.subTest(report=name):
                self.assertLess(os.path.getsize(self.reports.html(name)), MOST_BYTES)

    def test_screenshots_are_kept(self):
        def check(name, dark, page):
            path = self.artefacts / f"{name}-{'dark' if dark else 'light'}.png"
            page.screenshot(path)
            self.assertGreater(path.stat().st_size, 20_000)  # an empty page has 5 KB

        self.each(check)


def main():
    build = pathlib.Path(sys.argv.pop(1)).resolve()
    program = find_chromium()
    if program is None:
        print("SKIPPED: no Chromium on the PATH (Debian package chromium)")
        return SKIPPED  # no browser to look at the page with
    ReportPage.artefacts = build / "report-page"
    ReportPage.artefacts.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        ReportPage.reports = Reports(build, pathlib.Path(folder))
        with Browser(program, folder) as ReportPage.browser:
            result = unittest.main(exit=False, verbosity=2).result
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
