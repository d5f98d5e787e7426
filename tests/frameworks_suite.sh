#!/bin/sh
# Runs a suite of framework jobs where there is a PyTorch to run them with; else says so and exits with 77, which ctest shows as
# skipped. Usage: frameworks_suite.sh RANKLE SUITE OUTPUT_DIRECTORY [OPTION OF rankle suite...]
#   NEEDS=deepspeed        another module that the jobs import (default: torch)
#   ON_CPU=1               the jobs run without virtual GPUs, so that PyTorch must load by itself
#   RANKLE_TORCH_PYTHON    the Python of an environment made by scripts/frameworks/setup; default: build/torch-venv/bin/python
rankle=$1
suite=$2
out=$3
shift 3
RANKLE_TORCH_PYTHON=${RANKLE_TORCH_PYTHON:-build/torch-venv/bin/python}
export RANKLE_TORCH_PYTHON
if ! "$RANKLE_TORCH_PYTHON" -c "import importlib.util as u; assert u.find_spec('${NEEDS:-torch}')" 2>/dev/null; then
  echo "skipped: no ${NEEDS:-torch} at $RANKLE_TORCH_PYTHON: make one with scripts/frameworks/setup, or set RANKLE_TORCH_PYTHON"
  exit 77
fi
if [ -n "$ON_CPU" ] && ! "$RANKLE_TORCH_PYTHON" -c 'import torch.distributed' 2>/dev/null; then
  echo "skipped: PyTorch at $RANKLE_TORCH_PYTHON has no libraries of CUDA to load (scripts/frameworks/setup without --light)"
  exit 77
fi
exec "$rankle" suite "$suite" -o "$out" "$@"
