// The Dashboard tab: asks for everything when it is shown, and again while it stays in view.

const REFRESH_MS = 15000;
const page = element.querySelector(".dashboard");
const STATES = ["accepted", "skipped", "proposed", "unmined"];
let measured = null;
let turn = 0;

const number = (n) => n.toLocaleString("en");
const plural = (n, word) => number(n) + " " + word + (n === 1 ? "" : "s");

function tile(name, value, unit, note) {
  const node = page.querySelector(".tile." + name);
  node.querySelector(".value b").textContent = value;
  node.querySelector(".value span").textContent = unit;
  if (note !== undefined) node.querySelector(".note").textContent = note;
}

function drawProgress(states) {
  const all = STATES.reduce((sum, state) => sum + states[state], 0);
  const done = states.accepted + states.skipped;
  tile("progress", all ? percent(done / all) : "–", all ? number(done) + " of " + plural(all, "figure") : "no figures yet");
  const bar = page.querySelector(".progress .bar");
  bar.setAttribute("aria-label", STATES.map((state) => states[state] + " " + state).join(", "));
  bar.replaceChildren(
    ...STATES.filter((state) => states[state]).map((state) => {
      const part = make("i", state);
      part.style.flexGrow = states[state];
      part.title = number(states[state]) + " " + state;
      return part;
    }),
  );
  page.querySelector(".legend").replaceChildren(
    ...STATES.map((state) => {
      const row = make("li", state);
      row.append(make("b", "c-num", number(states[state])), " " + state);
      return row;
    }),
  );
}

function drawAuto(auto) {
  const note = page.querySelector(".progress .note");
  note.hidden = !auto.figures && !auto.right;
  const right = auto.right ? "; of panels so accepted " + auto.right.text + " are right" : "";
  note.textContent = plural(auto.figures, "figure") + " accepted without a person, none of them verified" + right;
}

function drawTiles(found) {
  drawProgress(found.states);
  drawAuto(found.auto);
  if (found.seconds_per_figure === null) {
    tile("pace", "–", "", "Known after the first accepted figure");
  } else {
    const [value, unit] = duration(found.seconds_per_figure);
    const [left, leftUnit] = duration(found.seconds_left);
    tile("pace", value, unit + " median", found.seconds_left ? "About " + left + " " + leftUnit + " for all that wait" : "");
  }
  const week = found.days.slice(-7).reduce((sum, [, n]) => sum + n, 0);
  const today = found.days[found.days.length - 1][1];
  tile("week", number(week), "accepted", number(today) + " of them today");
  const { figures, n, share } = found.agreement;
  if (share === null) {
    tile("agreement", "–", "", "Known when a second person decides in a figure");
  } else {
    const note = interval(found.agreement) + " (95% interval) of " + plural(n, "node") + " in " + plural(figures, "figure");
    tile("agreement", percent(share), "kept by the second person", note);
  }
}

function drawDays(days) {
  const place = page.querySelector(".days .chart");
  place.replaceChildren(dayChart(days, Math.max(320, place.clientWidth)));
}

function drawOutcomes(outcomes) {
  const rows = outcomes.map((outcome, index) => {
    const row = make("tr");
    const first = index === 0 || outcomes[index - 1].level !== outcome.level;
    const level = make("th", "", first ? outcome.level : "");
    level.scope = "row";
    row.append(level, make("td", "agent", outcome.agent));
    for (const name of ["n", "accepted", "edited", "rejected"]) row.append(make("td", "number c-num", number(outcome[name])));
    const share = make("td", "number c-num");
    share.append(make("b", "", percent(outcome.share)));
    const chart = make("td", "share");
    chart.title = "95% interval " + interval(outcome);
    chart.append(shareChart(outcome));
    row.append(share, chart);
    return row;
  });
  const remedy = "Accept or mend a figure in Review: what becomes of each proposal is counted here.";
  fill("outcomes", "tbody", rows, "No decisions yet", remedy);
}

// Puts what there is into a panel, or says what is missing.
function fill(name, place, nodes, missing, remedy) {
  const panel = page.querySelector(".panel." + name);
  panel.querySelector(place).replaceChildren(...nodes);
  panel.querySelector(".filled").hidden = !nodes.length;
  const empty = panel.querySelector(".c-empty");
  empty.hidden = nodes.length > 0;
  empty.replaceChildren(make("strong", "", missing), make("span", "", remedy));
}

function drawReliability(sources) {
  const remedy = "Each proposal that is accepted, mended or rejected tells what its agent's confidence is worth.";
  fill("reliability", ".cards", sources.map(reliabilityCard), "No decisions yet", remedy);
}

function drawAssessor({ decisions, due, diagram, versions, older }) {
  const next = "The next version is fitted after " + plural(due, "decision") + "; there are " + number(decisions) + ".";
  const remedy = "Accept, mend or reject proposals in Review. " + next;
  fill("assessor", ".cards", diagram ? [assessorCard(diagram)] : [], "Too few decisions yet", remedy);
  const panel = page.querySelector(".panel.assessor");
  panel.querySelector("tbody").replaceChildren(...versions.map(versionRow));
  panel.querySelector(".note").textContent = next + (older ? " " + plural(older, "older version") + " are kept." : "");
}

function drawModels(models) {
  const rows = models.map((model) => {
    const row = make("tr");
    const name = make("th", "", model.model);
    name.scope = "row";
    row.append(name, make("td", "agent", model.provider));
    const [time, unit] = duration(model.seconds);
    const cost = model.cost ? model.cost.toFixed(2) : "–";
    const counts = [model.requests, model.tokens_in, model.tokens_out].map(number);
    const cells = [...counts, time + " " + unit, cost, number(model.faults)];
    row.append(...cells.map((text) => make("td", "number c-num", text)));
    return row;
  });
  const remedy = "Mine with a vision-language model, and what it took is summed up here.";
  fill("models", "tbody", rows, "No model was asked yet", remedy);
}

async function load() {
  const mine = ++turn;
  const found = await server.measure({}).catch(() => null);
  if (mine !== turn) return;
  if (!found) {
    // without an answer the last one stays; this is seen where there is none yet
    page.querySelector(".reading").textContent = "Curator does not answer. Is `curator ui` still running?";
    return;
  }
  measured = found;
  drawTiles(found);
  drawDays(found.days);
  drawOutcomes(found.outcomes);
  drawReliability(found.reliability);
  drawAssessor(found.assessor);
  drawModels(found.models);
  page.dataset.ready = "true";
}

document.addEventListener("curator:tab", (event) => event.detail === "dashboard" && page.isConnected && load());
const timer = setInterval(() => {
  if (!page.isConnected) clearInterval(timer);
  else if (page.offsetParent && !document.hidden) load();
}, REFRESH_MS);
new ResizeObserver(() => measured && page.offsetParent && drawDays(measured.days)).observe(page);
load();
