// What a run would take, and the button that starts it.

import { html } from "../editor/dom.js";
import { millions, number, roughText } from "./numbers.js";
import { say } from "./said.js";
import { stageStrip } from "./stage_strip.js";

export class PlanCard {
  constructor(start) {
    this._time = html("b");
    this._facts = html("dl", { class: "facts" });
    this._stages = html("div");
    this._basis = html("p", { class: "soft" });
    this._warnings = html("ul", { class: "warnings" });
    this._refused = html("p", { class: "notice bad", role: "alert", hidden: true });
    this._button = html("button", { type: "button", class: "c-button primary go", onclick: start }, "Train");
    this.node = html(
      "section",
      { class: "panel plan", "aria-label": "Plan" },
      html("header", {}, html("h2", {}, "Plan")),
      html("p", { class: "value", role: "status" }, this._time),
      this._basis,
      this._stages,
      this._facts,
      this._warnings,
      this._refused,
      this._button,
      html("p", { class: "soft" }, "It runs in a process of its own: this page can be closed meanwhile."),
    );
  }

  // `plan` is null while it is being asked for; `why` says why nothing can be started, else null; `told` are warnings
  // that stand elsewhere already.
  show(plan, why, told = []) {
    this.node.dataset.asking = String(plan === null && why === null);
    this._button.disabled = plan === null || why !== null;
    say(this._refused, why);
    for (const part of [this._facts, this._stages, this._warnings, this._basis]) part.hidden = plan === null;
    if (!plan) {
      this._time.textContent = "–";
      return;
    }
    this._time.textContent = `about ${roughText(plan.seconds)}`;
    this._basis.textContent = plan.basis;
    this._stages.replaceChildren(stageStrip(plan.stages));
    const facts = [
      ["Memory", `about ${plan.memory_gb.toFixed(1)} GB`],
      ["Model", plan.model],
      ["Weights", millions(plan.parameters)],
      ["Steps", `${number(plan.request.steps)} of ${number(plan.batch)} pictures`],
      ["Picture", `${plan.image_px} × ${plan.image_px} px`],
    ];
    this._facts.replaceChildren(...facts.flatMap(([name, value]) => [html("dt", {}, name), html("dd", { title: value }, value)]));
    this._warnings.replaceChildren(...plan.warnings.filter((warning) => !told.includes(warning)).map((warning) => html("li", {}, warning)));
  }

  // Until the server has answered, a second click would start a second run.
  set busy(busy) {
    this._button.disabled = busy;
    this._button.textContent = busy ? "Starting …" : "Train";
  }
}
