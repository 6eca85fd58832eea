// The form of a new run: data, preset, model, steps, seed and name; its plan is asked for anew with every change.

import { html } from "../editor/dom.js";
import { AskError, ask } from "./asking.js";
import { DataPanel, wayOf } from "./data_panel.js";
import { PlanCard } from "./plan_card.js";
import { say } from "./said.js";

const TYPING_MS = 250; // guess: a person has stopped typing a number
const OTHER = "\u0000other"; // no model's name

export class NewRun {
  // `started(run)` is called when a run was started.
  constructor(server, started) {
    this._server = server;
    this._started = started;
    this._request = null;
    this._overview = null;
    this._turn = 0;
    this._timer = 0;
    this._data = new DataPanel((way) => {
      this._change({ verified_only: way === "verified", sure: way === "sure" ? this._overview.data.sure_from : 0 });
    });
    this._plan = new PlanCard(() => this._start());
    this._missing = html("p", { class: "notice bad", role: "alert", hidden: true });
    this._presets = html("div", { class: "presets", role: "radiogroup", "aria-label": "Preset" });
    this._machine = html("p");
    this._fields = this._makeFields();
    this.node = html(
      "div",
      { class: "new-run" },
      html(
        "div",
        { class: "column" },
        this._missing,
        this._data.node,
        html(
          "section",
          { class: "panel", "aria-label": "Preset" },
          html("header", {}, html("h2", {}, "How"), this._machine),
          this._presets,
          this._fields.node,
        ),
      ),
      this._plan.node,
    );
  }

  // Shows what the server knows; what a person has chosen already stays.
  show(overview) {
    this._overview = overview;
    say(this._missing, overview.installed);
    this._machine.textContent = `on ${overview.machine.title}`;
    if (!this._request) {
      this._request = { ...overview.suggested };
      this._fillModels();
      this._fields.steps.value = this._request.steps;
      this._fields.seed.value = this._request.seed;
    }
    this._drawPresets();
    this._data.show(overview.data, wayOf(this._request));
    this._ask();
  }

  _makeFields() {
    const changed = (name, read) => () => this._change({ [name]: read() }, TYPING_MS);
    const whole = (input) => (input.value.trim() === "" ? null : Number(input.value));
    const model = html("select", {
      class: "c-field",
      onchange: () => {
        other.hidden = model.value !== OTHER;
        if (other.hidden) this._change({ model: model.value });
        else other.focus();
      },
    });
    const other = html("input", {
      class: "c-field",
      placeholder: "ViT-B-32, hf-hub:ORG/REPO, local-dir:PATH",
      "aria-label": "Name of another model",
      spellcheck: "false",
      hidden: true,
      oninput: changed("model", () => other.value.trim()),
    });
    const steps = html("input", { class: "c-field c-num", type: "number", min: 1, step: 1, oninput: changed("steps", () => whole(steps)) });
    const seed = html("input", { class: "c-field c-num", type: "number", min: 0, step: 1, oninput: changed("seed", () => whole(seed)) });
    const name = html("input", {
      class: "c-field",
      placeholder: "automatic",
      spellcheck: "false",
      autocomplete: "off",
      oninput: changed("name", () => name.value.trim() || undefined),
    });
    const node = html(
      "form",
      { class: "fields", onsubmit: (event) => event.preventDefault() },
      html("div", { class: "wide" }, html("label", {}, "Start from", model), other),
      html("label", {}, "Steps", steps),
      html("label", {}, "Seed", seed),
      html("label", {}, "Name", name),
    );
    return { node, model, other, steps, seed, name };
  }

  _fillModels() {
    const { model, other } = this._fields;
    const known = this._overview.models;
    model.replaceChildren(
      ...known.map(({ name, title }) => html("option", { value: name }, title)),
      html("option", { value: OTHER }, "Another model …"),
    );
    const isKnown = known.some(({ name }) => name === this._request.model);
    model.value = isKnown ? this._request.model : OTHER;
    other.hidden = isKnown;
    if (!isKnown) other.value = this._request.model;
  }

  _drawPresets() {
    const { presets } = this._overview;
    if (this._presets.childElementCount !== presets.length) {
      this._presets.replaceChildren(
        ...presets.map((preset) =>
          html(
            "label",
            { class: "choice", "data-preset": preset.name },
            html("input", {
              type: "radio",
              name: "train-preset",
              value: preset.name,
              onchange: () => this._change({ preset: preset.name }),
            }),
            html("b", {}, preset.name),
            html("span", { class: "what" }, preset.title),
            html("span", { class: `why ${preset.suits ? "suits" : "unfit"}` }, preset.why),
          ),
        ),
      );
    }
    for (const input of this._presets.querySelectorAll("input")) input.checked = input.value === this._request.preset;
  }

  _change(fields, wait_ms = 0) {
    this._request = { ...this._request, ...fields };
    this._drawPresets();
    this._data.show(this._overview.data, wayOf(this._request));
    this._ask(wait_ms);
  }

  get _counts() {
    return this._overview.data[wayOf(this._request)];
  }

  // Why nothing can be started, before the server is asked; null where it can.
  get _obstacle() {
    const { steps, seed, model } = this._request;
    if (this._overview.installed) return "Training is not installed; see above.";
    if (!Number.isInteger(steps) || steps < 1) return "Steps must be a whole number of at least 1.";
    if (!Number.isInteger(seed) || seed < 0) return "The seed must be a whole number of at least 0.";
    if (!model) return "Name the model to start from.";
    return this._counts.figures ? null : "There is nothing to train on; see above.";
  }

  // Until the plan of these values is there, nothing can be started.
  _ask(wait_ms = 0) {
    const mine = ++this._turn;
    const why = this._obstacle;
    this._plan.show(null, why);
    clearTimeout(this._timer);
    if (!why) this._timer = setTimeout(() => this._planned(mine), wait_ms);
  }

  async _planned(mine) {
    try {
      const plan = await ask(this._server, "train_plan", this._request);
      if (mine === this._turn) this._plan.show(plan, null, [this._counts.enough]);
    } catch (error) {
      if (!(error instanceof AskError)) throw error;
      if (mine === this._turn) this._plan.show(null, error.message);
    }
  }

  async _start() {
    this._plan.busy = true;
    try {
      const { run } = await ask(this._server, "train_start", this._request);
      this._fields.name.value = "";
      delete this._request.name;
      this._plan.busy = false;
      this._started(run);
    } catch (error) {
      if (!(error instanceof AskError)) throw error;
      this._plan.busy = false;
      this._plan.show(null, error.message);
    }
  }
}
