// One run: how far it is, its curves, what it has learned, and what can be done with it.

import { html } from "../editor/dom.js";
import { timeText } from "../editor/wording.js";
import { AskError, ask } from "./asking.js";
import { wayOf } from "./data_panel.js";
import { configRows, dataRows } from "./facts.js";
import { number, percent, roughText, spanText } from "./numbers.js";
import { resultRows, resultTable } from "./results.js";
import { RunCharts } from "./run_charts.js";
import { say } from "./said.js";
import { stageStrip } from "./stage_strip.js";
import { canResume, canStop, doneShare, isAlive, isDone, isIndexing, stateText, tone } from "./states.js";

const DATA = {
  verified: "verified figures only",
  sure: "with sure proposals that nobody has verified",
  all: "with proposals that nobody has verified",
};

export class RunPage {
  // `changed(run)` after something was done to the run; `removed()` after it was removed.
  constructor(server, changed, removed) {
    this._server = server;
    this._changed = changed;
    this._removed = removed;
    this._name = null;
    this._answer = null;
    this._busy = false;
    this._parts = this._make();
    this._charts = new RunCharts();
    this._drawn = {};
    const parts = this._parts;
    this.node = html(
      "div",
      { class: "run" },
      html(
        "section",
        { class: "panel top", "aria-label": "Run" },
        html("header", {}, parts.title, parts.state, parts.use, html("span", { class: "grow" }), parts.buttons),
        parts.what,
        parts.strip,
        parts.meter,
        parts.progress,
        parts.refused,
        parts.message,
        parts.log,
        parts.indexing,
      ),
      parts.results,
      this._charts.node,
      parts.details,
    );
  }

  show(answer, history) {
    const { run } = answer;
    if (run.name !== this._name) {
      this._name = run.name;
      this._drawn = {};
      this._refuse("");
      this._parts.sure.hidden = true;
    }
    this._answer = answer;
    this.node.dataset.alive = String(isAlive(run));
    this._showHead(run);
    this._showStages(answer);
    this._showProgress(run);
    this._showTrouble(answer);
    this._showUse(run);
    this._showResults(answer);
    this._charts.show(answer, history);
    this._showDetails(answer);
  }

  redraw() {
    this._charts.redraw();
  }

  _make() {
    const press = (words, name, title, more = "") =>
      html("button", { type: "button", class: `c-button ${more}`, title, onclick: () => this._act(name) }, words);
    const stop = press("Stop", "train_stop", "Finishes the step, keeps a checkpoint; it can be resumed");
    const resume = press("Resume", "train_resume", "Goes on from the last checkpoint", "primary");
    const use = press("Use this model", "train_use", "");
    const report = html("a", { class: "c-button", target: "_blank", rel: "noopener" }, "Report");
    const sure = html("span", { class: "sure", hidden: true });
    const remove = html(
      "button",
      { type: "button", class: "c-button", onclick: () => this._askToRemove() },
      "Remove",
    );
    const yes = html("button", { type: "button", class: "c-button danger", onclick: () => this._remove() }, "Remove it");
    const no = html(
      "button",
      {
        type: "button",
        class: "c-button",
        onclick: () => {
          sure.hidden = true;
          remove.hidden = false;
          remove.focus();
        },
      },
      "Keep it",
    );
    sure.append("Checkpoints and report will be deleted.", yes, no);
    const bar = html("i");
    return {
      title: html("h2", { tabindex: -1 }),
      state: html("span", { class: "c-chip", role: "status" }),
      use: html("span", { class: "c-chip use" }, "in use"),
      buttons: html("span", { class: "buttons" }, stop, resume, use, report, remove, sure),
      press: { stop, resume, use, report, remove, yes },
      sure,
      what: html("p", { class: "soft" }),
      strip: html("div"),
      bar,
      meter: html("div", { class: "meter big", role: "progressbar", "aria-label": "Steps done", "aria-valuemin": 0 }, bar),
      progress: html("p", { class: "progress c-num" }),
      refused: html("p", { class: "notice bad", role: "alert", hidden: true }),
      message: html("p", { class: "notice" }),
      log: html("pre", { class: "log", tabindex: 0, "aria-label": "End of the process's log" }),
      indexing: html("p", { class: "notice", role: "status" }),
      results: html("section", { class: "panel results-panel", "aria-label": "Before and after" }),
      details: html("section", { class: "details" }),
    };
  }

