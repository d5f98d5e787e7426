#!/bin/sh
# Runs a suite of framework jobs where there is a PyTorch to run them with (torch_python.sh).
# Usage: frameworks_suite.sh RANKLE SUITE OUTPUT_DIRECTORY [OPTION OF rankle suite...]
#   ON_CPU=1               the jobs run without virtual GPUs, so that PyTorch must load by itself
rankle=$1
suite=$2
out=$3
shift 3
. "$(dirname "$0")/torch_python.sh"
if [ -n "$ON_CPU" ] && ! "$RANKLE_TORCH_PYTHON" -c 'import torch.distributed' 2>/dev/null; then
  echo "skipped: PyTorch at $RANKLE_TORCH_PYTHON has no libraries of CUDA to load (scripts/frameworks/setup without --light)"
  exit 77 # skipped: PyTorch does not load without virtual GPUs, as told above
fi
exec "$rankle" suite "$suite" -o "$out" "$@"
