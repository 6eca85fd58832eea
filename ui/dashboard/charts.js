// Small charts as SVG nodes; colours and text sizes are in dashboard.css.

const SVG = "http://www.w3.org/2000/svg";

function svg(tag, attributes, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes || {})) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

// A round number of at least `value` that three equal steps divide into round numbers.
function roundTop(value) {
  if (value <= 3) return 3;
  const unit = 10 ** Math.floor(Math.log10(value / 3));
  return 3 * unit * [1, 2, 5, 10].find((factor) => 3 * unit * factor >= value);
}

const dayName = (iso) =>
  new Date(iso + "T00:00:00Z").toLocaleDateString("en", { day: "numeric", month: "short", timeZone: "UTC" });

// One bar a day; `days` is a list of [ISO day, count].
function dayChart(days, width) {
  const [height, left, bottom, top] = [190, 36, 22, 10];
  const most = roundTop(Math.max(...days.map(([, n]) => n)));
  const y = (n) => top + (height - top - bottom) * (1 - n / most);
  const step = (width - left) / days.length;
  const chart = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img" });
  const total = days.reduce((sum, [, n]) => sum + n, 0);
  const figures = total.toLocaleString("en") + (total === 1 ? " figure" : " figures");
  chart.setAttribute("aria-label", figures + " accepted in " + days.length + " days");
  for (const part of [0, 1, 2, 3]) {
    const n = (most * part) / 3;
    chart.append(
      svg("line", { class: part ? "grid" : "base", x1: left, x2: width, y1: y(n), y2: y(n) }),
      svg("text", { class: "tick", x: left - 8, y: y(n) + 4, "text-anchor": "end" }, n.toLocaleString("en")),
    );
  }
  days.forEach(([day, n], index) => {
    const x = left + index * step;
    const bar = svg("g", { class: "bar" });
    bar.append(svg("title", {}, dayName(day) + ": " + n.toLocaleString("en")));
    // the whole column answers the pointer, not only its bar
    bar.append(svg("rect", { class: "column", x, y: top, width: step, height: height - top - bottom }));
    if (n) {
      const gap = Math.min(4, step * 0.2);
      bar.append(svg("rect", { x: x + gap / 2, y: y(n), width: step - gap, height: y(0) - y(n), rx: 2 }));
    }
    chart.append(bar);
    // every seventh day counted back from today, which is named too
    if ((days.length - 1 - index) % 7 === 0) {
      const text = index === days.length - 1 ? "today" : dayName(day);
      chart.append(svg("text", { class: "tick", x: x + step / 2, y: height - 4, "text-anchor": "middle" }, text));
    }
  });
  return chart;
}

// A share between 0 and 1 as a dot on its 95 % interval.
function shareChart(row) {
  const [width, height] = [220, 18];
  const x = (share) => 6 + (width - 12) * share;
  const chart = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img" });
  chart.setAttribute("aria-label", percent(row.share) + ", 95% interval " + interval(row));
  for (const share of [0, 0.5, 1]) {
    chart.append(svg("line", { class: "grid", x1: x(share), x2: x(share), y1: 0, y2: height }));
  }
  chart.append(
    svg("line", { class: "interval", x1: x(row.low), x2: x(row.high), y1: height / 2, y2: height / 2 }),
    svg("circle", { class: "dot", cx: x(row.share), cy: height / 2, r: 4 }),
  );
  return chart;
}

const percent = (share) => (100 * share).toFixed(share > 0.995 && share < 1 ? 1 : 0) + "%";
const interval = (row) => (100 * row.low).toFixed(0) + "–" + percent(row.high);

function duration(seconds) {
  if (seconds < 90) return [seconds.toFixed(seconds < 10 ? 1 : 0), "s"];
  if (seconds < 90 * 60) return [(seconds / 60).toFixed(0), "min"];
  return [(seconds / 3600).toFixed(seconds < 36000 ? 1 : 0), "h"];
}
