#!/usr/bin/env bash
# From verified figures to a published model, on the GPUs of one machine. Started again, it goes on where it was stopped
# or killed, with as many GPUs as it began with. In a container: --ipc=host, since workers hand batches over in shared
# memory.
#   runs/several_gpus.sh [options of `curator train`]
set -euo pipefail
cd "$(dirname "$0")/.."

PROJECT=${PROJECT:-var}             # the project that curators worked in
OUT=${OUT:-$PROJECT/runs/several-gpus}  # shards, run, report and model, all below it
FILTER=${FILTER---verified-only}    # FILTER= trains on open proposals too, which nobody has verified
PRESET=${PRESET:-zoomin}            # flat, panel2patch, regionmed
STEPS=${STEPS:-20000}               # Panel2Patch's, with 40 images a GPU and step
MODEL=${MODEL:-}                    # empty: BiomedCLIP; "local-dir:FOLDER" needs no network
GPUS=${GPUS:-gpu}                   # how many; "gpu" takes all there are
RESTARTS=${RESTARTS:-3}             # after each a process that ran out of memory takes smaller parts
BIN=${BIN:-.venv/bin}               # `make models` fills it

curator() { "$BIN/curator" --project "$PROJECT" "$@"; }

# Once: a run stays on the data that it began with, whatever is decided later.
# shellcheck disable=SC2086  # no filter is no argument
[ -d "$OUT/shards" ] || curator export --format webdataset $FILTER -o "$OUT/shards"

"$BIN/torchrun" --standalone --nproc-per-node "$GPUS" --max-restarts "$RESTARTS" \
	-m ui --project "$PROJECT" train "$OUT/shards" -o "$OUT/run" \
	--preset "$PRESET" --steps "$STEPS" ${MODEL:+--model "$MODEL"} --resume "$@"
if ! tail -n 1 "$OUT/run/metrics.jsonl" | grep -Eq '"reason": "(finished|early)"'; then
	echo "not finished; start $0 again to go on" >&2
	exit 1
fi

curator evaluate "$OUT/run" "$OUT/shards" -o "$OUT/report"
curator publish "$OUT/run" -o "$OUT/model" --overwrite
