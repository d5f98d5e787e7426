#!/bin/bash
# Runs the training programs on virtual GPUs and checks what they promise: the loss falls, replicas agree, a run can be
# repeated bit by bit, a checkpoint continues the same run, errors have their exit codes.
#
# Usage: training_test.sh BUILD_DIR RANKS [PROGRAM...]
set -u
build=$1 ranks=$2
shift 2
programs=${*:-ddp_train zero_train hybrid_train moe_train}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export LD_LIBRARY_PATH=$build/lib/vgpu${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} RANKLE_VIRTUAL_GPUS=$ranks
failures=0

fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}

# job NAME PROGRAM ARGUMENTS...: runs all ranks; output in $scratch/NAME.RANK; succeeds when every rank does.
job() {
  local name=$1 program=$2 rank pids=() status=0
  shift 2
  local port=$((10000 + (RANDOM * 32768 + RANDOM) % 22000))
  for ((rank = 0; rank < ranks; ++rank)); do
    RANK=$rank WORLD_SIZE=$ranks LOCAL_RANK=$rank MASTER_ADDR=127.0.0.1 MASTER_PORT=$port \
      timeout -s KILL 120 "$build/bin/$program" "$@" >"$scratch/$name.$rank" 2>&1 &
    pids+=($!)
  done
  for rank in "${!pids[@]}"; do
    wait "${pids[rank]}" || { status=$?; echo "rank $rank of $program $* ended with $status: $(tail -1 "$scratch/$name.$rank")"; }
  done
  return $status
}

loss_of() { sed -n "s/^$2 loss[ =]//p" "$scratch/$1.0"; }

expect_exit() {
  local expected=$1 status
  shift
  timeout -s KILL 60 "$@" >"$scratch/single" 2>&1
  status=$?
  [[ $status == "$expected" ]] || fail "$* ended with $status, not $expected: $(tail -1 "$scratch/single")"
}

# The checks of a program end at the first job that does not: what comes after would fail for the same reason.
check_program() {
  local program=$1
  job first "$program" --steps 100 --verify || { fail "$program does not finish"; return; }
  awk -v first="$(loss_of first 'step 1')" -v last="$(loss_of first 'done steps=100')" \
    'BEGIN { exit !(last > 0 && last < 0.85 * first) }' || fail "$program: the loss does not fall"
  job second "$program" --steps 100 --verify || { fail "$program does not finish again"; return; }
  cmp -s "$scratch/first.0" "$scratch/second.0" || fail "$program: two runs differ"

  rm -rf "$scratch/checkpoints"
  job stopped "$program" --steps 50 --checkpoint "$scratch/checkpoints" --checkpoint-every 25 ||
    { fail "$program does not write checkpoints"; return; }
  job resumed "$program" --steps 100 --checkpoint "$scratch/checkpoints" --resume ||
    { fail "$program does not resume"; return; }
  grep -q '^resumed after step 50$' "$scratch/resumed.0" || fail "$program: resumed from elsewhere"
  [[ $(loss_of resumed 'done steps=100') == $(loss_of first 'done steps=100') ]] ||
    fail "$program: a resumed run ends with another loss"

  expect_exit 0 "$build/bin/$program" --help
  expect_exit 2 "$build/bin/$program" --steps many
  expect_exit 2 "$build/bin/$program" --resume
  expect_exit 13 "$build/bin/$program" --data /nonexistent
}

check_overlap() {
  job overlap ddp_train --steps 100 --overlap --buckets 5 --verify ||
    { fail "ddp_train --overlap does not finish"; return; }
  job plain ddp_train --steps 100 --buckets 5 || { fail "ddp_train --buckets 5 does not finish"; return; }
  [[ $(loss_of overlap 'done steps=100') == $(loss_of plain 'done steps=100') ]] ||
    fail "ddp_train: --overlap changes the result"
}

for program in $programs; do check_program "$program"; done
if [[ " $programs " == *" ddp_train "* ]]; then check_overlap; fi

echo "training_test: $ranks ranks, $failures failures"
exit $((failures > 0))
