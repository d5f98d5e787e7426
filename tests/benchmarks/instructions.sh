#!/bin/sh
# Instructions that one traced call costs, with the background thread's share: the difference of two runs under callgrind.
# Usage: tests/benchmarks/instructions.sh [BUILD_DIR]
set -eu
bench=${1:-build}/tests/hook_bench
command -v valgrind >/dev/null || { echo "valgrind is not installed: no instruction counts"; exit 0; }
count() {
  valgrind --tool=callgrind --callgrind-out-file=/dev/null "$bench" calls "$1" 2>&1 | sed -n 's/.*Collected : //p'
}
few=$(count 10000)
many=$(count 30000)
echo "instructions per traced call: $(((many - few) / 20000))"
