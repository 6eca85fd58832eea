// The drawer of agents: who can mine the figure again, what they proposed so far, and jobs that run.

import { button, html } from "./dom.js";
import { icon } from "./icons.js";
import { CallError, call } from "./calls.js";
import { Drawer } from "./drawer.js";
import { confidenceText, sureness } from "./confidence.js";
import { costText, countText, minerName, secondsText, timeText } from "./wording.js";

const STORED = "curator.agent";

export class AgentsDrawer {
  // `does`: {mine(figureId, agent), stop(jobId), compare(miningId), trace(), setUp()}
  constructor(server, state, does) {
    this._server = server;
    this._state = state;
    this._does = does;
    this._shown = null;
    this._agents = [];
    this._picked = localStorage.getItem(STORED) || "embedded";
    this.newest = null; // id of the figure's newest mining
    this._picker = html("div", { class: "rv-picker", role: "radiogroup", "aria-label": "Agent" });
    this._mine = html(
      "button",
      { type: "button", class: "c-button primary", "data-act": "mine", "data-right": "mine", onclick: () => this.mine() },
      "Mine this figure again",
    );
    this._jobs = html("ul", { class: "rv-jobs", "aria-label": "Mining now" });
    this._fault = html("p", { class: "rv-fault", role: "alert", hidden: true });
    this._list = html("ul", { class: "rv-minings", "aria-label": "Proposals kept aside" });
    const link = (title, run, more = {}) => button(title, { class: "rv-link", onclick: run, ...more }, title);
    this.drawer = new Drawer("Agents", "agents", () => (this._shown = null));
    this.drawer.body.append(
      this._picker,
      html(
        "div",
        { class: "rv-actions" },
        this._mine,
        html("span", { class: "grow" }),
        link("Set up a model", () => does.setUp(), { "data-right": "model" }),
      ),
      this._fault,
      this._jobs,
      html("h3", {}, "Proposals kept aside"),
      this._list,
      html("p", { class: "rv-quiet" }, "Mining again changes nothing here: compare, and adopt what is better."),
      link("What the model saw (i)", () => does.trace()),
    );
    state.on(["figure"], () => this._follow());
  }

  toggle() {
    if (this.drawer.close()) return;
    if (!this._state.figure) return;
    this.drawer.open();
    this._follow();
  }

  mine() {
    this._tell("");
    return this._does.mine(this._state.figure.id, this._picked).catch((error) => {
      if (!(error instanceof CallError)) throw error;
      this._tell(error.message);
    });
  }

  // Reads the figure's minings again, where they are shown.
  refresh() {
    this._shown = null;
    this._follow();
  }

  // The figure's newest mining; null where it has none.
  async newestOf(figureId) {
    const { minings } = await call(this._server, "agents", { figure_id: figureId });
    return minings.length ? minings[0].id : null;
  }

  drawJobs(jobs) {
    this._jobs.hidden = !jobs.length;
    this._jobs.replaceChildren(
      ...jobs.map((job) => {
        const ended = job.total - job.waiting;
        const words = [
          job.state === "waiting" ? `waits: ${countText(job.total, "figure")}` : `${ended} of ${job.total} done`,
          job.failed.length ? `${job.failed.length} failed` : "",
          costText(job.cost) && `cost ${costText(job.cost)}`,
        ].filter(Boolean);
        return html(
          "li",
          { "data-job": job.id },
          html("progress", { max: job.total, value: ended, "aria-label": "Figures mined" }),
          html("span", { class: "grow" }, words.join(" · ")),
          job.state === "stopping"
            ? html("span", {}, "stopping")
            : button("Stop: what is mined stays", { class: "rv-link", onclick: () => this._does.stop(job.id) }, "Stop"),
        );
      }),
    );
  }

  _tell(text) {
    this._fault.textContent = text;
    this._fault.hidden = !text;
  }

  _follow() {
    const { figure } = this._state;
    if (!this.drawer.isOpen || !figure || figure.id === this._shown) return;
    this._shown = figure.id;
    this._mine.textContent = figure.state === "unmined" ? "Mine this figure" : "Mine this figure again";
    this._load(figure.id);
  }

  async _load(figureId) {
    delete this.drawer.element.dataset.shown;
    try {
      const { agents, minings } = await call(this._server, "agents", { figure_id: figureId });
      if (figureId !== this._shown) return;
      this._tell("");
      this._agents = agents;
      this._drawPicker();
      this._list.replaceChildren(...minings.map((mining) => this._mining(mining)));
      if (!minings.length) this._list.append(html("li", { class: "rv-quiet" }, "None yet for this figure."));
      this.drawer.element.dataset.shown = figureId;
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      this._tell(error.message);
    }
  }

  _drawPicker() {
    const ready = this._agents.filter((agent) => agent.ready);
    if (!ready.some((agent) => agent.id === this._picked)) this._picked = ready[0].id;
    this._picker.replaceChildren(
      ...this._agents.map((agent) =>
        html(
          "label",
          { class: "rv-agent", "data-agent": agent.id },
          html("input", {
            type: "radio",
            name: "rv-agent",
            value: agent.id,
            checked: agent.id === this._picked,
            disabled: !agent.ready,
            onchange: () => this._pick(agent.id),
          }),
          html("b", {}, agent.title),
          html("small", {}, agent.detail),
        ),
      ),
    );
  }

  _pick(id) {
    this._picked = id;
    localStorage.setItem(STORED, id);
  }

  _mining(mining) {
    const counts = ["panel", "marker", "region"]
      .filter((level) => mining[`${level}s`])
      .map((level) => countText(mining[`${level}s`], level));
    const cost = mining.cost ? `cost ${costText(mining.cost)}` : "";
    const facts = [timeText(mining.at), secondsText(mining.seconds), cost];
    return html(
      "li",
      { "data-mining": mining.id },
      html("b", { title: minerName(mining) }, minerName(mining)),
      html("small", { class: "counts" }, counts.join(", ") || "no boxes"),
      html("small", {}, facts.filter(Boolean).join(" · ")),
      html(
        "span",
        { class: `sure ${sureness(mining.confidence)}`, title: "confidence" },
        confidenceText(mining.confidence),
      ),
      button(
        `Compare with ${minerName(mining)}`,
        { class: "c-button", onclick: () => this._does.compare(mining.id) },
        icon("compare"),
        html("span", {}, "Compare"),
      ),
    );
  }
}
