// What models said of a node beside its box: another reading of the caption, a description, a summary, a finding.

import { button, html } from "./dom.js";
import { textOf } from "./figure.js";

// The panel's rival reading with a button that takes it; gone once a person has taken one of the two.
export function rivalReading(state, edit) {
  const words = html("p", {});
  const settle = (fields) =>
    edit([{ op: "update", id: state.selectedId, fields: { ...fields, rival_spans: [] } }]);
  const take = () => settle({ own_spans: state.selected.rival_spans, own_text: null });
  const use = button("Use this reading", { class: "rv-link", onclick: take }, "use this reading");
  const keep = button("Keep the present words", { class: "rv-link", onclick: () => settle({}) }, "keep the present");
  const element = html("div", { class: "rv-rival" }, html("b", {}, "Another reading"), words, use, keep);
  const refresh = (panel) => {
    element.hidden = !panel.rival_spans?.length;
    words.textContent = textOf(state.figure.caption, panel.rival_spans || []);
  };
  return { element, refresh };
}

// A region's finding, as RegionMed-CLIP writes it: adjective, term, position, and what it is not.
export function findingFacts() {
  const list = html("dl", { class: "rv-facts" });
  const element = html("details", { class: "rv-full" }, html("summary", {}, "Finding, and what it is not"), list);
  const refresh = ({ finding }) => {
    element.hidden = !finding;
    if (!finding) return;
    const { adjective, term, position, negatives } = finding;
    const facts = [["adjective", adjective], ["term", term], ["position", position]].filter(([, value]) => value);
    list.replaceChildren(
      ...facts.flatMap(([name, value]) => [html("dt", {}, name), html("dd", {}, value)]),
      ...negatives.flatMap((sentence, index) => [html("dt", {}, index ? "" : "not"), html("dd", {}, sentence)]),
    );
  };
  return { element, refresh };
}
