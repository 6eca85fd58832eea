// The Queue tab: puts rail, search and grid together.

import { DEFAULTS, addressOf, compact, filterOfAddress, make, makeRail } from "./filters.js";
import { PAGE, makeGrid } from "./grid.js";
import { makeCard } from "./card.js";
import { makeProblems } from "./problems.js";
import { makePicked } from "./picked.js";

const MIN_CARD = 208; // px; what a card says fits with two digits a level, and panels can be told apart
const CARD_EXTRA = 62; // px of text below the picture

const gallery = element.querySelector(".gallery");
const part = (selector) => gallery.querySelector(selector);
const search = part(".text");
const order = part(".order select");
let filter = filterOfAddress();
let turn = 0;

// The server's answer, or the reason why there is none in its `error`.
async function ask(name, request) {
  try {
    return await server[name](request);
  } catch (error) {
    return { away: true, error: "Curator does not answer (" + error.message + "). Is `curator ui` still running?" };
  }
}

const openHref = (item) => addressOf("figure=" + encodeURIComponent(item.figure_id), "filter", filter);
const rail = makeRail(part(".rail"), props.kinds, (text) => ask("articles", { text }), change);
const grid = makeGrid(part(".scroll"), part(".grid"), {
  fetchPage: async (offset) => (await ask("find", { filter: compact(filter), offset, limit: PAGE })).items,
  cardOf: (item) => picked.dress(makeCard(item, openHref(item), filter.order === "fit")),
  keyOf: (item) => item.figure_id,
  minWidth: MIN_CARD,
  heightOf: (width) => Math.round(width * 0.72) + CARD_EXTRA,
});
const picked = makePicked(part(".picked"), part(".grid"), (index) => grid.at(index), ask);
const problems = makeProblems(part(".problems"), part(".show-problems"), () => ask("problems", {}), openHref);

async function load(keep) {
  const mine = ++turn;
  gallery.dataset.ready = "false";
  const answer = await ask("find", { filter: compact(filter), offset: 0, limit: PAGE, count: true });
  if (mine !== turn) return;
  if (answer.error) {
    showEmpty(answer.away ? "No answer" : "This filter cannot be used", answer.error);
    part(".count").textContent = "";
    part(".scroll").hidden = part(".review").hidden = true;
    grid.show(0, [], false);
  } else {
    rail.showCounts(answer.states);
    problems.showCount(answer.problem_count);
    part(".count").textContent = answer.count.toLocaleString("en") + (answer.count === 1 ? " figure" : " figures");
    const all = Object.values(answer.states).reduce((sum, n) => sum + n, 0);
    if (!all) showEmpty("No figures yet", "Bring some in, then let the agents propose panels:", "ingest SOURCE", "mine");
    else if (!answer.count) showEmpty("No figure matches", "Other words, or fewer filters, may find some.");
    else part(".empty").hidden = true;
    part(".scroll").hidden = !answer.count;
    part(".review").hidden = !answer.count;
    grid.show(answer.count, answer.items, keep);
    if (answer.count) part(".review").href = openHref(answer.items[0]);
  }
  gallery.dataset.ready = "true";
}

function showEmpty(title, text, ...commands) {
  part(".empty").replaceChildren(
    make("strong", "", title),
    make("span", "", text),
    ...commands.map((command) => make("code", "", "curator --project " + props.project + " " + command)),
  );
  part(".empty").hidden = false;
}

function showFilter() {
  rail.show(filter);
  if (document.activeElement !== search) search.value = filter.text;
  order.value = filter.order;
}

let typing = 0;
function change(fields) {
  filter = { ...filter, ...fields };
  history.replaceState(null, "", addressOf("queue", "show", filter));
  showFilter();
  turn += 1; // an answer to the filter before is no longer wanted
  gallery.dataset.ready = "false";
  // a slider or a typing person changes the filter many times a second
  clearTimeout(typing);
  typing = setTimeout(() => load(false), 60);
}

// one letter is in nearly every caption
search.addEventListener("input", () => change({ text: search.value.trim().length > 1 ? search.value : "" }));
search.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown" || event.key === "Enter") {
    event.preventDefault();
    grid.focus();
  } else if (event.key === "Escape" && !search.value) {
    grid.focus();
  }
});
order.addEventListener("change", () => change({ order: order.value }));
part(".reset").addEventListener("click", () => {
  search.value = "";
  change({ ...DEFAULTS, order: filter.order });
});
part(".rail").addEventListener("submit", (event) => event.preventDefault());

document.addEventListener("keydown", (event) => {
  if (!gallery.isConnected || !gallery.offsetParent) return;
  if (event.target.closest("input, select, textarea, [contenteditable]")) return;
  if (event.key === "/" && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    search.focus();
    search.select();
  }
});

// Review changes states while this tab is away: read again whenever it is shown
function shown(keep) {
  if (location.hash.startsWith("#queue")) filter = filterOfAddress();
  showFilter();
  load(keep);
}
document.addEventListener("curator:tab", (event) => {
  if (event.detail === "queue" && gallery.isConnected) shown(true);
});
window.addEventListener("hashchange", () => {
  if (gallery.isConnected && location.hash.startsWith("#queue")) shown(false);
});
showFilter();
load(false);
