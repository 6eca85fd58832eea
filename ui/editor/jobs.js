// Mining jobs of the page: started here or in another tab, asked after while any of them runs.

import { CallError, call } from "./calls.js";

const POLL_MS = 1000;
const isOver = (job) => !["waiting", "running", "stopping"].includes(job.state);

export class Jobs {
  // `told`: {changed(jobs), over(job)}; `over` only for jobs that were seen while they ran
  constructor(server, told) {
    this._server = server;
    this._told = told;
    this._open = new Set();
    this._timer = 0;
    this._turn = 0;
    this.running = [];
    document.addEventListener("curator:mining", () => this.look());
  }

  // Queues a job for figures; throws CallError where it cannot be.
  async start(figureIds, agent) {
    const { job } = await call(this._server, "mine", { figure_ids: figureIds, agent });
    this._open.add(job.id);
    await this.look();
    return job;
  }

  async stop(jobId) {
    await call(this._server, "stop_mining", { job_id: jobId });
    await this.look();
  }

  // Asks how the jobs stand, and again while one of them runs.
  async look() {
    const mine = ++this._turn;
    clearTimeout(this._timer);
    try {
      const { jobs } = await call(this._server, "jobs", {});
      if (mine !== this._turn) return; // asked again meanwhile: this answer may not know of a job that was just begun
      this.running = jobs.filter((job) => !isOver(job));
      const ended = jobs.filter((job) => isOver(job) && this._open.has(job.id));
      this._open = new Set(this.running.map((job) => job.id));
      this._told.changed(this.running);
      for (const job of ended) this._told.over(job);
    } catch (error) {
      if (!(error instanceof CallError)) throw error; // without an answer the next look tells
      if (mine !== this._turn) return;
    }
    if (this._open.size) this._timer = setTimeout(() => this.look(), POLL_MS);
  }
}

// "Mining 3 of 12" in the page's header; nothing while nothing runs.
export function tellInHeader(jobs) {
  const place = document.getElementById("mining-state");
  if (!place) return;
  const total = jobs.reduce((sum, job) => sum + job.total, 0);
  const waiting = jobs.reduce((sum, job) => sum + job.waiting, 0);
  const failed = jobs.reduce((sum, job) => sum + job.failed.length, 0);
  const parts = [`Mining ${Math.min(total, total - waiting + 1)} of ${total}`];
  if (failed) parts.push(`${failed} failed`);
  place.textContent = jobs.length ? parts.join(", ") : "";
  place.dataset.jobs = String(jobs.length);
}
