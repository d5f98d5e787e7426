#!/bin/sh
# Runs the suite of host faults where this machine can make hosts and act on them; else says why not and exits with 77, which
# ctest shows as skipped. Usage: host_faults_suite.sh RANKLE OUTPUT_DIRECTORY [--sample N ...]
rankle=$1
out=$2
why=$("$rankle" doctor | awk '$1 == "missing" && $2 ~ /^(hosts|net-.*|freeze|throttle|memory-limit)$/')
if [ -n "$why" ]; then
  echo "skipped (needs root, CAP_NET_ADMIN and control groups):"
  echo "$why"
  exit 77 # skipped: this machine cannot make hosts or act on them, as told above
fi
shift 2
exec "$rankle" suite corpora/suites/host-faults.yaml -o "$out" "$@"
