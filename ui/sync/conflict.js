// One figure's conflicts: what both sides had agreed on, what each made of it, and which stays. What was decided stands
// below what is open, with both versions, and can be decided again.

import { html, isTyping } from "../editor/dom.js";
import { countText, timeText } from "../editor/wording.js";
import { AskError, ask } from "../train/asking.js";
import { say } from "../train/said.js";
import { conflictHref, listHref, reviewHref } from "./places.js";
import { drawVersion, viewOf } from "./pictures.js";
import { changedFields, fieldsOf, isGone, titleOf, wordsSince } from "./versions.js";

const LONG = new Set(["caption", "clause", "summary", "description", "for all, before", "for all, after", "reason", "label"]);

export class Conflict {
  // `does`: {say(sentence, tone, {href, text}), decided(), goTo(href)}
  constructor(server, does) {
    this._server = server;
    this._does = does;
    this._turn = 0;
    this._answer = null;
    this._at = 0;
    this._whole = false;
    this._busy = false;
    this._name = html("h2", {});
    this._id = html("span", { class: "soft" });
    this._links = html("span", { class: "links" });
    this._all = html("div", { class: "all" });
    this._list = html("ol", { "aria-label": "Conflicts of this figure" });
    this._more = html("button", { type: "button", class: "c-button more", hidden: true, onclick: () => this._readMore() });
    this._past = html("ol", { "aria-label": "Conflicts of this figure that were decided" });
    this._pastName = html("h3", {}, "Decided");
    this._sides = html("div", { class: "sides" });
    this._table = html("div", { class: "fields" });
    this._keys = html("p", { class: "soft keys" });
    this._away = html("p", { class: "notice bad", role: "alert", hidden: true });
    this._body = html(
      "div",
      { class: "odds" },
      html("nav", { class: "of" }, this._list, this._more, this._pastName, this._past, this._all),
      html("div", { class: "versions" }, this._sides, this._table, this._keys),
    );
    this.node = html(
      "div",
      { class: "page conflict" },
      html("header", {}, html("a", { class: "c-button", href: listHref("conflict"), title: "All conflicts" }, "‹ Conflicts"), this._name, this._id, html("span", { class: "grow" }), this._links),
      this._away,
      this._body,
    );
    for (const [key, text] of [
      ["o", "keep Curator’s"],
      ["t", "keep Label Studio’s"],
      ["n", "next"],
      ["p", "previous"],
      ["f", "whole figure"],
    ]) {
      this._keys.append(html("kbd", {}, key), ` ${text}   `);
    }
    document.addEventListener("keydown", (event) => this._pressed(event));
  }

  get figureId() {
    return this._answer && this._answer.figure.id;
  }

  async show(figureId) {
    const mine = ++this._turn;
    let answer;
    try {
      answer = await ask(this._server, "sync_conflict", { figure_id: figureId });
    } catch (error) {
      if (!(error instanceof AskError)) throw error;
      if (mine !== this._turn) return;
      this._body.hidden = true;
      say(this._away, error.message);
      return;
    }
    if (mine !== this._turn) return;
    const again = this.figureId === figureId;
    const before = again ? this._shown : undefined;
    this._answer = answer;
    const found = before ? this._items.findIndex((one) => one.key === before.key && isDecided(one) === isDecided(before)) : -1;
    this._at = Math.max(0, found >= 0 ? found : Math.min(this._at, answer.conflicts.length - 1));
    if (!again) this._at = 0;
    say(this._away, "");
    this._draw();
  }

  // Some hundred come at a time.
  async _readMore() {
    const { figure, conflicts } = this._answer;
    const mine = this._turn;
    try {
      const next = await ask(this._server, "sync_conflict", { figure_id: figure.id, offset: conflicts.length });
      if (mine !== this._turn) return;
      this._answer = { ...next, conflicts: [...conflicts, ...next.conflicts] };
      this._draw();
    } catch (error) {
      if (!(error instanceof AskError)) throw error;
      say(this._away, error.message);
    }
  }

  // What is open, then what was decided.
  get _items() {
    return this._answer ? [...this._answer.conflicts, ...this._answer.decisions] : [];
  }

  get _shown() {
    return this._items[this._at];
  }

