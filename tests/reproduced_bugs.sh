#!/bin/sh
# Runs known bugs and their fixed variants with `rankle bugs reproduce` where there is a PyTorch to run them with (torch_python.sh).
# Usage: reproduced_bugs.sh RANKLE OUTPUT_DIRECTORY BUG...
rankle=$1
out=$2
shift 2
. "$(dirname "$0")/torch_python.sh"
for bug in "$@"; do
  "$rankle" bugs reproduce "$bug" -o "$out" || exit
  "$rankle" bugs reproduce "$bug" --fixed -o "$out" || exit
done
