// The stages of a curriculum on one line, as wide as their shares; in a run with what is done.

import { html } from "../editor/dom.js";
import { LEVELS, percent } from "./numbers.js";

const nameOf = (level) => LEVELS.find(({ key }) => key === level).name.toLowerCase();

export function stageStrip(stages) {
  const cycles = stages.map((stage) => stage.cycle.map(nameOf).join(" → "));
  const said = stages.map((stage, index) => `${stage.name} ${percent(stage.share)}: ${cycles[index]}`);
  return html(
    "div",
    { class: "strip", role: "img", "aria-label": `Stages: ${said.join("; ")}` },
    stages.map((stage, index) =>
      html(
        "span",
        { style: `flex-grow: ${stage.share}`, title: said[index] },
        html("b", {}, stage.name),
        html("small", {}, cycles[index]),
      ),
    ),
  );
}
