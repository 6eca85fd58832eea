// Where the open round stands: its stages in a row, what it waits for, and what can be done about it.

import { button, html } from "../editor/dom.js";
import { AskError, ask } from "../train/asking.js";
import { say } from "../train/said.js";
import { STAGES, placeOf } from "./steps.js";

const FIELDS = [
  { name: "figures", label: "Figures to review", value: 20, title: "How many figures curators close before the round goes on" },
  { name: "first_steps", label: "Steps of the first training", value: 300, title: "From scratch" },
  { name: "steps", label: "Steps of later ones", value: 100, title: "They go on from the round before" },
  { name: "remine", label: "Figures mined again", value: 50, title: "At most; 0: all that are doubted" },
];

const STARTS_MS = 60_000; // guess: a process that has said nothing by then was killed before it began

const TRAINED_ON = [["verified", "Verified only"], ["sure", "With sure proposals"], ["all", "With open proposals"]];

export class Standing {
  constructor(server, changed) {
    this._server = server;
    this._changed = changed;
    this._startsUntil = 0;
    this._track = html("ol", { class: "track" });
    this._words = html("p", { class: "words", role: "status" });
    this._said = html("p", { class: "notice bad", role: "alert", hidden: true });
    this._go = button("Begin the next round", { class: "c-button primary", "data-right": "train", onclick: () => this._start(false) });
    this._review = html("a", { class: "c-button primary", href: "#" }, "Review");
    this._skip = button("Go on without the rest", {
      class: "c-button",
      "data-right": "train",
      onclick: () => this._start(true),
    }, "Go on without the rest");
    this._stop = button("Stop the loop", { class: "c-button danger", "data-right": "train", onclick: () => this._end() }, "Stop");
    this._fields = FIELDS.map((field) => ({ ...field, input: html("input", { class: "c-field c-num", type: "number", min: "0", value: String(field.value), name: field.name, title: field.title }) }));
    this._way = html("select", { class: "c-field", name: "trained_on" }, TRAINED_ON.map(([key, name]) => html("option", { value: key }, name)));
    this._form = html(
      "details",
      { class: "settings", "data-right": "train" },
      html("summary", {}, "Settings of the next start"),
      html("div", { class: "fields" }, this._fields.map(({ label, input }) => html("label", {}, html("span", {}, label), input)),
        html("label", { title: "Sure and other open proposals are of the agents: nobody has verified them" }, html("span", {}, "Train"), this._way)),
    );
    this.node = html(
      "section",
      { class: "c-card standing", "aria-label": "Where the loop stands" },
      this._track,
      html("div", { class: "does" }, this._words, html("span", { class: "grow" }), this._skip, this._stop, this._review, this._go),
      this._said,
      this._form,
    );
  }

  // Whether the loop's own process was started and has neither begun nor said why not: that takes it seconds.
  get starting() {
    return performance.now() < this._startsUntil;
  }

  show(state) {
    if (state.running || state.said) this._startsUntil = 0;
    const busy = state.running || this.starting;
    this._sureFrom = state.sure_from;
    const open = state.rounds.find((round) => !round.ended_at);
    const place = open ? placeOf(open.stage) : -1;
    const waits = Boolean(open) && open.stage === "review" && state.missing > 0;
    this._track.replaceChildren(
      ...STAGES.map(({ key, name, does }, index) => {
        const at = place < 0 ? "" : index < place ? "done" : index === place ? (state.running || waits ? "now" : "next") : "";
        return html("li", { "data-at": at, "data-stage": key, title: does }, html("span", {}, name));
      }),
    );
    const begins = this.starting || (state.running && !open); // its process runs a moment before its round is there
    this._words.textContent = begins ? "The loop is starting." : wordsOf(state, open, waits);
    this._go.hidden = busy || waits;
    const what = open ? `Go on with round ${open.id}` : state.rounds.length ? "Begin the next round" : "Begin the first round";
    this._go.textContent = this._go.title = this._go.ariaLabel = what;
    this._review.hidden = this.starting || !waits;
    this._review.textContent = waits ? `Review ${state.missing} more` : "Review";
    this._skip.hidden = busy || !waits;
    this._stop.hidden = !state.running;
    this._form.hidden = busy;
    const failed = !state.running && /^Error: /m.test(state.said) ? state.said.slice(state.said.lastIndexOf("Error: ") + 7) : "";
    if (!this._refused) say(this._said, failed);
  }

  async _start(goOn) {
    const fields = Object.fromEntries(this._fields.map(({ name, input }) => [name, Number(input.value)]));
    const way = this._way.value;
    const starts = () => (this._startsUntil = performance.now() + STARTS_MS);
    await this._do("loop_start", { ...fields, unverified: way === "all", sure: way === "sure" ? this._sureFrom : 0, go_on: goOn }, starts);
  }

  async _end() {
    await this._do("loop_stop", {});
  }

  // Until there is an answer no second click is taken.
  async _do(name, request, done = () => {}) {
    this._hold(true);
    try {
      await ask(this._server, name, request);
      done();
      this._refused = false;
      say(this._said, "");
    } catch (error) {
      if (!(error instanceof AskError)) throw error;
      this._refused = true;
      say(this._said, error.message);
    }
    this._hold(false);
    this._changed();
  }

  _hold(held) {
    for (const control of [this._go, this._skip, this._stop]) control.disabled = held;
  }
}

function wordsOf(state, open, waits) {
  if (!open) {
    return state.rounds.length
      ? "No round is open."
      : "A round mines what waits, ranks it, lets you review, trains on what you verified, and mines again what is doubted.";
  }
  if (waits) return `Round ${open.id} waits for curators: ${open.work.figures} of ${open.goal} figures are reviewed.`;
  const { does } = STAGES[placeOf(open.stage)];
  return state.running ? `Round ${open.id}: ${does}` : `Round ${open.id} is to go on: ${does}`;
}
