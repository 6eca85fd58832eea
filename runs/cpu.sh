#!/usr/bin/env bash
# From verified figures to a published model, on a CPU. Started again, it goes on where it was stopped or killed.
#   runs/cpu.sh [options of `curator train`]
set -euo pipefail
cd "$(dirname "$0")/.."

PROJECT=${PROJECT:-var}             # the project that curators worked in
OUT=${OUT:-$PROJECT/runs/cpu}       # export, run, report and model, all below it
FILTER=${FILTER---verified-only}    # FILTER= trains on open proposals too, which nobody has verified
PRESET=${PRESET:-zoomin}            # flat, panel2patch, regionmed
STEPS=${STEPS:-300}                 # some minutes with the tiny model that a CPU gets
BIN=${BIN:-.venv/bin}               # `make models` fills it

curator() { "$BIN/curator" --project "$PROJECT" "$@"; }

# Once: a run stays on the data that it began with, whatever is decided later.
# shellcheck disable=SC2086  # no filter is no argument
[ -d "$OUT/export" ] || curator export --format jsonl $FILTER -o "$OUT/export"

curator train "$OUT/export" -o "$OUT/run" --preset "$PRESET" --steps "$STEPS" --resume "$@"
if ! tail -n 1 "$OUT/run/metrics.jsonl" | grep -Eq '"reason": "(finished|early)"'; then
	echo "not finished; start $0 again to go on" >&2
	exit 1
fi

curator evaluate "$OUT/run" "$OUT/export" -o "$OUT/report"
curator publish "$OUT/run" -o "$OUT/model" --overwrite
