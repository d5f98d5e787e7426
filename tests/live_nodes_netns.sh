#!/usr/bin/env bash
# Two nodes as two network namespaces joined by a bridge: a job of four ranks over both, watched by each from its own side, in a
# shared output directory. Rank 3 (node b) hangs: both watchers and `analyze --follow` must name it.
# Usage: live_nodes_netns.sh RANKLE DDP_TRAIN. Exit code 77 = skipped: it needs root and network namespaces.
set -euo pipefail
rankle=$1 train=$2
id=rk$$
work=$(mktemp -d)
cleanup() {
  for node in a b; do ip netns del "$id$node" 2>/dev/null || true; done
  ip link del "$id" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT
if [ "$(id -u)" != 0 ] || ! command -v ip >/dev/null || ! ip netns add "${id}a" 2>/dev/null; then
  echo "SKIPPED: no right to make network namespaces (needs root and the ip command)"; exit 77
fi
ip netns add "${id}b"
ip link add "$id" type bridge || { echo "SKIPPED: the kernel has no bridges"; exit 77; }
ip link set "$id" up
number=1
for node in a b; do
  ip link add "$id$node" type veth peer name eth0 netns "$id$node"
  ip link set "$id$node" master "$id" up
  ip -n "$id$node" addr add "10.77.0.$number/24" dev eth0
  ip -n "$id$node" link set eth0 up
  ip -n "$id$node" link set lo up
  number=$((number + 1))
done

ranks='for i in 0 1; do RANK=$((FIRST + i)) LOCAL_RANK=$((FIRST + i)) WORLD_SIZE=4 MASTER_ADDR=10.77.0.1 MASTER_PORT=29811 \
  NCCL_SOCKET_IFNAME=eth0 "$0" --steps 100000 --step-time 10ms & done; wait'
on_node() {  # NAME FIRST_RANK [FLAG...]
  local node=$1 first=$2
  shift 2
  FIRST=$first ip netns exec "$id$node" "$rankle" run -q --node "$node" --on-hang kill --virtual-gpus 4 -o "$work/out" "$@" \
    -- /bin/sh -c "$ranks" "$train" > "$work/$node.log" 2>&1 || true
}
mkdir "$work/out"
"$rankle" analyze --follow "$work/out" > "$work/follow.log" 2> "$work/follow.err" &
follow=$!
on_node a 0 &
on_node b 2 --fault 'hang ncclAllReduce rank=3 call=1600' &
wait %2 %3
code=0
wait $follow || code=$?

fail() {
  echo "FAILED: $1"
  tail -n 20 "$work"/*.log "$work/follow.err"
  exit 1
}
for node in a b; do
  grep -q 'verdict: hang.not_entered, rank 3' "$work/$node.log" || fail "node $node does not name rank 3"
done
grep -q 'hang.not_entered, rank 3' "$work/follow.log" || fail "analyze --follow does not name rank 3"
[ $code = 3 ] || fail "analyze --follow ended with $code, not 3"
echo "both nodes and analyze --follow name rank 3"
