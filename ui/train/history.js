// The numbers of one run so far: merged from answers that each tell what came after a step.

export class History {
  constructor() {
    this._loss = new Map(); // step -> [step, level, loss, parts]
    this._retrieval = new Map(); // step -> [step, levels]
    this._state = null;
  }

  // What `train_run` is to be asked for. The last known step is asked for again: its evaluation comes after its loss.
  get afterStep() {
    return Math.max(-1, this._last - 1);
  }

  // True where the answer went on from what is known; else everything must be asked for again: a resumed run goes on
  // from its last checkpoint, and what came after that no longer counts.
  merge({ run, loss, retrieval }) {
    const resumed = run.state === "training" && !["training", "evaluating"].includes(this._state);
    const wentBack = run.step < this._last;
    this._state = run.state;
    if (this._loss.size && (resumed || wentBack)) {
      this._loss.clear();
      this._retrieval.clear();
      return false;
    }
    for (const row of loss) this._loss.set(row[0], row);
    for (const row of retrieval) this._retrieval.set(row[0], row);
    return true;
  }

  // [step, level, loss, parts] in order.
  get loss() {
    return [...this._loss.values()];
  }

  // [step, {level: recall}] in order.
  get retrieval() {
    return [...this._retrieval.values()];
  }

  // Names of what the loss is made of, in the order in which they came.
  get parts() {
    return [...new Set(this.loss.flatMap((row) => Object.keys(row[3])))];
  }

  get _last() {
    let last = -1;
    for (const step of this._loss.keys()) last = Math.max(last, step);
    return last;
  }
}
