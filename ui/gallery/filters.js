// The filter: its values, its fields in the rail, and its form in the address (a QueueFilter without its defaults).

export const DEFAULTS = Object.freeze({
  states: [],
  confidence_from: null,
  confidence_below: null,
  article_id: null,
  kind: null,
  problem: false,
  text: "",
  auto: null,
  assigned_to: null,
  order: "next",
});

function isDefault(name, value) {
  return JSON.stringify(value) === JSON.stringify(DEFAULTS[name]);
}

export function compact(filter) {
  return Object.fromEntries(Object.entries(filter).filter(([name, value]) => !isDefault(name, value)));
}

// "#queue&show=JSON" is this tab's address; "#figure=ID&filter=JSON" is a figure in Review, in the queue of that filter.
export function addressOf(place, name, filter) {
  const fields = compact(filter);
  return "#" + place + (Object.keys(fields).length ? `&${name}=` + encodeURIComponent(JSON.stringify(fields)) : "");
}

// The address may be anybody's: unknown fields are dropped here, wrong values are refused by the server.
export function filterOfAddress() {
  const part = location.hash.slice(1).split("&").find((one) => one.startsWith("show="));
  try {
    const fields = part ? JSON.parse(decodeURIComponent(part.slice("show=".length))) : {};
    return { ...DEFAULTS, ...Object.fromEntries(Object.entries(fields).filter(([name]) => name in DEFAULTS)) };
  } catch {
    return { ...DEFAULTS };
  }
}

export function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

const STATES = ["unmined", "proposed", "accepted", "skipped"];

// Draws the rail; `changed(fields)` is called with the fields that a person set.
export function makeRail(rail, kinds, findArticles, changed) {
  const boxes = {};
  const counts = {};
  for (const state of STATES) {
    const row = make("label", "check");
    const box = make("input");
    box.type = "checkbox";
    box.value = state;
    box.addEventListener("change", () => changed({ states: STATES.filter((one) => boxes[one].checked) }));
    boxes[state] = box;
    counts[state] = make("span", "n c-num");
    row.append(box, document.createTextNode(state), counts[state]);
    rail.querySelector(".states").append(row);
  }

  const from = rail.querySelector(".from");
  const below = rail.querySelector(".below");
  const track = rail.querySelector(".track");
  const said = rail.querySelector("output");
  function drawRange() {
    const [a, b] = [Number(from.value), Number(below.value)];
    track.style.setProperty("--a", a);
    track.style.setProperty("--b", b);
    said.textContent = a === 0 && b === 1 ? "any" : a.toFixed(2) + " – " + b.toFixed(2);
  }
  for (const slider of [from, below]) {
    slider.addEventListener("input", () => {
      // the handles push each other, so that the range is never empty
      if (Number(from.value) >= Number(below.value)) {
        if (slider === from) from.value = Math.min(Number(from.value), 0.95);
        const [a, b] = [Number(from.value), Number(below.value)];
        if (slider === from) below.value = Math.max(b, a + 0.05);
        else from.value = Math.max(0, Math.min(a, Math.max(b, 0.05) - 0.05));
        if (slider === below) below.value = Math.max(b, 0.05);
      }
      drawRange();
      changed({
        confidence_from: Number(from.value) > 0 ? Number(from.value) : null,
        confidence_below: Number(below.value) < 1 ? Number(below.value) : null,
      });
    });
  }

  const kind = rail.querySelector(".kind");
  for (const name of kinds) {
    const option = make("option", "", name);
    option.value = name;
    kind.append(option);
  }
  kind.addEventListener("change", () => changed({ kind: kind.value || null }));

  const problem = rail.querySelector(".problem");
  problem.addEventListener("change", () => changed({ problem: problem.checked }));
  const auto = rail.querySelector(".auto");
  auto.addEventListener("change", () => changed({ auto: auto.checked ? true : null }));
  const given = rail.querySelector(".given input");
  const me = () => document.documentElement.dataset.user || "";
  given.addEventListener("change", () => changed({ assigned_to: given.checked ? given.value || me() : null }));

  const article = makeArticlePicker(rail.querySelector(".article"), findArticles, (id) => changed({ article_id: id }));

  return {
    show(filter) {
      for (const state of STATES) boxes[state].checked = filter.states.includes(state);
      from.value = filter.confidence_from ?? 0;
      below.value = filter.confidence_below ?? 1;
      drawRange();
      kind.value = filter.kind ?? "";
      problem.checked = filter.problem;
      auto.checked = filter.auto === true;
      given.checked = filter.assigned_to !== null;
      given.value = filter.assigned_to ?? me();
      rail.querySelector(".given span").textContent = "Given to " + (given.value === me() ? "me" : given.value);
      article.show(filter.article_id);
      const { order, text, ...narrowing } = filter;
      rail.querySelector(".reset").hidden = !Object.keys(compact({ ...DEFAULTS, ...narrowing, text })).length;
    },
    showCounts(states) {
      for (const state of STATES) counts[state].textContent = states[state].toLocaleString("en");
    },
  };
}

// A text field that offers articles whose id or title holds what was typed.
function makeArticlePicker(place, findArticles, chosen) {
  const input = place.querySelector("input");
  const list = place.querySelector("ul");
  const clear = place.querySelector(".clear");
  let asked = 0;
  let current = null;
  let marked = -1;

  function close() {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    marked = -1;
  }
  function mark(index) {
    const rows = [...list.querySelectorAll('[role="option"]')];
    if (!rows.length) return;
    marked = (index + rows.length) % rows.length;
    rows.forEach((row, i) => row.setAttribute("aria-selected", String(i === marked)));
    rows[marked].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", rows[marked].id);
  }
  function choose(id) {
    close();
    current = id;
    input.value = id ?? "";
    clear.hidden = id === null;
    chosen(id);
  }
  async function offer() {
    const turn = ++asked;
    const answer = await findArticles(input.value.trim());
    if (turn !== asked || document.activeElement !== input) return;
    const rows = (answer.articles || []).map((found, index) => {
      const row = make("li");
      row.id = "gallery-article-" + index;
      row.setAttribute("role", "option");
      row.setAttribute("aria-selected", "false");
      row.dataset.id = found.id;
      row.append(make("b", "", found.id), make("span", "n c-num", String(found.count)), make("small", "", found.title));
      // before the field loses focus
      row.addEventListener("mousedown", (event) => {
        event.preventDefault();
        choose(found.id);
      });
      return row;
    });
    if (!rows.length) rows.push(make("li", "note", answer.error || "No article has that in its id or title"));
    if (answer.more) rows.push(make("li", "note", answer.more.toLocaleString("en") + " more: type on"));
    list.replaceChildren(...rows);
    const { left, bottom } = input.getBoundingClientRect();
    list.style.left = left + "px";
    list.style.top = bottom + 4 + "px";
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    marked = -1;
  }
  input.addEventListener("focus", () => {
    input.select();
    offer();
  });
  input.addEventListener("input", offer);
  input.addEventListener("blur", () => {
    close();
    input.value = current ?? "";
  });
  input.addEventListener("keydown", (event) => {
    const rows = [...list.querySelectorAll('[role="option"]')];
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      mark(marked + (event.key === "ArrowDown" ? 1 : marked < 0 ? 0 : -1));
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (!input.value.trim()) choose(null);
      else if (rows.length) choose(rows[Math.max(marked, 0)].dataset.id);
    } else if (event.key === "Escape") {
      close();
    }
  });
  clear.addEventListener("click", () => choose(null));
  return {
    show(id) {
      current = id;
      clear.hidden = id === null;
      if (document.activeElement !== input) input.value = id ?? "";
    },
  };
}
