// The review screen: makes the parts, and says what each action does.

import { html, isTyping } from "./dom.js";
import { parentIdOf, childrenOf, nodeOf } from "./figure.js";
import { refusal } from "./commands.js";
import { LEVELS, State } from "./state.js";
import { CallError } from "./calls.js";
import { Figures } from "./figures.js";
import { Saving } from "./saving.js";
import { Canvas } from "./canvas.js";
import { Pointer } from "./pointer.js";
import { InPlace } from "./inplace.js";
import { Caption } from "./caption.js";
import { Tree } from "./tree.js";
import { Fields } from "./fields.js";
import { Queue } from "./queue.js";
import { Bulk, CheatSheet, Messages, SkipDialog } from "./dialogs.js";
import { Nudge } from "./nudge.js";
import { Segment } from "./segment.js";
import { Snap } from "./snap.js";
import { Keys } from "./keys.js";
import { Status } from "./status.js";
import { readAddress, similarHref, writeAddress } from "./address.js";
import { Toolbar } from "./toolbar.js";
import { Agents } from "./agents.js";
import { Beside } from "./beside.js";
import { actionTable } from "./actions.js";

const ZOOM_STEP = 1.25;

export class Review {
  constructor(root, server) {
    this.root = root;
    this.state = new State();
    this._figures = new Figures(server);
    this.saving = new Saving(root, server, this.state, this._figures, {
      settle: () => this.nudge.commit(),
      listed: (figure) => this.queue.update(figure),
      changed: () => this.status.draw(),
      say: (...message) => this.messages.show(...message),
      cannot: (error, again) => this._cannot(error, again),
      open: (id) => this.open(id),
    });
    this._opening = null;
    this._wantedNode = null;
    this.edit = (commands) => this.saving.edit("commands", commands);
    this._compose(server);
    this._listen();
  }

  _compose(server) {
    const { state } = this;
    this.canvas = new Canvas(state, this._figures);
    this.pointer = new Pointer(state, this.canvas, this.edit);
    this.nudge = new Nudge(state, this.canvas, this.edit);
    this.inplace = new InPlace(state, this.canvas, this.edit);
    this.caption = new Caption(state, this.edit);
    this.messages = new Messages();
    const say = (...message) => this.messages.show(...message);
    const markerKind = () => this.pointer.markerKind;
    this.segment = new Segment(state, this.canvas, server, { edit: this.edit, say, markerKind });
    this.pointer.pointed = (what) => this.segment.pointed(what);
    this.snap = new Snap(state, this.canvas, server, { edit: this.edit, say });
    this.bulk = new Bulk(state, this.edit, this.snap);
    this.skipDialog = new SkipDialog((reason) => this._close({ op: "judge_figure", state: "skipped", reason }));
    const actions = {
      edit: this.edit,
      select: (id) => this.select(id),
      judge: (id, value) => this.judge(id, value),
      remove: (id) => this.remove(id),
      findSimilar: (id) => this.findSimilar(id),
      editCaption: (id) => this.editCaption(id),
      focusCanvas: () => this.canvas.element.focus({ preventScroll: true }),
      open: (id) => this.open(id),
      openQueue: (filter, options) => this.openQueue(filter, null, options),
    };
    this.tree = new Tree(state, actions);
    this.fields = new Fields(state, actions);
    this.queue = new Queue(server, actions);
    this.toolbar = new Toolbar(state, this.canvas, {
      undo: () => this.saving.undo(),
      redo: () => this.saving.redo(),
      previous: () => this.go(-1),
      next: () => this.go(1),
      zoom: (factor) => this.zoom(factor),
      fit: () => this.fit(),
      bulk: () => this.bulk.toggle(),
      skip: () => this.skip(),
      acceptFigure: () => this.acceptFigure(),
      agents: () => this.agents.toggle(),
      trace: () => this.agents.toggleTrace(),
      help: () => this.cheatSheet.open(),
    });
    this.keys = new Keys(this.root, actionTable(this), {
      number: (number) => this.tree.selectNumber(number),
      space: (held) => this._space(held),
    });
    this.cheatSheet = new CheatSheet(this.keys);
    this.status = new Status(this.root, state, this.saving.outbox, {
      takeOver: () => this.saving.takeOver(),
      discard: () => this.saving.discard(state.figure.id),
    });
    this.beside = new Beside(server, state);
    this.agents = new Agents(server, state, this.canvas, {
      adopt: (miningId, levels) => this.saving.edit("adopt", [], { mining_id: miningId, levels }),
      say: (...message) => this.messages.show(...message),
      figures: this._figures,
    });
    const views = html("div", { class: "rv-views" }, this.canvas.element, this.agents.compare.right);
    const centre = html("div", { class: "rv-centre" }, this.status.banner, views, this.caption.element);
    this.canvas.element.append(this.bulk.element, this.messages.element, this.segment.hint);
    this.root.replaceChildren(
      this.toolbar.element,
      this.queue.element,
      centre,
      html("div", { class: "rv-right" }, this.tree.element, this.fields.element),
      ...this.agents.elements,
      this.skipDialog.element,
      this.cheatSheet.element,
    );
    this.canvas.onView = () => {
      this.toolbar.drawZoom();
      this.agents.compare.moved();
    };
  }

