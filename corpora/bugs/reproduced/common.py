"""What the reproduced bugs have in common: --fixed, and the common part of the framework jobs (corpora/frameworks/job.py)."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "frameworks"))
import job  # noqa: E402, F401  (for those who import this)

FIXED = "--fixed" in sys.argv  # run as the fix has it, not as it was
if FIXED:
    sys.argv.remove("--fixed")