  _showHead(run) {
    const { title, state, use, what, buttons, press } = this._parts;
    const focused = document.activeElement;
    title.textContent = run.name;
    title.title = run.name;
    if (state.textContent !== stateText(run)) state.textContent = stateText(run); // told once by screen readers
    state.dataset.tone = tone(run);
    use.hidden = !run.in_use;
    const data = DATA[wayOf(run)];
    what.textContent = `${run.preset} · ${run.model} · ${data} · started ${timeText(run.started_at)}`;
    press.stop.hidden = !isAlive(run);
    press.stop.disabled = !canStop(run);
    press.stop.textContent = run.state === "stopping" ? "Stopping …" : "Stop";
    press.resume.hidden = !canResume(run);
    const usable = !isAlive(run) && run.best_step > 0;
    press.use.hidden = !usable;
    press.use.textContent = run.in_use ? "Index again" : "Use this model";
    press.use.title = `Indexes ${run.in_use ? "figures that changed since" : "the project with it"}, for search and confidence`;
    press.use.classList.toggle("primary", isDone(run) && !run.in_use);
    press.use.disabled = isIndexing(run);
    const { report } = this._answer;
    press.report.hidden = !report;
    if (report) press.report.href = report;
    press.remove.hidden = isAlive(run) || !this._parts.sure.hidden;
    press.remove.disabled = isIndexing(run);
    // a button that did its work and goes would take the keyboard's place with it
    if (buttons.contains(focused) && focused.hidden) title.focus();
  }

  _showStages({ config }) {
    const stages = JSON.stringify(config?.stages || []);
    if (stages === this._drawn.stages) return;
    this._drawn.stages = stages;
    this._parts.strip.replaceChildren(...(config?.stages ? [stageStrip(config.stages)] : []));
  }

  _showProgress(run) {
    const { bar, meter, progress } = this._parts;
    meter.setAttribute("aria-valuemax", run.steps);
    meter.setAttribute("aria-valuenow", run.step);
    meter.dataset.tone = tone(run);
    bar.style.width = `${100 * doneShare(run)}%`;
    const facts = [`step ${number(run.step)} of ${number(run.steps)}`, `${spanText(run.seconds)} spent`];
    if (isAlive(run) && run.seconds_left !== null) facts.push(`about ${roughText(run.seconds_left)} left`);
    if (run.best_step) facts.push(`best at step ${number(run.best_step)}, score ${percent(run.score)}`);
    progress.textContent = facts.join(" · ");
  }

  _showTrouble({ run, log_tail: tail }) {
    const { message, log } = this._parts;
    const wrong = run.state === "failed" || run.state === "killed";
    const said = run.message || (run.state === "killed" ? "Its process is gone. Resume goes on from the last checkpoint." : "");
    message.className = `notice ${wrong ? "bad" : ""}`;
    say(message, said);
    const text = wrong ? tail : "";
    log.hidden = !text;
    if (log.textContent === text) return;
    log.textContent = text;
    log.scrollTop = log.scrollHeight;
  }

  _showUse({ use }) {
    const { indexing } = this._parts;
    indexing.hidden = !use || (use.state === "ready" && !use.message);
    if (!use) return;
    indexing.className = `notice ${use.state === "failed" ? "bad" : ""}`;
    const count = use.total ? ` ${number(use.done)} of ${number(use.total)} figures` : "";
    indexing.textContent =
      use.state === "indexing" ? `Indexing${count} for search and confidence; the model before it serves meanwhile.` : use.message;
  }

  _showResults({ run, before, after }) {
    const shown = JSON.stringify([before, after, run.best_step, isAlive(run)]);
    if (shown === this._drawn.results) return;
    this._drawn.results = shown;
    const rows = resultRows(before, after);
    this._parts.results.hidden = rows === null;
    if (!rows) return;
    this._parts.results.replaceChildren(
      html(
        "header",
        {},
        html("h2", {}, "Before and after"),
        html("p", {}, `the start model and the best one${isAlive(run) ? " so far" : ""} (step ${number(run.best_step)}), on the validation split`),
      ),
      resultTable(rows),
    );
  }

  _showDetails({ config, snapshot }) {
    const shown = JSON.stringify([config, snapshot]);
    if (shown === this._drawn.details) return;
    this._drawn.details = shown;
    const section = (title, rows) =>
      rows.length > 0 &&
      html(
        "details",
        { class: "panel" },
        html("summary", {}, title),
        html("dl", { class: "facts wide" }, rows.map(([name, value]) => [html("dt", {}, name), html("dd", {}, value)])),
      );
    this._parts.details.replaceChildren(
      ...[section("Data", dataRows(snapshot)), section("Configuration", configRows(config))].filter(Boolean),
    );
  }

  async _act(name) {
    if (this._busy) return;
    this._busy = true;
    try {
      const { run } = await ask(this._server, name, { name: this._name });
      this._refuse("");
      this._changed(run);
    } catch (error) {
      if (!(error instanceof AskError)) throw error;
      this._refuse(error.message);
    } finally {
      this._busy = false;
    }
  }

  _askToRemove() {
    const { sure, press } = this._parts;
    sure.hidden = false;
    press.remove.hidden = true;
    press.yes.focus();
  }

  async _remove() {
    try {
      await ask(this._server, "train_remove", { name: this._name });
      this._name = null;
      this._removed();
    } catch (error) {
      if (!(error instanceof AskError)) throw error;
      this._refuse(error.message);
    }
  }

  _refuse(why) {
    say(this._parts.refused, why);
  }
}
