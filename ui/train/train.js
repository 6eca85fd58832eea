// The Train tab: follows the address, asks the server, and asks again while what it shows can still change.

import { html } from "../editor/dom.js";
import { AskError, ask } from "./asking.js";
import { compareHref, goTo, newHref, readAddress, runHref } from "./address.js";
import { ComparePage } from "./compare_page.js";
import { History } from "./history.js";
import { NewRun } from "./new_run.js";
import { RunList } from "./run_list.js";
import { RunPage } from "./run_page.js";
import { say } from "./said.js";
import { isMoving } from "./states.js";

const POLL_MS = 1000;
const LIST_MS = 5000; // runs that are not shown change in the list alone

export class Train {
  constructor(place, server) {
    this._place = place;
    this._server = server;
    this._overview = null;
    this._known = new Map(); // name -> {answer, history} of the runs that are shown
    this._turn = 0;
    this._listed = 0;
    this._timer = 0;
    this._list = new RunList();
    this._new = new NewRun(server, (run) => this._went(run));
    this._run = new RunPage(server, (run) => this._went(run), () => goTo(newHref));
    this._compare = new ComparePage();
    this._away = html("p", { class: "notice bad away", role: "alert", hidden: true });
    this._main = html("div", { class: "main", tabindex: "-1" });
    place.append(this._list.node, html("div", { class: "stage" }, this._away, this._main));
    const inTab = () => place.isConnected && readAddress() !== null;
    window.addEventListener("hashchange", () => inTab() && this.open());
    document.addEventListener("curator:tab", (event) => event.detail === "train" && place.isConnected && this.open());
    document.addEventListener("visibilitychange", () => this._isSeen && this.open());
    new ResizeObserver(() => this._isSeen && this._redraw()).observe(this._main);
  }

  // Reads everything anew and shows what the address names.
  async open() {
    const mine = ++this._turn;
    clearTimeout(this._timer);
    this._place.dataset.ready = "false";
    this._known.clear();
    this._fresh = true;
    await this._look(mine, true);
  }

  get _isSeen() {
    return this._place.isConnected && this._place.offsetParent !== null && !document.hidden;
  }

  // What the address names, once the runs are known: the newest run where it names none.
  get _view() {
    const { view, names } = readAddress() || { view: "newest", names: [] };
    const runs = this._overview.runs.map((run) => run.name);
    if (view === "newest") return runs.length ? { view: "run", names: [runs[0]] } : { view: "new", names: [] };
    const there = names.filter((name) => runs.includes(name));
    if (there.length < names.length) return { view: "missing", names: names.filter((name) => !there.includes(name)) };
    return { view, names };
  }

  async _look(mine, withList) {
    try {
      if (withList) {
        this._overview = await ask(this._server, "train_overview", {});
        this._listed = Date.now();
      }
      if (mine !== this._turn) return;
      const { view, names } = this._view;
      const shown = view === "run" || view === "compare" ? names : [];
      await Promise.all(shown.map((name) => this._read(name)));
      if (mine !== this._turn) return;
      say(this._away, "");
      this._draw(view, names);
    } catch (error) {
      if (!(error instanceof AskError)) throw error;
      if (mine !== this._turn) return;
      say(this._away, error.message);
    }
    this._place.dataset.ready = "true";
    this._wait(mine);
  }

  async _read(name) {
    const known = this._known.get(name) || { history: new History() };
    let answer = await ask(this._server, "train_run", { name, after_step: known.history.afterStep });
    if (!known.history.merge(answer)) {
      answer = await ask(this._server, "train_run", { name, after_step: -1 });
      known.history.merge(answer);
    }
    this._known.set(name, { answer, history: known.history });
    const runs = this._overview.runs;
    const index = runs.findIndex((run) => run.name === name);
    if (index >= 0) runs[index] = answer.run;
  }

  // Asks again while a run can change and somebody looks; a lost server is asked again too.
  _wait(mine) {
    clearTimeout(this._timer);
    const lost = !this._away.hidden;
    const shownMoves = [...this._known.values()].some(({ answer }) => isMoving(answer.run));
    const moving = this._overview !== null && this._overview.runs.some(isMoving);
    if (!lost && !moving) return;
    this._timer = setTimeout(
      () => {
        // what is not seen is not asked for: `open` begins again once it is
        if (mine === this._turn && this._isSeen) this._look(mine, lost || Date.now() - this._listed >= LIST_MS);
      },
      lost || shownMoves ? POLL_MS : LIST_MS,
    );
  }

  _draw(view, names) {
    const { runs } = this._overview;
    this._list.show(runs, view === "run" || view === "compare" ? names : [], view === "new");
    if (view === "compare" && this._compared !== compareHref(names)) this._list.pick(names);
    this._compared = view === "compare" ? compareHref(names) : null;
    if (view === "new") {
      this._put(this._new.node);
      if (this._fresh) this._new.show(this._overview);
    } else if (view === "run") {
      this._put(this._run.node);
      const { answer, history } = this._known.get(names[0]);
      this._run.show(answer, history);
    } else if (view === "compare") {
      this._put(this._compare.node);
      this._compare.show(names.map((name) => this._known.get(name)));
    } else {
      this._put(missing(names));
    }
    this._fresh = false;
  }

  _put(node) {
    if (this._main.firstChild === node) return;
    const held = this._main.contains(document.activeElement);
    this._main.replaceChildren(node);
    this._main.scrollTop = 0;
    if (held) this._main.focus(); // what had the keyboard is gone
  }

  // A run was started, or something was done to it: shows it.
  _went(run) {
    const href = runHref(run.name);
    if (location.hash === href) this.open();
    else goTo(href);
  }

  _redraw() {
    const shown = this._main.firstChild;
    if (shown === this._run.node) this._run.redraw();
    else if (shown === this._compare.node) this._compare.redraw();
  }
}

function missing(names) {
  return html(
    "div",
    { class: "c-empty" },
    html("strong", {}, "No such run"),
    html("span", {}, `${names.join(", ")}: it was removed, or the address was typed wrong.`),
  );
}

// Starts the tab in its component's element.
export function startTrain(element, server) {
  const train = new Train(element.querySelector(".train"), server);
  if (readAddress()) train.open();
}
