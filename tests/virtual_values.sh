#!/bin/sh
# Checks the values that PyTorch reads back on virtual GPUs (programs/virtual_values.py) where there is a PyTorch (torch_python.sh).
# Usage: virtual_values.sh RANKLE OUTPUT_DIRECTORY
. "$(dirname "$0")/torch_python.sh"
exec "$1" run --virtual-gpus 1 --no-trace -o "$2" -- "$RANKLE_TORCH_PYTHON" "$(dirname "$0")/programs/virtual_values.py"
