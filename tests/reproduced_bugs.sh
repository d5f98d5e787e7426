#!/bin/sh
# Runs known bugs and their fixed variants with `rankle bugs reproduce` where there is a PyTorch to run them with; else says so and
# exits with 77, which ctest shows as skipped. Usage: reproduced_bugs.sh RANKLE OUTPUT_DIRECTORY BUG...
#   RANKLE_TORCH_PYTHON    the Python of an environment made by scripts/frameworks/setup; default: build/torch-venv/bin/python
rankle=$1
out=$2
shift 2
RANKLE_TORCH_PYTHON=${RANKLE_TORCH_PYTHON:-build/torch-venv/bin/python}
export RANKLE_TORCH_PYTHON
# Looked for, not imported: its CUDA libraries may be there on virtual GPUs only.
if ! "$RANKLE_TORCH_PYTHON" -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec("torch") is None)' 2>/dev/null; then
  echo "skipped: no PyTorch at $RANKLE_TORCH_PYTHON: make one with scripts/frameworks/setup, or set RANKLE_TORCH_PYTHON"
  exit 77
fi
for bug in "$@"; do
  "$rankle" bugs reproduce "$bug" -o "$out" || exit
  "$rankle" bugs reproduce "$bug" --fixed -o "$out" || exit
done
