// The Search tab: puts search box, filters and grid together.

import { button, html, isTyping } from "../editor/dom.js";
import { PAGE, makeGrid } from "../gallery/grid.js";
import { addressOf, cropUrl, hasSubject, isLike, pictureUrl, queryOfAddress, reviewHref, withSubject } from "./query.js";
import { hitCard, keyOf, nameOf } from "./hit.js";
import { takePictures } from "./given.js";
import { modelLoading, noModel, notice, nothingAsked, staleStrip } from "./notices.js";

const TYPING_MS = 300; // guess: a pause between two words; a model reads a text in 10 to 100 ms
const DEEPEST = 10_000; // as the server: nobody pages further
const MIN_CARD = 200; // px
const WORDS_HEIGHT = 88; // px below the picture

const tab = element.querySelector(".find");
const part = (selector) => tab.querySelector(selector);
const text = part(".text");
let query = queryOfAddress();
let state = null; // what the server last said of model and index
let shownKey = null; // the search that the grid shows, as an address
let turn = 0;
let looks = 0;
let typed = false; // the words in the box have a step of the history of their own
let typing = 0; // timer of words that are not searched for yet, or 0

const isShown = () => tab.isConnected && tab.getClientRects().length > 0;

// The server's answer, or the reason why there is none in its `error`.
async function ask(name, request) {
  try {
    const answer = await server[name](request);
    if (answer) return answer;
  } catch {
    // the framework tells no reason; said below
  }
  return { error: "Curator does not answer. Is `curator ui` still running?" };
}

const find = (offset) => ask("search_find", { ...query, offset, limit: PAGE });

const grid = makeGrid(part(".scroll"), part(".grid"), {
  fetchPage: async (offset) => (await find(offset)).hits,
  cardOf: (hit) => hitCard(hit, moreLike),
  keyOf,
  minWidth: MIN_CARD,
  heightOf: (width) => Math.round(width * 0.75) + WORDS_HEIGHT,
});

// `how`: "push" makes a step that Back returns from; "replace" changes the one that is there.
function search(next, how) {
  query = next;
  const address = location.pathname + location.search + addressOf(query);
  if (location.hash !== addressOf(query)) history[how === "push" ? "pushState" : "replaceState"](null, "", address);
  drawQuery();
  run();
}

// Searches for the words in the box. Back goes to the search before them, not to each letter.
function searchWords(filters = {}) {
  const how = typed || !hasSubject(query) ? "replace" : "push";
  typed = true;
  search({ ...withSubject(query, { text: text.value.trim() }), ...filters }, how);
}

// A filter that is set while somebody types narrows what is typed.
function narrow(filters) {
  if (typing) searchWords(filters);
  else search({ ...query, ...filters }, "replace");
}

function moreLike(hit) {
  typed = false;
  search(withSubject(query, { figure_id: hit.figure_id, node_id: hit.node_id }), "push");
}

async function run() {
  const mine = ++turn;
  clearTimeout(typing);
  typing = 0;
  tab.dataset.ready = "false";
  if (!hasSubject(query) || !state || !state.model) return show(mine, null);
  part(".count").textContent = "Searching";
  part(".empty").hidden = true;
  // what is indexed is searched by without the model
  if (!state.loaded && !query.figure_id) {
    part(".scroll").hidden = true;
    modelLoading(part(".empty"), state);
  }
  const answer = await find(0);
  if (mine === turn && !answer.error) state.loaded ||= !query.figure_id;
  return show(mine, answer);
}

// Shows an answer; null where nothing was asked.
function show(mine, answer) {
  if (mine !== turn) return;
  const { hits = [], total = 0, error } = answer || {};
  grid.show(Math.min(total, DEEPEST), hits, shownKey === addressOf(query));
  shownKey = addressOf(query);
  part(".scroll").hidden = !total;
  part(".empty").hidden = total > 0;
  part(".count").textContent = total ? `${total.toLocaleString("en")}, most alike first` : "";
  part(".count").title = answer && answer.seconds !== undefined ? `in ${answer.seconds.toFixed(2)} s` : "";
  if (error) notice(part(".empty"), "This search was not made", error);
  else if (state && !state.model) noModel(part(".empty"), props.project, state.why_not);
  else if (!answer && state) nothingAsked(part(".empty"), state);
  else if (!total) notice(part(".empty"), "Nothing of that kind", "Fewer filters may find some.");
  tab.dataset.ready = "true";
}

