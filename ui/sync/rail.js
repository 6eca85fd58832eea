// What is connected, whether it is watched, the pass that runs or the last one, and what waits.

import { html } from "../editor/dom.js";
import { countText } from "../editor/wording.js";
import { say } from "../train/said.js";
import { chooseHref, connectionHref, listHref } from "./places.js";
import { isoSeconds, whenText } from "./statuses.js";

export class Rail {
  // `does`: {now(), watch(on), sendNew(on)}
  constructor(does) {
    this._where = html("a", { class: "where", target: "_blank", rel: "noreferrer" });
    this._project = html("span", { class: "soft" });
    this._dot = html("span", { class: "dot", role: "img" });
    this._now = html("button", { type: "button", class: "c-button primary", "data-right": "sync", onclick: does.now });
    this._watch = toggle("Watch", "Keeps in step by itself, also after a restart", (on) => does.watch(on));
    this._new = toggle(
      "New figures go there by themselves",
      "Otherwise only figures that somebody chose, and those that are there",
      (on) => does.sendNew(on),
    );
    this._run = html("div", { class: "run", role: "status" });
    this._bar = html("i");
    this._meter = html("span", { class: "meter" }, this._bar);
    this._line = html("p", {});
    this._detail = html("p", { class: "soft" });
    this._run.append(this._line, this._meter, this._detail);
    this._error = html("p", { class: "notice bad", role: "alert", hidden: true });
    this._warning = html("p", { class: "notice", role: "status", hidden: true });
    this._result = html("dl", { class: "result" });
    this._outbox = html("p", { class: "outbox" });
    this._put = html("i");
    this._putting = html("div", { class: "run", role: "status", hidden: true }, html("p", {}), html("span", { class: "meter" }, this._put));
    this.node = html(
      "aside",
      { class: "rail", "aria-label": "Connection" },
      html("header", {}, this._dot, html("div", {}, this._where, this._project)),
      html("div", { class: "does" }, this._now, this._watch.node),
      this._run,
      this._error,
      this._warning,
      html("section", {}, html("h3", {}, "Last pass"), this._result),
      html("section", {}, html("h3", {}, "Outbox"), this._outbox, this._putting),
      html(
        "section",
        { class: "choice" },
        html("h3", {}, "What goes there"),
        this._new.node,
        html("a", { class: "c-button", href: chooseHref, "data-right": "sync" }, "Choose figures…"),
      ),
      html(
        "div",
        { class: "foot" },
        html("a", { class: "c-button", href: connectionHref, "data-right": "sync" }, "Connection…"),
      ),
    );
  }

  show(state) {
    const { connected, running, last, failure, watching, outbox } = state;
    this._where.textContent = connected.url.replace(/^https?:\/\//, "");
    this._where.href = `${connected.url}/projects/${connected.project_id}/data`;
    this._project.textContent = `project ${connected.project_id}, since ${dayText(connected.at)}`;
    const tone = failure && !running ? "bad" : watching || running ? "ok" : "off";
    this._dot.dataset.tone = tone;
    this._dot.setAttribute("aria-label", { bad: "not in reach", ok: "in step", off: "not watched" }[tone]);
    this._now.disabled = Boolean(running);
    this._now.textContent = failure && !running ? "Try now" : "Sync now";
    this._watch.show(watching);
    this._new.show(connected.sends_new);
    this._showRun(state);
    say(this._error, failure && !running ? failure.message : "");
    say(this._warning, state.not_called);
    this._showPicking(state.picking);
    this._showLast(last);
    const { count, since } = outbox;
    this._outbox.replaceChildren(
      ...(count
        ? [html("a", { href: listHref("waiting") }, countText(count, "figure")), ` ${count === 1 ? "waits" : "wait"} to go`]
        : ["Nothing waits to go"]),
      ...(count && since ? [html("span", { class: "soft" }, `the oldest since ${whenText(isoSeconds(since))}`)] : []),
    );
  }

  _showRun({ running, next_at, watching, waiting, outbox }) {
    this._run.dataset.running = String(Boolean(running));
    this._meter.hidden = !running;
    if (running) {
      const { done } = running;
      this._line.textContent = done ? countText(done, "figure") + " done" : "Reading what changed there";
      this._detail.textContent = running.figure_id;
      this._bar.style.width = `${done ? Math.max(3, (100 * done) / (done + outbox.count)) : 3}%`;
      return;
    }
    this._detail.textContent = "";
    if (waiting) this._line.textContent = "A pass begins";
    else if (watching && next_at !== null) this._line.textContent = `Next pass ${whenText(next_at)}`;
    else this._line.textContent = "Not watched: changes wait until somebody syncs";
  }

  _showPicking(picking) {
    this._putting.hidden = !picking;
    if (!picking) return;
    const { what, done, total, error } = picking;
    const name = what === "send" ? "Putting in the outbox" : "Leaving out";
    const far = `${done.toLocaleString("en")} of ${total.toLocaleString("en")}`;
    this._putting.firstChild.textContent = error ? `${name} ended at ${far}: ${error}` : `${name}: ${far}`;
    this._putting.dataset.running = String(!error);
    this._put.style.width = `${Math.max(3, (100 * done) / total)}%`;
  }

  _showLast(last) {
    if (!last) {
      this._result.replaceChildren(html("dd", { class: "soft" }, "none since Curator started"));
      return;
    }
    const rows = [
      ["sent", last.sent, last.made ? `${last.made.toLocaleString("en")} new there` : ""],
      ["taken in", last.taken_in, ""],
      ["conflicts", last.conflicts, ""],
      ["wait for who edits here", last.held, ""],
      ["failed", last.failed, ""],
      ["second tasks there", last.doubles, "delete them there"],
    ].filter(([, count], index) => count || index < 2);
    this._result.replaceChildren(
      html("dt", {}, "when"),
      html("dd", {}, last.seconds < 0.1 ? whenText(last.at) : `${whenText(last.at)}, took ${last.seconds.toFixed(1)} s`),
      ...rows.flatMap(([name, count, note]) => [
        html("dt", {}, name),
        html("dd", {}, html("b", { class: "c-num" }, count.toLocaleString("en")), note && html("span", { class: "soft" }, note)),
      ]),
    );
  }
}

const dayText = (iso) => new Date(iso).toLocaleDateString(undefined, { day: "numeric", month: "short", year: "numeric" });

// A switch with a name; `changed(on)` is asked, and the answer of the server shown.
function toggle(name, title, changed) {
  const input = html("input", {
    type: "checkbox",
    role: "switch",
    "data-right": "sync",
    onchange: () => changed(input.checked),
  });
  const node = html("label", { class: "switch", title }, input, html("span", {}, name));
  return {
    node,
    show(on) {
      input.checked = on;
    },
  };
}
