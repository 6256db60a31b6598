#!/usr/bin/env bash
# Ends the cluster that start.sh began in this folder. Munge goes on: other work may use it.
set -euo pipefail
for name in slurmd slurmctld; do
  file="$1/$name.pid"
  if [ -s "$file" ]; then kill "$(cat "$file")" || true; fi
done
if [ "$(readlink /etc/slurm/slurm.conf)" = "$(cd "$1" && pwd)/slurm.conf" ]; then
  rm /etc/slurm/slurm.conf
fi