  _listen() {
    addEventListener("hashchange", () => this._follow());
    document.addEventListener("curator:tab", (event) => {
      if (event.detail === "review" && !this.state.figure) this.openQueue(null, null);
    });
    this.root.addEventListener("mousedown", (event) => this._keepFocus(event));
    addEventListener("beforeunload", (event) => this.saving.outbox.waiting && event.preventDefault());
    this.state.on(["selectedId"], () => this.caption.reveal());
    this.state.on(["selectedId", "figure"], () => this._describe());
  }

  // A button pressed with the pointer does not take the focus, so that Enter and the other keys keep their meaning; a
  // field loses it, so that what was typed is saved first.
  _keepFocus(event) {
    if (!event.target.closest("button") || event.target.closest("dialog, .rv-bulk")) return;
    event.preventDefault();
    if (isTyping(document.activeElement)) this.canvas.element.focus({ preventScroll: true });
  }

  // Opens what the address names, or the head of the queue.
  async start() {
    this.status.draw();
    this.saving.start();
    this.agents.start();
    await this._follow();
  }

  async _follow() {
    const wanted = readAddress();
    if (wanted.elsewhere) return; // another tab is shown: no figure is leased before this one is
    this._wantedNode = wanted.nodeId;
    if (wanted.filter || !this.state.figure) await this.openQueue(wanted.filter, wanted.figureId);
    else if (wanted.figureId) await this.open(wanted.figureId);
  }

  // Lists another queue and opens its first figure (or `figureId`).
  async openQueue(filter, figureId, { keepFocus = false } = {}) {
    try {
      const first = await this.queue.open(filter, figureId);
      if (first === undefined) return;
      const id = figureId || first;
      if (id) await this.open(id);
      else this._empty();
      if (!keepFocus) this.canvas.element.focus({ preventScroll: true });
    } catch (error) {
      this._cannot(error, () => this.openQueue(filter, figureId));
    }
  }

  _empty() {
    this.root.dataset.ready = "empty";
    const text = "No figure is in this list. Choose another, or bring more in: curator ingest SOURCE, then curator mine.";
    if (this.state.figure) this.messages.show(text);
    else this.canvas.say(text);
  }

  // Shows a figure: at once where it is known, and again where the server knows better.
  async open(id) {
    if (this._opening === id) return;
    this._opening = id;
    const began = performance.now();
    this.bulk.close();
    this.inplace.close(true);
    this.nudge.commit();
    try {
      const figure = this._figures.known(id) || (await this._figures.fetch(id));
      if (this._opening !== id) return;
      this._opening = null;
      this.saving.begin();
      this.state.set({ figure: null, selectedId: null, hoverId: null, readOnly: null, threshold: null });
      this.saving.show(figure);
      writeAddress(id, this.queue.filter);
      this.queue.show(this.state.figure);
      this.toolbar.drawPosition(this.queue.position);
      await this._figures.image(id).ready;
      if (!this.saving.isOpen(id)) return;
      this._selectWanted();
      this._painted(id, began);
      this.saving.lease(id);
      this._prefetch();
      this.segment.opened(id, this.queue.nearby(1));
    } catch (error) {
      if (this._opening === id) this._opening = null;
      this._cannot(error, () => this.open(id));
    }
  }

  // Selects the node that the address named, once.
  _selectWanted() {
    const id = this._wantedNode;
    this._wantedNode = null;
    if (id && nodeOf(this.state.figure, id)) this.select(id);
  }

  _painted(id, began) {
    requestAnimationFrame(() => {
      if (!this.state.figure || this.state.figure.id !== id) return;
      this.root.dataset.switchMs = (performance.now() - began).toFixed(0);
      this.root.dataset.figure = id;
      this.root.dataset.ready = "true";
    });
  }

