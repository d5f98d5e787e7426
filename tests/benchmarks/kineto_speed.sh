#!/usr/bin/env bash
# How fast is a large trace of the PyTorch profiler read? Writes one of so many MiB in the shape of real ones (a kernel of NCCL in
# every hundred events), analyzes it, prints size, CPU time, rate and peak memory. The file is removed.
# Usage: tests/benchmarks/kineto_speed.sh DIRECTORY [MIB=1024]
set -euo pipefail
cd "$(dirname "$0")/../.."
directory=$1 mib=${2:-1024}
file=$directory/kineto-speed.json
trap 'rm -f "$file" "$file.time"' EXIT
python3 - "$file" "$mib" <<'END'
import json, sys
path, size = sys.argv[1], int(sys.argv[2]) << 20
compute = {"ph": "X", "cat": "kernel", "name": "void at::native::vectorized_elementwise_kernel<4, at::native::CUDAFunctor_add<float>>",
           "pid": 0, "tid": 7, "ts": 0, "dur": 2.5, "args": {"External id": 1, "queued": 0, "device": 0, "context": 1, "stream": 7,
           "correlation": 1, "registers per thread": 16, "grid": [512, 1, 1], "block": [128, 1, 1]}}
nccl = {"ph": "X", "cat": "kernel", "name": "ncclDevKernel_AllReduce_Sum_f32_RING_LL(ncclDevKernelArgsStorage<4096ul>)", "pid": 0,
        "tid": 20, "ts": 0, "dur": 30.5, "args": {"External id": 1, "device": 0, "stream": 20, "correlation": 1,
        "Collective name": "allreduce", "In msg nelems": 1024, "Out msg nelems": 1024, "Group size": 2, "dtype": "Float",
        "Process Group Name": "0", "Process Group Description": "default_pg", "Process Group Ranks": "[0, 1]"}}
with open(path, "w") as out:
    written = out.write('{"schemaVersion": 1, "deviceProperties": [], "distributedInfo": {"backend": "nccl", "rank": 0, "world_size": 2},\n"traceEvents": [\n')
    number = 0
    while written < size:
        number += 1
        event = nccl if number % 100 == 0 else compute
        event["ts"] = event["args"]["External id"] = event["args"]["correlation"] = number
        written += out.write((",\n" if number > 1 else "") + json.dumps(event, indent=2))
    out.write('\n]}\n')
END
code=0
/usr/bin/time -o "$file.time" -f '%U %S %M' build/bin/rankle analyze --format json "$file" > /dev/null || code=$?
[ "$code" = 0 ] || [ "$code" = 3 ] || exit "$code"
read -r user kernel peak < "$file.time"
awk -v bytes="$(stat -c %s "$file")" -v user="$user" -v kernel="$kernel" -v peak="$peak" 'BEGIN {
  printf "%.0f MB: %.2f s of CPU, %.0f MB/s, %.0f MiB of memory\n", bytes / 1e6, user + kernel, bytes / 1e6 / (user + kernel), peak / 1024 }'
