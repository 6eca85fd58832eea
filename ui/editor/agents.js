// All that the review screen has to do with agents: mine again, compare and adopt, what a model saw, set one up.

import { CallError } from "./calls.js";
import { Jobs, tellInHeader } from "./jobs.js";
import { AgentsDrawer } from "./minings.js";
import { Compare } from "./compare.js";
import { Trace } from "./trace.js";
import { SetupDialog } from "./setup.js";

export class Agents {
  // `does`: {adopt(miningId, levels) -> whether it was, say(text, kind, action), open(figureId), figures}
  constructor(server, state, canvas, does) {
    this._state = state;
    this._does = does;
    this._jobs = new Jobs(server, {
      changed: (jobs) => this._changed(jobs),
      over: (job) => this._over(job),
    });
    this.list = new AgentsDrawer(server, state, {
      mine: (figureId, agent) => this._jobs.start([figureId], agent),
      stop: (jobId) => this._tried(this._jobs.stop(jobId)),
      compare: (miningId) => this.compareWith(miningId),
      trace: () => this.toggleTrace(),
      setUp: () => this.setup.open(),
    });
    this.compare = new Compare(server, state, canvas, does);
    this.trace = new Trace(server, state);
    this.setup = new SetupDialog(server, () => this.list.refresh());
    this._drawers = [this.list.drawer, this.compare.drawer, this.trace.drawer];
    this.elements = [...this._drawers.map((drawer) => drawer.element), this.setup.element, this.trace.enlarged];
  }

  start() {
    return this._jobs.look();
  }

  toggle() {
    this._closeBut(this.list.drawer);
    this.list.toggle();
  }

  toggleTrace() {
    this._closeBut(this.trace.drawer);
    this.trace.toggle();
  }

  // Leaves the comparison, or compares with the newest mining of the figure.
  async toggleCompare() {
    const { figure } = this._state;
    if (this.compare.drawer.close() || !figure) return;
    const newest = await this._tried(this.list.newestOf(figure.id));
    if (newest) await this.compareWith(newest);
    else if (newest === null) this._does.say("No other proposal to compare with. Mine the figure again first (g).");
  }

  async compareWith(miningId) {
    this._closeBut(null);
    await this._tried(this.compare.open(miningId));
  }

  // Closes what is open; false where nothing was.
  escape() {
    return this._drawers.some((drawer) => drawer.close());
  }

  _closeBut(kept) {
    for (const drawer of this._drawers) if (drawer !== kept) drawer.close();
  }

  _changed(jobs) {
    tellInHeader(jobs);
    this.list.drawJobs(jobs);
  }

  _over(job) {
    const { figure } = this._state;
    if (figure && job.done.includes(figure.id)) this.list.refresh();
    const failed = job.failed.length ? ` ${job.failed.length} failed: ${job.failed[0][1]}` : "";
    const reason = job.reason ? ` ${job.reason}` : "";
    const mined = `${job.done.length} of ${job.total} mined again.`;
    if (figure && job.total === 1 && job.done[0] === figure.id) {
      this._does.say("Mined again.", "info", { title: "Compare", run: () => this.toggleCompare() });
    } else this._does.say(mined + failed + reason, failed || reason ? "bad" : "info");
  }

  // What a call answered; undefined where it was refused, which is said.
  async _tried(asked) {
    try {
      return await asked;
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      this._does.say(error.message, "bad");
      return undefined;
    }
  }
}
