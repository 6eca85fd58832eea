// The drawer of what could not be ingested or mined.

import { make } from "./filters.js";

export function makeProblems(drawer, button, fetchProblems, hrefOf) {
  const list = drawer.querySelector(".list");

  const when = (iso) => new Date(iso).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" });

  function row(problem) {
    const node = make("article");
    const head = make("header");
    head.append(make("span", "c-chip", problem.stage), make("time", "", when(problem.at)));
    const place = make(problem.figure_id ? "a" : "b", "place", problem.place);
    if (problem.figure_id) place.href = hrefOf({ figure_id: problem.figure_id });
    node.append(head, place, make("p", "", problem.reason));
    return node;
  }
  async function open() {
    const { problems, error } = await fetchProblems();
    const hint = "A problem leaves the list when its source is ingested, or its figure mined, without one.";
    list.replaceChildren(make("p", "note", error || hint), ...(problems || []).map(row));
    drawer.hidden = false;
    button.setAttribute("aria-expanded", "true");
    drawer.querySelector(".close").focus();
  }
  function close() {
    drawer.hidden = true;
    button.setAttribute("aria-expanded", "false");
    button.focus();
  }
  button.addEventListener("click", () => (drawer.hidden ? open() : close()));
  drawer.querySelector(".close").addEventListener("click", close);
  drawer.addEventListener("keydown", (event) => event.key === "Escape" && close());
  return {
    showCount(n) {
      button.hidden = n === 0;
      button.replaceChildren("Problems", make("span", "c-chip c-num", String(n)));
      button.lastChild.dataset.state = "flags";
    },
  };
}
