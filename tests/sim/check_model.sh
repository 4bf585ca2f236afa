#!/usr/bin/env bash
# Checks the model of the negotiation in every state it can reach, then that each planted mistake is found.
set -euo pipefail
model=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/negotiation.pml
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# search DEATHS [-DMISTAKE]...: prints spin's report.
search() {
  spin -DDEATHS="$1" "${@:2}" -a "$model" >/dev/null
  gcc -O1 -w -DSAFETY -DCOLLAPSE -DVECTORSZ=2048 -o pan pan.c
  ./pan -m200000 -w24
}

report=$(search 2)
if ! grep -q '^State-vector.*errors: 0$' <<<"$report"; then
  echo "$report"
  spin -DDEATHS=2 -t -p -g -k negotiation.pml.trail "$model" | tail -60
  exit 1
fi
if grep -q 'max search depth too small\|Search not completed' <<<"$report"; then
  echo "$report"
  exit 1
fi
echo "the negotiation keeps its promises in all of $(sed -nE 's/^ *([0-9]+) states, stored.*/\1/p' <<<"$report") states"
for mistake in STALE_CONSENT EARLY_RELEASE LATE_HOLD FORGETFUL SILENT_RESTART; do
  if search 1 "-D$mistake" | grep -q '^State-vector.*errors: 0$'; then
    echo "the mistake $mistake is not found"
    exit 1
  fi
  echo "planted, $mistake: found"
done
