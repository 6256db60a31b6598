#!/usr/bin/env bash
# A SLURM cluster of this one computer, for a trial of the workflow. As root, on Debian:
#
#   apt-get install slurm-wlm munge
#   workflow/loopback/start.sh /var/tmp/loopback [CPUS]
#
# Everything is bound to 127.0.0.1. Ends with workflow/loopback/stop.sh FOLDER.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
folder="$(mkdir -p "$1" && cd "$1" && pwd)"
cpus="${2:-1}"
memory="$(awk '/MemTotal/ { print int($2 / 1024 / 2) }' /proc/meminfo)"  # MB: half of what there is

# Jobs look for it here, whatever the environment of who submits them.
conf=/etc/slurm/slurm.conf
if { [ -e "$conf" ] || [ -L "$conf" ]; } && [ "$(readlink "$conf")" != "$folder/slurm.conf" ]; then
  echo "$conf is there: this computer belongs to a cluster already" >&2
  exit 1
fi
mkdir -p "$folder"/{state,spool}
sed -e "s|@FOLDER@|$folder|; s|@HOST@|$(hostname -s)|; s|@CPUS@|$cpus|; s|@MEMORY@|$memory|" \
  "$here/slurm.conf" >"$folder/slurm.conf"
ln -sf "$folder/slurm.conf" /etc/slurm/slurm.conf

if ! munge -n 2>/dev/null | unmunge >/dev/null 2>&1; then
  install -d -o munge -g munge /run/munge
  runuser -u munge -- munged --num-threads 1
fi
slurmctld -c
nice -n 5 slurmd -c

for _ in $(seq 60); do
  if [ "$(sinfo --noheader --format=%T 2>/dev/null)" = idle ]; then
    sinfo
    exit 0
  fi
  sleep 1
done
echo "the node is not idle after a minute; see $folder/slurmctld.log and $folder/slurmd.log" >&2
exit 1
