#!/bin/bash
# An elastic agent of one rank: heartbeat_agent.sh LIMIT_S COMMAND... It starts the command, ends it when rank 0, which
# prints each step, has said nothing for LIMIT_S seconds, and starts it a second time if it did not end well.
limit=$1
shift
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for attempt in 1 2; do
  : >"$log"
  "$@" >"$log" &
  pid=$!
  said=0 since=$SECONDS
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.1
    size=$(stat -c %s "$log")
    # Nothing is expected before the first step: the ranks still look for each other.
    if [[ $RANK != 0 || $size == 0 || $size != "$said" ]]; then
      said=$size since=$SECONDS
    elif ((SECONDS - since > limit)); then
      kill -KILL "$pid"
      break
    fi
  done
  wait "$pid" && exit 0
done
exit 1
