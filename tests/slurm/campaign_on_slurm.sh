#!/usr/bin/env bash
# A campaign whose runs are Slurm jobs; then one whose runner is killed while jobs are queued, and goes on. Inside with_slurm.sh.
#   tests/slurm/with_slurm.sh tests/slurm/campaign_on_slurm.sh RANKLE
set -euo pipefail
rankle=$1
scratch=$(mktemp -d /tmp/rankle-slurm-campaign-XXXXXX)
trap 'rm -rf "$scratch"' EXIT
echo hello >"$scratch/file"
cat >"$scratch/campaign.yaml" <<YAML
version: 1
workloads:
  - { name: cat, command: [cat, $scratch/file], ranks: 1, timeout: 20s }
delays: [10ms]
profile_repeats: 3
repeats: 2
most_repeats: 2
budget: 3
executor: { kind: slurm, jobs: 4 }
YAML
fail() {
  echo "campaign_on_slurm: $*" >&2
  exit 1
}
runs() {
  python3 - "$1" <<'PYTHON'
import sqlite3, sys
for row in sqlite3.connect(sys.argv[1] + "/campaign.sqlite").execute("SELECT workload, plan, repeat, state FROM runs ORDER BY id"):
    print(*row)
PYTHON
}

"$rankle" campaign "$scratch/campaign.yaml" -o "$scratch/whole"
runs "$scratch/whole" >"$scratch/whole.txt"
cat "$scratch/whole.txt"
if grep -qv ' finished$' "$scratch/whole.txt"; then fail "runs that did not finish: $(cat "$scratch"/whole/runs/*.log)"; fi
grep -q 'site=' "$scratch/whole.txt" || fail "no fault was tried"
grep -qE '(a|b)$' <(sinfo -h -N -o %N) || fail "no nodes"

"$rankle" campaign "$scratch/campaign.yaml" -o "$scratch/killed" &
runner=$!
for _ in $(seq 100); do
  [ -n "$(squeue -h -o %i)" ] && break
  sleep 0.1
done
kill -9 "$runner"
wait "$runner" 2>/dev/null || true
"$rankle" campaign "$scratch/campaign.yaml" -o "$scratch/killed" --resume
runs "$scratch/killed" >"$scratch/killed.txt"
diff "$scratch/whole.txt" "$scratch/killed.txt" || fail "a killed runner came to other runs"
echo "campaign_on_slurm: ok"