function drawQuery() {
  if (document.activeElement !== text || isLike(query)) text.value = query.text || "";
  text.placeholder = isLike(query) ? "or describe it" : "Describe what to find";
  for (const one of tab.querySelectorAll("[data-level]"))
    one.setAttribute("aria-pressed", String(one.dataset.level === (query.level || "")));
  part(".kind").value = query.kind || "";
  part(".verified").checked = Boolean(query.verified);
  drawSubject();
}

// The picture that is searched by, in the search box.
function drawSubject() {
  const place = part(".subject");
  place.hidden = !isLike(query);
  if (place.hidden) return place.replaceChildren();
  const { figure_id: figureId, node_id: nodeId, picture } = query;
  const src = picture ? pictureUrl(picture) : cropUrl(figureId, nodeId);
  const image = html("img", { alt: "", src });
  image.addEventListener("error", () => image.remove());
  const name = picture ? "your picture" : `${nodeId} of ${figureId}`;
  const words = html("span", {}, "like ", picture ? name : html("a", { href: reviewHref(figureId, nodeId) }, name));
  const clear = button("Search by words again", { onclick: () => search(withSubject(query, {}), "push") }, "×");
  return place.replaceChildren(image, words, clear);
}

function drawState() {
  const { model, nodes } = state;
  tab.dataset.model = model ? "yes" : "no";
  part(".model").hidden = !model;
  part(".model").textContent = model || "";
  part(".model").title = model ? `${nodes.toLocaleString("en")} panels and regions are indexed with ${model}` : "";
  for (const control of tab.querySelectorAll(".toolbar :is(input, select, button)")) control.disabled = !model;
  staleStrip(part(".changed"), props.project, state);
}

// Models and figures change while the tab is away: read again whenever it is shown.
async function shown() {
  const mine = ++looks;
  tab.dataset.ready = "false";
  if (location.hash.startsWith("#search")) query = queryOfAddress();
  typed = false;
  if (!typing) text.value = query.text || ""; // also where the cursor is in it: Back has changed the search
  drawQuery();
  const answer = await ask("search_state", {});
  if (mine !== looks) return;
  if (answer.error) {
    state = null;
    notice(part(".empty"), "No answer", answer.error);
    tab.dataset.ready = "true";
    return;
  }
  state = answer;
  drawState();
  if (!typing) run(); // else what was typed meanwhile is searched for soon
  if (state.model && !hasSubject(query)) text.focus();
}

text.addEventListener("input", () => {
  turn += 1; // an answer to the words before is no longer wanted
  tab.dataset.ready = "false";
  clearTimeout(typing);
  typing = setTimeout(() => {
    typing = 0;
    if (isShown()) searchWords(); // else the address is another tab's by now
  }, TYPING_MS);
});
text.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  if (event.key === "Enter") {
    event.preventDefault();
    const next = withSubject(query, { text: text.value.trim() });
    if (text.value.trim() && addressOf(next) !== shownKey) searchWords();
    typed = false;
  } else if (event.key === "ArrowDown") {
    event.preventDefault();
    grid.focus();
  } else if (event.key === "Backspace" && !text.value && isLike(query)) {
    search(withSubject(query, {}), "push");
  } else if (event.key === "Escape") {
    text.blur();
  }
});

for (const one of tab.querySelectorAll("[data-level]"))
  one.addEventListener("click", () => narrow({ level: one.dataset.level || null }));
for (const name of props.kinds) part(".kind").append(html("option", { value: name }, name));
part(".kind").addEventListener("change", () => narrow({ kind: part(".kind").value || null }));
part(".verified").addEventListener("change", () => narrow({ verified: part(".verified").checked }));

document.addEventListener("keydown", (event) => {
  if (!isShown() || isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/") {
    event.preventDefault();
    text.focus();
    text.select();
  }
  const card = event.target instanceof Element && event.target.closest(".find .card");
  if (event.key === "s" && card) moreLike(grid.at(Number(card.dataset.index)));
});

takePictures(tab, {
  file: part("input[type=file]"),
  pick: part(".pick"),
  maxBytes: props.max_bytes,
  isShown,
  sending: () => (part(".count").textContent = "Reading the picture"),
  given: (token) => {
    typed = false;
    search(withSubject(query, { picture: token }), "push");
  },
  refused: (why) => {
    part(".count").textContent = "";
    show(++turn, { error: why });
    shownKey = null;
  },
});

document.addEventListener("curator:tab", (event) => {
  if (event.detail === "search" && tab.isConnected) shown();
});
addEventListener("hashchange", () => {
  if (tab.isConnected && location.hash.startsWith("#search")) shown();
});
if (location.hash.startsWith("#search")) shown();