  _draw() {
    const { figure, item, conflicts, decisions, total } = this._answer;
    this._name.textContent = figure.label || figure.id;
    this._id.textContent = figure.label ? figure.id : "";
    this._links.replaceChildren(
      html("a", { href: reviewHref(figure.id, this._shown && this._shown.kind === "node" ? this._shown.key : null) }, "Review"),
      item && item.task_url
        ? html("a", { href: item.task_url, target: "_blank", rel: "noreferrer" }, "Label Studio ↗")
        : "",
    );
    this._body.hidden = !this._shown;
    this._away.className = conflicts.length ? "notice bad" : "notice";
    if (!conflicts.length) say(this._away, "This figure has no open conflict.");
    if (!this._shown) return;
    const entry = (conflict, index) => {
      const open = html("button", { type: "button", onclick: () => this._go(index) }, titleOf(conflict), html("small", {}, whatOf(conflict)));
      if (index === this._at) open.setAttribute("aria-current", "true");
      return html("li", {}, open);
    };
    this._list.hidden = !conflicts.length;
    this._list.replaceChildren(...conflicts.map(entry));
    this._more.hidden = conflicts.length >= total;
    this._more.textContent = `${(total - conflicts.length).toLocaleString("en")} more`;
    this._past.hidden = this._pastName.hidden = !decisions.length;
    this._past.replaceChildren(...decisions.map((decision, index) => entry(decision, conflicts.length + index)));
    this._all.hidden = total < 2;
    this._all.replaceChildren(
      html("span", { class: "soft" }, `All ${total.toLocaleString("en")} of this figure`),
      html("button", { type: "button", class: "c-button", "data-right": "sync", title: "Shift+O", onclick: () => this._keep("ours", null) }, "Keep Curator’s"),
      html("button", { type: "button", class: "c-button", "data-right": "sync", title: "Shift+T", onclick: () => this._keep("theirs", null) }, "Keep Label Studio’s"),
    );
    this._drawShown();
  }

  _drawShown() {
    const { figure, nodes, ours } = this._answer;
    const shown = this._shown;
    const { kind, key } = shown;
    const isWhole = kind === "gone" || kind === "overwritten";
    const boxes = kind === "node" ? [shown.base, shown.ours, shown.theirs].filter(Boolean).map((node) => node.box_xyxy) : [];
    const view = viewOf(figure, boxes, this._whole);
    const others = nodes.filter((node) => node.id !== key);
    const column = (side, name, said, button) => {
      const version = isWhole ? null : shown[side];
      const picture =
        kind === "node"
          ? drawVersion(figure, view, { node: version, before: side === "base" ? null : shown.base, nodes: others, tone: side })
          : html("div", { class: "plain" }, html("p", {}, plainText(shown, side, figure.caption)));
      const why = side === "base" ? "was not there" : "deleted";
      return html(
        "section",
        { "data-side": side },
        html("header", {}, html("b", {}, name), html("span", { class: "soft", title: said }, said)),
        html("div", { class: "frame" }, picture, kind === "node" && isGone(version) && html("span", { class: "gone" }, why)),
        button,
      );
    };
    const keep = (side, text, letter) =>
      isDecided(shown) && shown.keep === side
        ? html("span", { class: "keep kept" }, `Kept by ${shown.by}`)
        : html(
            "button",
            { type: "button", class: "c-button keep", "data-right": "sync", onclick: () => this._keep(side, key) },
            text,
            html("kbd", {}, letter),
          );
    const keeping = isDecided(shown) ? "Keep this after all" : "Keep this";
    const when = isDecided(shown) ? `decided ${timeText(shown.at)}` : `found ${timeText(shown.found_at)}`;
    const here = isDecided(shown) ? "as it was here" : ours ? `${ours.who}, ${timeText(ours.at)}` : "here";
    const sides = [];
    if (!isWhole) sides.push(column("base", "Before", "as both had it", html("span", { class: "keep soft" }, "")));
    if (kind === "overwritten") sides.push(column("ours", "Label Studio", when, keep("ours", "I have seen it", "o")));
    else
      sides.push(
        column("ours", "Curator", here, keep("ours", kind === "gone" ? "Send it again" : keeping, "o")),
        column("theirs", "Label Studio", shown.who ? `${shown.who}, ${when}` : when, keep("theirs", kind === "gone" ? "Leave it out" : keeping, "t")),
      );
    this._sides.dataset.columns = String(sides.length);
    this._sides.replaceChildren(...sides);
    this._drawFields(shown, figure.caption);
  }

  _drawFields(shown, caption) {
    this._table.hidden = shown.kind === "gone" || shown.kind === "overwritten";
    if (this._table.hidden) return;
    const [base, ours, theirs] = ["base", "ours", "theirs"].map((side) => fieldsOf(shown.kind, shown[side], caption));
    const names = changedFields([base, ours, theirs]).filter((name) => name !== "outline" || base || ours || theirs);
    const cell = (fields, name, side) => {
      if (fields === null) return html("td", { class: "none" }, side === "base" ? "was not there" : "deleted");
      const text = fields[name] ?? "";
      if (name === "outline") return html("td", {}, text ? countText(text.split(" ").length, "point") : "none");
      if (side === "base" || base === null) return html("td", {}, text || html("i", {}, "none"));
      const before = base[name] ?? "";
      if (before === text) return html("td", { class: "same" }, text || html("i", {}, "none"));
      if (!LONG.has(name)) return html("td", {}, html("ins", {}, text || "none"));
      return html(
        "td",
        {},
        ...wordsSince(before, text).map(([part, what]) =>
          what === "same" ? part : html(what === "new" ? "ins" : "del", {}, part),
        ),
      );
    };
    this._table.replaceChildren(
      html(
        "table",
        {},
        html("thead", {}, html("tr", {}, html("th", {}), html("th", {}, "Before"), html("th", {}, "Curator"), html("th", {}, "Label Studio"))),
        html(
          "tbody",
          {},
          ...names.map((name) =>
            html("tr", { "data-field": name }, html("th", { scope: "row" }, name), cell(base, name, "base"), cell(ours, name, "ours"), cell(theirs, name, "theirs")),
          ),
        ),
      ),
    );
  }