  _prefetch() {
    for (const id of [this.queue.nearby(1), this.queue.nearby(2), this.queue.nearby(-1)])
      if (id) this._figures.prefetch(id);
  }

  _cannot(error, again) {
    if (!(error instanceof CallError)) throw error;
    this.root.dataset.ready = "failed";
    this.messages.show(error.message, "bad", { title: "Try again", run: again });
  }

  _describe() {
    const { selected } = this.state;
    this.root.dataset.selected = selected ? selected.id : "";
  }

  // What keys and buttons do.

  select(id) {
    this.state.set({ selectedId: id });
    const { selected } = this.state;
    if (!selected) return;
    this.canvas.view.reveal(selected.box_xyxy);
    this.canvas.moved();
  }

  selectParent() {
    const { selected } = this.state;
    if (selected) this.select(parentIdOf(selected));
  }

  selectChild() {
    const { figure, selected } = this.state;
    if (!figure) return;
    const children = selected ? childrenOf(figure, selected.id) : figure.nodes;
    if (children.length) this.select(children[0].id);
  }

  judge(id, value) {
    const { figure } = this.state;
    const node = figure && nodeOf(figure, id);
    if (!node || node.state === value) return;
    const reason = value === "accepted" && refusal(figure, node);
    if (reason) this.messages.show(`Cannot accept ${node.id}: ${reason}.`);
    else this.edit([{ op: "judge", id, state: value }]);
  }

  remove(id) {
    if (id && this.edit([{ op: "remove", id }])) this.state.set({ selectedId: null });
  }

  findSimilar(id) {
    location.hash = similarHref(this.state.figure.id, id);
  }

  editCaption(id) {
    this.select(id);
    const { selected, readOnly } = this.state;
    if (selected && !readOnly) this.inplace.open(selected);
  }

  acceptFigure() {
    this.nudge.commit();
    this._close({ op: "judge_figure", state: "accepted" });
  }

  skip() {
    if (this.state.figure && !this.state.readOnly) this.skipDialog.open();
  }

  // Ends the figure's review and goes on; the message takes it back.
  async _close(command) {
    const { figure } = this.state;
    if (!figure) return;
    const from = figure.id;
    if (
      command.state === "accepted" &&
      figure.state === "accepted" &&
      !figure.nodes.some((node) => node.state === "proposed")
    ) {
      await this.go(1);
      return;
    }
    if (!this.edit([command])) return;
    const text = `${figure.label || figure.id} ${command.state === "accepted" ? "accepted" : "skipped"}.`;
    this.messages.show(text, "info", { title: "Take back", run: () => this._takeBack(from) });
    await this.go(1);
  }

  async _takeBack(figureId) {
    await this.open(figureId);
    if (this.saving.isOpen(figureId)) this.saving.undo(); // else somebody has gone on to another figure meanwhile
  }

  async go(step) {
    try {
      const id = await this.queue.neighbour(step);
      if (id) await this.open(id);
      else
        this.messages.show(
          step > 0 ? "That was the last figure of this list." : "This is the first figure of this list.",
        );
    } catch (error) {
      this._cannot(error, () => this.go(step));
    }
  }

  zoom(factor) {
    this.canvas.view.zoom(factor || ZOOM_STEP);
    this.canvas.moved();
  }

  zoomToSelected() {
    this.canvas.view.zoomTo(this.state.selected.box_xyxy);
    this.canvas.moved();
  }

  fit() {
    this.canvas.view.fit();
    this.canvas.moved();
  }

  toggleLevel(key, index) {
    this.state.toggled(key, LEVELS[index]);
  }

  // Leaves what is nearest: a gesture, the bulk preview, a tool, a drawer, the selection.
  escape() {
    if (this.pointer.cancel() || this.segment.drop()) return;
    if (this.bulk.isOpen) this.bulk.close();
    else if (this.state.tool !== "select") this.state.set({ tool: "select" });
    else if (this.agents.escape()) return;
    else this.state.set({ selectedId: null });
  }

  _space(held) {
    this.pointer.spaceHeld = held;
    this.canvas.element.toggleAttribute("data-space", held);
    return true;
  }
}

export function startReview(element, server) {
  const root = element.querySelector(".rv");
  const review = new Review(root, server);
  const place = () => root.style.setProperty("--rv-top", `${Math.max(0, element.getBoundingClientRect().top)}px`);
  new ResizeObserver(place).observe(element.parentElement || element);
  place();
  review.start();
}
