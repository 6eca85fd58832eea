// The stages of a curriculum on one line, as wide as their shares; in a run with what is done.

import { html } from "../editor/dom.js";
import { percent } from "./numbers.js";

export function stageStrip(stages) {
  const said = stages.map((stage) => `${stage.name} ${percent(stage.share)}: ${stage.cycle.join(" → ")}`);
  return html(
    "div",
    { class: "strip", role: "img", "aria-label": `Stages: ${said.join("; ")}` },
    stages.map((stage, index) =>
      html(
        "span",
        { style: `flex-grow: ${stage.share}`, title: said[index] },
        html("b", {}, stage.name),
        html("small", {}, stage.cycle.join(" ")),
      ),
    ),
  );
}
