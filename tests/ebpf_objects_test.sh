#!/usr/bin/env bash
# Each BPF object is loaded by the kernel's own tool, is small, and leaves nothing: ebpf_objects_test.sh OBJECT...
set -euo pipefail
skip() { echo "skipped: $*"; exit 77; }
command -v bpftool >/dev/null || skip "no bpftool (scripts/install-deps)"
bpftool prog show >/dev/null 2>&1 || skip "BPF programs cannot be loaded: not root, or no BPF in this kernel"
mount_point=$(mktemp -d)
mount -t bpf bpf "$mount_point" 2>/dev/null || { rmdir "$mount_point"; skip "a BPF file system cannot be mounted"; }
trap 'umount "$mount_point"; rmdir "$mount_point"' EXIT
for object in "$@"; do
  size=$(stat -c %s "$object")
  [ "$size" -lt 102400 ] || { echo "$object: $size bytes, more than 100 KB"; exit 1; }
  bpftool prog loadall "$object" "$mount_point/programs" || { echo "$object: the verifier refuses it"; exit 1; }
  for program in "$mount_point"/programs/*; do
    bpftool prog show pinned "$program" | sed -n 1p
  done
  rm -r "$mount_point/programs"
  echo "$object: $size bytes"
done