  _go(index) {
    this._at = index;
    this._draw();
  }

  // To the next or previous conflict, over the edge of the figure to another one's.
  async _step(by) {
    const at = this._at + by;
    const open = this._answer.conflicts.length;
    const [first, last] = isDecided(this._shown) ? [open, this._items.length - 1] : [0, open - 1];
    if (at >= first && at <= last) {
      this._go(at);
      return;
    }
    if (by > 0 && at === open && open < this._answer.total) {
      await this._readMore();
      this._go(Math.min(at, this._answer.conflicts.length - 1));
      return;
    }
    const next = await this._neighbour(by);
    if (next) this._does.goTo(conflictHref(next));
  }

  async _neighbour(by) {
    const figureId = this.figureId;
    try {
      const { items } = await ask(this._server, "sync_figures", { status: "conflict", limit: 200 });
      const ids = items.map((item) => item.figure_id);
      const here = ids.indexOf(figureId);
      const others = ids.filter((id) => id !== figureId);
      if (!others.length) return null;
      if (here < 0) return others[0];
      return ids[(here + by + ids.length) % ids.length];
    } catch (error) {
      if (!(error instanceof AskError)) throw error;
      this._does.say(error.message, "bad");
      return null;
    }
  }

  async _keep(side, key) {
    if (this._busy) return;
    this._busy = true;
    const figureId = this.figureId;
    try {
      if (key !== null && isDecided(this._shown)) {
        await ask(this._server, "sync_decide_again", { id: this._shown.id, keep: side });
        this._does.say(`${side === "ours" ? "Curator’s" : "Label Studio’s"} version stays after all; undo in Review.`, "good", {
          href: reviewHref(figureId),
          text: "Open in Review",
        });
        await this.show(figureId);
        this._does.decided();
        return;
      }
      const seen = this._shown.kind === "overwritten" && (key !== null || this._answer.total === 1);
      const { decided, left } = await ask(this._server, "sync_resolve", { figure_id: figureId, keep: side, key });
      const whose = side === "ours" ? "Curator’s" : "Label Studio’s";
      const what = decided === 1 ? `${whose} version stays` : `${whose} versions of ${decided} stay`;
      if (!seen)
        this._does.say(`${what}${side === "theirs" ? "" : "; the next pass writes it there"}.`, "good", {
          href: conflictHref(figureId),
          text: "Decide again",
        });
      if (left) await this.show(figureId);
      else {
        const next = await this._neighbour(1);
        this._does.goTo(next ? conflictHref(next) : listHref("conflict"));
      }
      this._does.decided();
    } catch (error) {
      if (!(error instanceof AskError)) throw error;
      say(this._away, error.message);
    } finally {
      this._busy = false;
    }
  }

  _pressed(event) {
    if (!this.node.isConnected || this.node.offsetParent === null || isTyping(event.target)) return;
    if (event.ctrlKey || event.metaKey || event.altKey || !this._shown) return;
    const does = {
      o: () => this._keep("ours", this._shown.key),
      t: () => this._keep("theirs", this._shown.key),
      O: () => this._keep("ours", null),
      T: () => this._keep("theirs", null),
      n: () => this._step(1),
      p: () => this._step(-1),
      f: () => {
        this._whole = !this._whole;
        this._drawShown();
      },
    }[event.key];
    if (!does) return;
    event.preventDefault();
    does();
  }
}

const isDecided = (one) => one.keep !== undefined;

function whatOf({ kind, base, ours, theirs, keep, by }) {
  if (keep !== undefined) return `${keep === "ours" ? "Curator’s" : "Label Studio’s"} kept by ${by}`;
  if (kind === "overwritten") return "look at it there";
  if (kind === "gone") return "send it again, or leave it out";
  if (kind !== "node") return "changed on both sides";
  if (isGone(ours) !== isGone(theirs)) return isGone(ours) ? "deleted here, changed there" : "changed here, deleted there";
  return base ? "changed on both sides" : "made on both sides";
}

function plainText({ kind, key, ...sides }, side, caption) {
  if (kind === "overwritten")
    return (
      "Somebody saved this figure in Label Studio in the very moment in which Curator wrote it there, and Label Studio " +
      "keeps only one of the two: what they saved then is not there any more. Look at the figure there, or ask them; " +
      "their open page may still show it."
    );
  if (kind === "gone") {
    if (side === "ours") return key === "task" ? "The figure is sent there again, as a new task." : "What was decided here is written there again.";
    return "The figure is left out from now on: nothing of it is sent or read. Here it stays as it is.";
  }
  const fields = fieldsOf(kind, sides[side], caption);
  return fields === null ? "none" : Object.values(fields).filter(Boolean).join(" · ") || "nothing";
}
