// The Team tab: who reviews what, second readings, how far readers agree, and settling what they see differently.

import { html } from "../editor/dom.js";
import { countText } from "../editor/wording.js";
import { AskError, ask } from "../train/asking.js";
import { say } from "../train/said.js";
import { Agreed } from "./agreed.js";
import { Deal } from "./deal.js";
import { People } from "./people.js";
import { Settle } from "./settle.js";
import { Waiting } from "./waiting.js";
import { reviewHref, settledInAddress } from "./where.js";
import { Yours } from "./yours.js";

const POLL_MS = 20_000; // others review meanwhile
const SAID_MS = 6000; // guess: long enough to read a sentence and press its link

export class Team {
  constructor(place, server) {
    this._place = place;
    this._server = server;
    this._turn = 0;
    this._timer = 0;
    this._shown = null;
    this._yours = new Yours({
      begin: (figureId) => this._begin(figureId),
      giveUp: (figureId) => this._do("team_cancel_second", { figure_id: figureId }, () => "Given up: the first reading stands."),
    });
    this._people = new People({
      takeBack: (who) =>
        this._do("team_unassign", { states: ["unmined", "proposed"], assigned_to: who }, ({ figures }) => `${countText(figures, "figure")} taken back.`),
    });
    this._deal = new Deal((request) =>
      this._do("team_assign", request, ({ figures, second }) => `${countText(figures, "figure")} dealt out; ${second.toLocaleString("en")} to be read twice.`),
    );
    this._agreed = new Agreed();
    this._waiting = new Waiting(server, {
      settleAgreeing: () =>
        this._do("team_settle_agreeing", {}, ({ settled, busy }) => `${countText(settled, "figure")} settled${busy ? `; ${busy} left, somebody edits them` : ""}.`),
    });
    this._settle = new Settle(server, {
      say: (...said) => this._say(...said),
      goTo: (href) => (location.hash = href),
      changed: () => this._look(),
    });
    this._away = html("p", { class: "notice bad", role: "alert", hidden: true });
    this._toast = html("p", { class: "toast", role: "status", hidden: true });
    this._overview = html(
      "div",
      { class: "page" },
      this._away,
      html("div", { class: "column" }, this._yours.node, this._people.node, this._deal.node),
      html("div", { class: "column" }, this._waiting.node, this._agreed.node),
    );
    place.append(this._overview, this._settle.node, this._toast);
    window.addEventListener("hashchange", () => this._isSeen && this._route());
    document.addEventListener("curator:tab", (event) => event.detail === "team" && place.isConnected && this.open());
    document.addEventListener("visibilitychange", () => this._isSeen && this.open());
  }

  get _isSeen() {
    return this._place.isConnected && this._place.offsetParent !== null && !document.hidden;
  }

  open() {
    this._shown = null;
    this._compared = null;
    this._route();
  }

  _route() {
    const figureId = settledInAddress() || "";
    if (figureId === this._shown) return;
    this._shown = figureId;
    this._overview.hidden = Boolean(figureId);
    this._settle.node.hidden = !figureId;
    if (figureId) {
      clearTimeout(this._timer);
      this._settle.show(figureId).then(() => (this._place.dataset.ready = "true"));
    } else this._look();
  }

  async _look() {
    const mine = ++this._turn;
    clearTimeout(this._timer);
    try {
      const overview = await ask(this._server, "team_overview", { agreement: false });
      if (mine !== this._turn) return;
      this._draw(overview);
      await this._waiting.show(overview);
      await this._compare(`${overview.to_settle} ${overview.settled}`, mine);
      if (mine === this._turn) say(this._away, "");
    } catch (error) {
      if (!(error instanceof AskError)) throw error;
      if (mine !== this._turn) return;
      say(this._away, error.message);
    }
    this._place.dataset.ready = "true";
    this._timer = setTimeout(() => mine === this._turn && this._isSeen && !this._shown && !this._isHeld && this._look(), POLL_MS);
  }

  // The first time after a start every figure that two have read is compared: what else there is stands already.
  async _compare(readings, mine) {
    if (readings === this._compared) return;
    const { agreement } = await ask(this._server, "team_overview", { agreement: true });
    if (mine !== this._turn) return;
    this._compared = readings;
    this._agreed.show(agreement);
  }

  // What has not changed stays as it is, with what somebody is about to press in it.
  _draw(overview) {
    const seen = JSON.stringify(overview);
    if (seen === this._seen) return;
    this._seen = seen;
    this._yours.show(overview);
    this._people.show(overview);
    this._deal.show(overview);
  }

  // Drawing anew would take what is under somebody's hand.
  get _isHeld() {
    return Boolean(this._overview.querySelector("[data-asked]")) || this._overview.contains(document.activeElement);
  }

  async _begin(figureId) {
    if (await this._do("team_begin_second", { figure_id: figureId }, () => "")) location.hash = reviewHref(figureId);
  }

  async _do(name, request, saying) {
    try {
      const sentence = saying(await ask(this._server, name, request));
      if (sentence) this._say(sentence);
      await this._look();
      return true;
    } catch (error) {
      if (!(error instanceof AskError)) throw error;
      this._say(error.message, "bad");
      return false;
    }
  }

  _say(sentence, tone = "good", href = null) {
    clearTimeout(this._silence);
    this._toast.hidden = false;
    this._toast.dataset.tone = tone;
    this._toast.replaceChildren(html("span", {}, sentence), href ? html("a", { href }, "Open in Review") : "");
    this._silence = setTimeout(() => {
      this._toast.hidden = true;
    }, SAID_MS);
  }
}

// Starts the tab in its component's element.
export function startTeam(element, server) {
  const team = new Team(element.querySelector(".team"), server);
  if (settledInAddress() !== null) team.open();
}
