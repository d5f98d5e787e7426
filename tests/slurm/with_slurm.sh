#!/usr/bin/env bash
# Runs a command beside a Slurm of its own: one controller and two node daemons on this machine, in a scratch directory, with
# ports of their own, ended with the command. Exit code: the command's; 77 where Slurm cannot be started (and why is said).
#   tests/slurm/with_slurm.sh COMMAND [ARGUMENT...]
set -euo pipefail

skip() {
  echo "with_slurm: skipped: $*" >&2
  exit 77 # skipped: Slurm cannot be started here, as told above
}
for program in slurmctld slurmd sbatch sinfo munged; do
  command -v "$program" >/dev/null || skip "no $program (Debian: slurmctld slurmd slurm-client munge)"
done
[ "$(id -u)" = 0 ] || skip "the node daemons need root"

scratch=$(mktemp -d /tmp/rankle-slurm-XXXXXX)
pids=()
stop() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$scratch"
}
trap stop EXIT

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[1])'; }
mkdir -p "$scratch"/{state,spool-a,spool-b,munge}
dd if=/dev/urandom of="$scratch/munge/key" bs=128 count=1 status=none
chmod -R go-rwx "$scratch/munge"
chmod 711 "$scratch"
munged --foreground --force --socket="$scratch/munge.socket" --key-file="$scratch/munge/key" --log-file="$scratch/munge/log" \
  --pid-file="$scratch/munge/pid" --seed-file="$scratch/munge/seed" >/dev/null 2>&1 &
pids+=($!)
host=$(hostname)
cat >"$scratch/slurm.conf" <<CONF
ClusterName=rankle
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$(free_port)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$scratch/munge.socket
CryptoType=crypto/munge
StateSaveLocation=$scratch/state
SlurmdSpoolDir=$scratch/spool-%n
SlurmctldPidFile=$scratch/slurmctld.pid
SlurmdPidFile=$scratch/slurmd-%n.pid
SlurmctldLogFile=$scratch/slurmctld.log
SlurmdLogFile=$scratch/slurmd-%n.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SchedulerType=sched/backfill
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
NodeName=a NodeHostname=$host NodeAddr=127.0.0.1 Port=$(free_port) CPUs=2 State=UNKNOWN
NodeName=b NodeHostname=$host NodeAddr=127.0.0.1 Port=$(free_port) CPUs=2 State=UNKNOWN
PartitionName=all Nodes=a,b Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF=$scratch/slurm.conf
slurmctld -D >/dev/null 2>"$scratch/slurmctld.err" &
pids+=($!)
for node in a b; do
  slurmd -D -N "$node" >/dev/null 2>"$scratch/slurmd-$node.err" &
  pids+=($!)
done
for _ in $(seq 150); do
  [ "$(sinfo -h -t idle -o %D 2>/dev/null | awk '{ n += $1 } END { print n + 0 }')" = 2 ] && break
  for pid in "${pids[@]}"; do
    kill -0 "$pid" 2>/dev/null || skip "a daemon ended: $(tail -n 2 "$scratch"/*.err "$scratch"/*.log 2>/dev/null | tr '\n' ' ')"
  done
  sleep 0.2
done
[ "$(sinfo -h -t idle -o %D 2>/dev/null | awk '{ n += $1 } END { print n + 0 }')" = 2 ] || skip "the nodes do not come up: $(sinfo 2>&1 | tail -n 1)"
"$@"
