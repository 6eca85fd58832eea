// Reliability diagrams: one a level and agent, how often proposals were right against how sure their agent was.

const SERIES = [
  ["said", "as the agent said"],
  ["calibrated", "as calibrated on other figures"],
];
const ASSESSED = [...SERIES, ["assessed", "as assessed on other figures"]];
// twice as many proposals, twice the dot's area; the smallest can still be pointed at
const dotRadius = (n, most) => Math.max(2.5, 7 * Math.sqrt(n / most));

function reliabilityChart(source, series, [width, height] = [236, 208]) {
  const [left, bottom, top, right] = [46, 34, 8, 14];
  const x = (share) => left + (width - left - right) * share;
  const y = (share) => top + (height - top - bottom) * (1 - share);
  const chart = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img" });
  const name = [source.level, source.agent, source.model].filter(Boolean).join(", ");
  const errors = series.map(([name, words]) => source[name].error.toFixed(2) + " " + words).join(", ");
  chart.setAttribute("aria-label", name + ": calibration error " + errors);
  for (const share of [0, 0.5, 1]) {
    const line = share ? "grid" : "base";
    chart.append(
      svg("line", { class: line, x1: x(0), x2: x(1), y1: y(share), y2: y(share) }),
      svg("line", { class: line, x1: x(share), x2: x(share), y1: y(0), y2: y(1) }),
      svg("text", { class: "tick", x: left - 6, y: y(share) + 4, "text-anchor": "end" }, 100 * share),
      svg("text", { class: "tick", x: x(share), y: y(0) + 15, "text-anchor": "middle" }, 100 * share),
    );
  }
  chart.append(
    svg("text", { class: "tick", x: x(0.5), y: height - 3, "text-anchor": "middle" }, "confidence, %"),
    svg("text", { class: "tick", transform: `translate(10 ${y(0.5)}) rotate(-90)`, "text-anchor": "middle" }, "right, %"),
    svg("line", { class: "diagonal", x1: x(0), y1: y(0), x2: x(1), y2: y(1) }),
  );
  for (const [shown, words] of series) {
    const { bins } = source[shown];
    const group = svg("g", { class: shown });
    const most = Math.max(...bins.map((bin) => bin.n));
    for (const bin of bins) {
      const [cx, cy] = [x(bin.expected), y(bin.share)];
      const node = svg("g", { class: "bin" });
      const found = percent(bin.share) + " of " + bin.n.toLocaleString("en") + " right";
      node.append(
        svg("title", {}, percent(bin.expected) + " " + words + ": " + found + ", 95% interval " + interval(bin)),
        svg("line", { class: "whisker", x1: cx, x2: cx, y1: y(bin.low), y2: y(bin.high) }),
        svg("circle", { cx, cy, r: dotRadius(bin.n, most) }),
      );
      group.append(node);
    }
    chart.append(group);
  }
  return chart;
}

function reliabilityCard(source) {
  const card = make("figure", "reliability-card");
  const title = make("figcaption");
  const agent = source.agent + (source.model ? " · " + source.model : "");
  title.append(make("b", "", source.level), " ", make("span", "agent", agent));
  title.title = agent;
  const note = make("p", "errors");
  const [before, after] = SERIES.map(([series]) => make("b", "", source[series].error.toFixed(2)));
  note.append("error ", before, " → ", after, ", " + source.n.toLocaleString("en") + " decided");
  note.title = "Expected calibration error, " + SERIES.map(([, words]) => words).join(" and ");
  card.append(title, reliabilityChart(source, SERIES), note);
  return card;
}

// The diagram and, beside it, the calibration error of each way.
function assessorCard(diagram) {
  const card = make("figure", "reliability-card");
  const list = make("dl", "errors");
  for (const [shown, words] of ASSESSED) {
    const row = make("div", shown);
    row.append(make("dt", "", words), make("dd", "c-num", diagram[shown].error.toFixed(3)));
    list.append(row);
  }
  list.title = "Expected calibration error";
  card.append(reliabilityChart({ level: "all levels", ...diagram }, ASSESSED, [340, 280]), list);
  return card;
}

function versionRow(version) {
  const row = make("tr");
  const name = make("th", "c-num", String(version.id));
  name.scope = "row";
  const when = make("td", "agent", version.at.slice(0, 16).replace("T", " "));
  when.title = "UTC";
  const error = version.error === null ? "–" : version.error.toFixed(3);
  const counts = [version.decisions, version.figures].map((n) => (n === null ? "–" : n.toLocaleString("en")));
  row.append(name, when, ...[...counts, error].map((text) => make("td", "number c-num", text)));
  return row;
}
