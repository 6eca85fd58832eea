// The Loop tab: asks the server when it is shown, and again while the loop goes on.

import { html } from "../editor/dom.js";
import { AskError, ask } from "../train/asking.js";
import { say } from "../train/said.js";
import { Accepting } from "./accepting.js";
import { Again } from "./again.js";
import { Rounds } from "./rounds.js";
import { Standing } from "./standing.js";

const POLL_MS = 1500;
const WAITING_MS = 6000; // nothing goes on here: reviews in other tabs and windows count

export class Loop {
  constructor(place, server) {
    this._place = place;
    this._server = server;
    this._timer = 0;
    this._turn = 0;
    this._away = html("p", { class: "notice bad", role: "alert", hidden: true });
    this._standing = new Standing(server, () => this.open());
    this._rounds = new Rounds();
    this._accepting = new Accepting(server);
    this._again = new Again(server);
    place.append(
      html(
        "div",
        { class: "page" },
        this._away,
        this._standing.node,
        this._rounds.node,
        html("div", { class: "two" }, this._accepting.node, this._again.node),
      ),
    );
    document.addEventListener("curator:tab", (event) => event.detail === "loop" && place.isConnected && this.open());
    document.addEventListener("visibilitychange", () => this._isSeen && this.open());
  }

  get _isSeen() {
    return this._place.isConnected && this._place.offsetParent !== null && !document.hidden;
  }

  async open() {
    await this._look(++this._turn, true);
  }

  async _look(mine, withAccepting) {
    clearTimeout(this._timer);
    let busy = false;
    try {
      const state = await ask(this._server, "loop_state", {});
      if (mine !== this._turn) return;
      this._standing.show(state);
      busy = state.running || this._standing.starting;
      this._rounds.show(state.rounds);
      this._again.show(state.remined, state.ways);
      // assessing changes what could be accepted: looked at anew when the tab opens and when the loop has ended
      if (withAccepting || (this._wasBusy && !busy)) await this._accepting.show();
      this._wasBusy = busy;
      say(this._away, "");
    } catch (error) {
      if (!(error instanceof AskError)) throw error;
      if (mine !== this._turn) return;
      say(this._away, error.message);
    }
    this._place.dataset.ready = "true";
    this._timer = setTimeout(() => mine === this._turn && this._isSeen && this._look(mine, false), busy ? POLL_MS : WAITING_MS);
  }
}

// Starts the tab in its component's element.
export function startLoop(element, server) {
  const loop = new Loop(element.querySelector(".loop"), server);
  if (location.hash.slice(1).split("&")[0] === "loop") loop.open();
}
