#!/usr/bin/env bash
# What a call of ncclAllReduce costs its thread: bare, with librankle.so preloaded, and probed through eBPF. Nanoseconds
# of CPU time a call, the lowest of three runs: ebpf_cost.sh [BUILD_DIR]. Needs root.
set -euo pipefail
build=$(realpath "${1:-build}")
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
calls=300000

# Fields of tests/programs/probe_target/progress.h.
read_loop_ns() { od -An -t u8 -j 40 -N 8 "$1" | tr -d ' '; }

run_target() { # run_target PROGRESS ENV...: starts it in the background, waits until it is ready; sets $target
  local progress=$1
  shift
  truncate -s 48 "$progress"
  env RANK=0 WORLD_SIZE=1 "$@" "$build/tests/probe_target_linked" "$progress" $calls 0 &
  target=$!
  until [ "$(od -An -t u4 -j 28 -N 4 "$progress" | tr -d ' ')" = 1 ]; do :; done
}

go() { printf '\1' | dd of="$1" bs=1 seek=24 conv=notrunc status=none; }

lowest() { sort -n | head -n 1; }

measure() { # measure KIND
  local kind=$1 i progress attached
  for i in 1 2 3; do
    progress=$out/progress.$kind.$i
    rm -rf "$out/records"
    mkdir "$out/records"
    case $kind in
      preload) run_target "$progress" LD_PRELOAD="$build/lib/librankle.so" RANKLE_OUT="$out/records" RANKLE_DEVICE_TIMES=0 ;;
      *) run_target "$progress" ;;
    esac
    attached=
    case $kind in
      ebpf | ebpf_fault)
        local fault=()
        [ $kind = ebpf ] || fault=(--fault 'delay ncclAllReduce call=1000000000 time=1ms')
        : >"$out/said"
        "$build/bin/rankle" attach "$target" -o "$out/records" --buffer 256 "${fault[@]}" 2>"$out/said" &
        attached=$!
        until grep -q 'attached to' "$out/said"; do :; done
        ;;
    esac
    go "$progress"
    wait "$target"
    [ -z "$attached" ] || wait "$attached"
    echo $(($(read_loop_ns "$progress") / calls))
  done | lowest
}

bare=$(measure bare)
preload=$(measure preload)
ebpf=$(measure ebpf)
fault=$(measure ebpf_fault)
echo "| a call | ns | beyond bare | ratio to preload |"
echo "|---|---|---|---|"
echo "| bare (with the loop around it) | $bare | | |"
echo "| preload, recorded (no device times) | $preload | $((preload - bare)) | 1 |"
for name in ebpf fault; do
  case $name in
    ebpf) text="eBPF, recorded: two probes" ;;
    fault) text="eBPF, recorded, one fault that does not fire" ;;
  esac
  echo "| $text | ${!name} | $((${!name} - bare)) | $(awk "BEGIN { printf \"%.1f\", (${!name} - $bare) / ($preload - $bare) }") |"
done
