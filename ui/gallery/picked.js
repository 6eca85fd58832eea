// Figures picked in the grid, to be mined again with one agent. Progress is told in the page's header.

import { make } from "./filters.js";

// `bar` is the strip that shows while any is picked; `itemAt(index)` the figure at a place of the grid, where known.
export function makePicked(bar, grid, itemAt, ask) {
  const ids = new Set();
  const part = (selector) => bar.querySelector(selector);
  const agents = part("select");
  let last = null;
  let offered = false;

  async function offer() {
    if (offered) return;
    offered = true;
    const answer = await ask("agents", null);
    if (!answer.agents) {
      offered = false;
      say(reasonOf(answer));
      return;
    }
    agents.replaceChildren(
      ...answer.agents.map((agent) => {
        const option = make("option", "", agent.ready ? agent.title : agent.title + " (" + agent.detail + ")");
        option.value = agent.id;
        option.disabled = !agent.ready;
        return option;
      }),
    );
  }

  const reasonOf = ({ error }) => (error && error.message ? error.message : String(error));

  function say(text) {
    part(".said").textContent = text;
  }

  function draw() {
    bar.hidden = !ids.size;
    grid.classList.toggle("picking", ids.size > 0);
    part(".n").textContent = ids.size.toLocaleString("en") + (ids.size === 1 ? " figure picked" : " figures picked");
    for (const card of grid.querySelectorAll(".card")) mark(card);
    if (ids.size) offer();
  }

  function mark(card) {
    const picked = ids.has(card.dataset.figure);
    card.classList.toggle("is-picked", picked);
    card.querySelector(".pick").setAttribute("aria-checked", String(picked));
  }

  // Picks or drops the figure at a place; with `through` all from the last one picked as well.
  function toggle(index, through) {
    const item = itemAt(index);
    if (!item) return;
    const pick = !ids.has(item.figure_id);
    const from = through && last !== null ? last : index;
    for (let at = Math.min(from, index); at <= Math.max(from, index); at += 1) {
      const one = itemAt(at);
      if (one && (pick || from !== index)) ids.add(one.figure_id);
      else if (one) ids.delete(one.figure_id);
    }
    last = index;
    say("");
    draw();
  }

  function clear() {
    ids.clear();
    last = null;
    draw();
  }

  async function mine() {
    part(".mine").disabled = true;
    const answer = await ask("mine", { figure_ids: [...ids], agent: agents.value });
    part(".mine").disabled = false;
    if (answer.error) {
      say(reasonOf(answer));
      return;
    }
    document.dispatchEvent(new CustomEvent("curator:mining"));
    clear();
  }

  part(".mine").addEventListener("click", mine);
  part(".clear").addEventListener("click", clear);
  // a click with Shift held picks; without it the card is a link like any other
  grid.addEventListener("click", (event) => {
    const card = event.target.closest(".card");
    if (!card || !(event.shiftKey || event.target.closest(".pick"))) return;
    event.preventDefault();
    toggle(Number(card.dataset.index), event.shiftKey);
  });
  grid.addEventListener("keydown", (event) => {
    const card = event.target.closest(".card");
    if (event.key === "Escape" && ids.size) clear();
    if (event.key !== " " || !card) return;
    event.preventDefault();
    toggle(Number(card.dataset.index), event.shiftKey);
  });

  return {
    // Gives a card its check box; the card.
    dress(card) {
      const pick = make("button", "pick");
      pick.type = "button";
      pick.dataset.right = "mine";
      pick.tabIndex = -1; // the card itself takes Space
      pick.setAttribute("role", "checkbox");
      pick.setAttribute("aria-label", "Pick for mining again (Space)");
      pick.title = "Pick for mining again (Space; Shift picks all between)";
      card.append(pick);
      mark(card);
      return card;
    },
  };
}
