// What the tab says where there is nothing to show.

import { html } from "../editor/dom.js";

// A server's words as a sentence; what stands in backquotes is code.
const sentence = (text) =>
  (text[0].toUpperCase() + text.slice(1)).split("`").map((part, index) => (index % 2 ? html("code", {}, part) : part));

// Title, text and what helps, in the middle of the tab.
export function notice(place, title, text, ...more) {
  place.replaceChildren(html("strong", {}, title), html("span", {}, sentence(text)), ...more);
  place.hidden = false;
}

const command = (project, words) => html("code", {}, `curator --project ${project} ${words}`);

export function noModel(place, project, why) {
  notice(
    place,
    "No model in use",
    why,
    html("a", { class: "c-button primary", href: "#train" }, "Train one, then press “Use this model”"),
    command(project, "index --model RUN"),
  );
}

export function modelLoading(place, { model }) {
  notice(place, `Loading ${model}`, "The first search takes some seconds; those after it do not.");
}

export function nothingAsked(place, { nodes, model, why_not: whyNot }) {
  const keys = [
    ["/", "words"],
    ["s", "more like a result"],
    ["Ctrl+V", "a picture"],
  ];
  notice(
    place,
    `${nodes.toLocaleString("en")} panels and regions to search`,
    whyNot || "Describe what a picture shows, or drop a picture here.",
    html(
      "span",
      { class: "keys" },
      keys.map(([key, what]) => html("span", {}, html("kbd", {}, key), what)),
    ),
    html("small", {}, `indexed with ${model}`),
  );
}

// The strip that says that figures have changed since they were indexed.
export function staleStrip(place, project, { stale, model }) {
  place.hidden = !stale;
  if (!stale) return;
  const changed = stale === 1 ? "1 figure has changed" : `${stale.toLocaleString("en")} figures have changed`;
  place.replaceChildren(
    html("span", {}, `${changed} since they were indexed with ${model}. Index again:`),
    command(project, "index"),
  );
}
