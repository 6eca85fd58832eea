// The states of a run, and what a person can do in each.

const ALIVE = new Set(["exporting", "starting", "training", "evaluating", "stopping"]);
const RESUMABLE = new Set(["stopped", "failed", "killed"]);
const WORDS = {
  exporting: "freezing the data",
  starting: "starting",
  training: "training",
  evaluating: "evaluating",
  stopping: "stopping",
  stopped: "stopped",
  finished: "finished",
  early: "ended early",
  failed: "failed",
  killed: "killed",
};

export const stateText = (run) => WORDS[run.state] || run.state;
export const isAlive = (run) => ALIVE.has(run.state);
export const isIndexing = (run) => run.use !== null && run.use.state === "indexing";
// Its numbers may still change.
export const isMoving = (run) => isAlive(run) || isIndexing(run);
export const canStop = (run) => isAlive(run) && run.state !== "stopping";
export const canResume = (run) => RESUMABLE.has(run.state);
export const isDone = (run) => run.state === "finished" || run.state === "early";
// The share of the run that is done, 0 to 1.
export const doneShare = (run) => (run.steps ? Math.min(1, run.step / run.steps) : 0);

// The colours that chips have: see train.css.
export function tone(run) {
  if (isAlive(run)) return "alive";
  if (isDone(run)) return "done";
  return run.state === "stopped" ? "stopped" : "bad";
}
