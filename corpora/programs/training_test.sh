#!/bin/bash
# Runs the training programs on virtual GPUs and checks what they promise: the loss falls, replicas agree, a run can be
# repeated bit by bit, a checkpoint continues the same run, errors have their exit codes.
#
# Usage: training_test.sh BUILD_DIR RANKS [PROGRAM...]
set -u
build=$1 ranks=$2
shift 2
programs=${*:-ddp_train zero_train hybrid_train moe_train compress_train local_sgd_train elastic_train seeded_train}
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

# What makes a program do what it is there for, beside its defaults.
options_of() {
  local last=$((ranks - 1))
  case $1 in
    local_sgd_train) echo --inner-steps 5 --outer-momentum 0.5 --outer-lr 0.8 ;;
    # One leaves, more leave, all come back, one leaves for good.
    elastic_train) ((ranks < 4)) || echo --leave "20:$last" --leave 30:1 --leave 30:2 --join 70 --leave 80:2 ;;
  esac
}

# The checks of a program end at the first job that does not: what comes after would fail for the same reason.
check_program() {
  local program=$1 options
  options=$(options_of "$program")
  job first "$program" $options --steps 100 --verify || { fail "$program does not finish"; return; }
  awk -v first="$(loss_of first 'step 1')" -v last="$(loss_of first 'done steps=100')" \
    'BEGIN { exit !(last > 0 && last < 0.85 * first) }' || fail "$program: the loss does not fall"
  job second "$program" $options --steps 100 --verify || { fail "$program does not finish again"; return; }
  cmp -s "$scratch/first.0" "$scratch/second.0" || fail "$program: two runs differ"

  rm -rf "$scratch/checkpoints"
  job stopped "$program" $options --steps 50 --checkpoint "$scratch/checkpoints" --checkpoint-every 25 ||
    { fail "$program does not write checkpoints"; return; }
  job resumed "$program" $options --steps 100 --checkpoint "$scratch/checkpoints" --resume ||
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

# Accumulation over K steps of a batch is the same mean over as many windows: the loss falls as long as updates come.
check_accumulation() {
  job accumulate ddp_train --steps 200 --accumulate 2 --overlap --verify ||
    { fail "ddp_train --accumulate does not finish"; return; }
  awk -v first="$(loss_of accumulate 'step 1')" -v last="$(loss_of accumulate 'done steps=200')" \
    'BEGIN { exit !(last > 0 && last < 0.85 * first) }' || fail "ddp_train --accumulate: the loss does not fall"
  expect_exit 2 "$build/bin/ddp_train" --accumulate 2 --checkpoint "$scratch/none" --checkpoint-every 3
}

# Rank 0 cannot leave, nobody leaves with the join, and a rank that does not exist cannot leave.
check_membership() {
  expect_exit 2 "$build/bin/elastic_train" --leave 10:0
  expect_exit 2 "$build/bin/elastic_train" --leave 10:1 --join 10
  expect_exit 2 "$build/bin/elastic_train" --leave 10:1
}

for program in $programs; do check_program "$program"; done
if [[ " $programs " == *" ddp_train "* ]]; then check_overlap; check_accumulation; fi
if [[ " $programs " == *" elastic_train "* ]]; then check_membership; fi

echo "training_test: $ranks ranks, $failures failures"
exit $((failures > 0))
