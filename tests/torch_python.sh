# To be sourced: exports RANKLE_TORCH_PYTHON, the Python of an environment made by scripts/frameworks/setup (default:
# build/torch-venv/bin/python), or says what is missing and exits with 77, which ctest shows as skipped. What is needed is looked
# for, not imported: on virtual GPUs alone it has libraries of CUDA to load.
#   NEEDS=deepspeed        another module that the jobs import (default: torch)
RANKLE_TORCH_PYTHON=${RANKLE_TORCH_PYTHON:-build/torch-venv/bin/python}
export RANKLE_TORCH_PYTHON
if ! "$RANKLE_TORCH_PYTHON" -c "import importlib.util as u; assert u.find_spec('${NEEDS:-torch}')" 2>/dev/null; then
  echo "skipped: no ${NEEDS:-torch} at $RANKLE_TORCH_PYTHON: make one with scripts/frameworks/setup, or set RANKLE_TORCH_PYTHON"
  exit 77 # skipped: no PyTorch (or what NEEDS names), as told above
fi
