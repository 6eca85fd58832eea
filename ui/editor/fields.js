// Everything that can be set of the selected node; of the figure where none is selected.

import { button, html } from "./dom.js";
import { icon } from "./icons.js";
import {
  CAPTION_FIELD,
  captionOf,
  colourOf,
  confidenceOf,
  fullCaptionOf,
  isPersons,
  isRejected,
  nameOf,
  parentIdOf,
  reasonOf,
  spansOf,
} from "./figure.js";
import { captionEdit } from "./inplace.js";
import { confidenceText, fitText, samplesText } from "./confidence.js";
import { findingFacts, rivalReading } from "./readings.js";

const PANEL_KINDS = ["microscopy", "radiology", "photo", "gel", "plot", "diagram", "table", "other"];
// as PanelKind.photographic; the curator can set it otherwise
const PHOTOGRAPHIC = new Set(["microscopy", "radiology", "photo", "gel"]);
const MARKER_KINDS = [
  "arrow",
  "arrowhead",
  "asterisk",
  "star",
  "circle",
  "box",
  "dashed_line",
  "dashed_box",
  "letter",
  "bracket",
];
const COLOURS = ["", "white", "black", "red", "yellow", "green", "blue", "cyan", "magenta", "orange", "grey"];
const CAPTION_TITLE = { panel: "Own caption", marker: "Clause", region: "Caption" };

export class Fields {
  constructor(state, actions) {
    this._state = state;
    this._actions = actions;
    this._shown = null;
    this._refreshers = [];
    this._firstField = null;
    this.element = html("section", { class: "rv-fields", "aria-label": "Selected" });
    state.on(["figure", "selectedId", "readOnly"], () => this._draw());
  }

  // Puts the cursor into the first field: a panel's or region's label, a marker's kind.
  focusFirst() {
    if (!this._firstField) return;
    this._firstField.focus();
    if (this._firstField.select) this._firstField.select();
  }

  // A form is built once for a node and then refreshed, so that a save does not take the cursor out of a field.
  _draw() {
    const { figure, selected, readOnly } = this._state;
    if (!figure) return;
    const shown = `${figure.id} ${selected ? selected.id : ""}`;
    if (shown !== this._shown) {
      this._shown = shown;
      this._refreshers = [];
      this._firstField = null;
      this.element.replaceChildren(...(selected ? this._node(selected) : this._figure()));
    }
    for (const refresh of this._refreshers) refresh(selected || figure);
    this.element.toggleAttribute("inert", Boolean(readOnly) && Boolean(selected));
  }

  _update(fields) {
    const { selected } = this._state;
    if (selected) this._actions.edit([{ op: "update", id: selected.id, fields }]);
  }

  _field(title, control, ...more) {
    return html("label", { class: "rv-field" }, html("span", {}, title), control, ...more);
  }

  _control(tag, attributes, read, commit, ...children) {
    const control = html(tag, attributes, ...children);
    const property = attributes.type === "checkbox" ? "checked" : "value";
    const key = tag === "select" || property === "checked" ? "change" : "blur";
    const shown = this._shown;
    const save = () => {
      const { selected } = this._state;
      if (selected && shown === this._shown && control[property] !== read(selected))
        commit(control[property], selected);
    };
    control.addEventListener(key, save);
    if (tag === "select") this._leaveAfterPointer(control);
    control.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this._state.selected) control[property] = read(this._state.selected);
      const ends = event.key === "Escape" || (event.key === "Enter" && !event.shiftKey && tag !== "select");
      if (!ends || event.isComposing) return;
      event.preventDefault();
      event.stopPropagation();
      control.blur();
      this._actions.focusCanvas();
    });
    this._refreshers.push((node) => {
      if (control !== document.activeElement || property === "checked" || tag === "select")
        control[property] = read(node);
    });
    this._firstField ||= control;
    return control;
  }

  // A choice made with the pointer gives the keys back to the page: else the next key would choose again.
  _leaveAfterPointer(select) {
    let byPointer = false;
    select.addEventListener("pointerdown", () => (byPointer = true));
    select.addEventListener("keydown", () => (byPointer = false));
    select.addEventListener("change", () => byPointer && this._actions.focusCanvas());
  }

  _select(values, read, commit) {
    const options = values.map((value) => html("option", { value }, value.replace("_", " ") || "unknown"));
    return this._control("select", {}, read, commit, ...options);
  }

  _node(node) {
    const parts = [this._head()];
    const text = (name) => (one) => one[name] || "";
    if (node.level === "panel") {
      const label = this._control("input", { maxlength: 40, placeholder: "none" }, text("label"), (value) =>
        this._update({ label: value.trim() || null }),
      );
      const kind = this._select(
        PANEL_KINDS,
        (one) => one.kind,
        (value) => this._update({ kind: value, photographic: PHOTOGRAPHIC.has(value) }),
      );
      const camera = this._control(
        "input",
        { type: "checkbox" },
        (one) => one.photographic,
        (value) => this._update({ photographic: value }),
      );
      parts.push(html("div", { class: "rv-pair" }, this._field("Label", label), this._field("Kind", kind)));
      parts.push(html("label", { class: "rv-check" }, camera, "photographic (camera, microscope or scanner)"));
    } else if (node.level === "marker") {
      const kind = this._select(
        MARKER_KINDS,
        (one) => one.kind,
        (value) => this._update({ kind: value }),
      );
      const colour = this._select(COLOURS, text("color"), (value) => this._update({ color: value || null }));
      parts.push(
        html("div", { class: "rv-pair" }, this._field("Kind", kind), this._field("Colour", colour)),
        this._parent(),
      );
    } else {
      const label = this._control("input", { maxlength: 200, placeholder: "a few words" }, text("label"), (value) =>
        this._update({ label: value.trim() }),
      );
      parts.push(this._field("Label", label), this._parent());
    }
    parts.push(this._caption(node), this._words(), ...this._readings(node));
    if (node.level === "panel") parts.push(this._fullCaption());
    parts.push(this._box());
    if (node.level === "panel")
      parts.push(this._place("Letter", "label_box_xyxy", "letter", "Set: draw the box of the printed letter"));
    if (node.level === "marker") parts.push(this._place("Tip", "tip_xy", "tip", "Set: click where it points"));
    parts.push(this._provenance());
    return parts;
  }

  // What models wrote of the node; a field only where there is something in it.
  _readings(node) {
    const shown = (title, name, rows) => {
      const area = this._control("textarea", { rows, maxlength: 20000 }, (one) => one[name] || "", (value) =>
        this._update({ [name]: value.trim() }),
      );
      const field = this._field(title, area);
      this._refreshers.push((one) => (field.hidden = !one[name] && document.activeElement !== area));
      return field;
    };
    const made = ({ element, refresh }) => {
      this._refreshers.push(refresh);
      return element;
    };
    if (node.level === "marker") return [];
    if (node.level === "region") return [shown("A model's description", "description", 2), made(findingFacts())];
    return [
      made(rivalReading(this._state, this._actions.edit)),
      shown("A model's description", "description", 2),
      shown("Summary", "summary", 2),
    ];
  }

  _fullCaption() {
    const text = html("p", {});
    this._refreshers.push((panel) => (text.textContent = fullCaptionOf(this._state.figure, panel)));
    return html("details", { class: "rv-full" }, html("summary", {}, "Full caption, with the shared words"), text);
  }

  _head() {
    const title = html("h2", { class: "of-node" });
    const state = html("span", { class: "c-chip" });
    const act = (hint, name, run, text) => button(hint, { class: "rv-small", onclick: run }, icon(name), text);
    this._refreshers.push((node) => {
      title.textContent = title.title = `${node.level[0].toUpperCase()}${node.level.slice(1)} ${nameOf(node)}`;
      title.style.setProperty("--colour", colourOf(this._state.figure, node));
      state.textContent = node.state;
      state.dataset.state = node.state;
    });
    const judge = (value) => () => this._actions.judge(this._state.selectedId, value);
    return html(
      "header",
      {},
      title,
      state,
      act("Find similar panels and regions (Shift+S)", "similar", () =>
        this._actions.findSimilar(this._state.selectedId),
      ),
      act("Accept this box (a)", "check", judge("accepted")),
      act("Reject this box (x)", "cross", judge("rejected")),
      act("Delete this box (Delete)", "trash", () => this._actions.remove(this._state.selectedId)),
    );
  }

  _parent() {
    const select = html("select", {});
    this._leaveAfterPointer(select);
    select.addEventListener("change", () => {
      this._actions.edit([{ op: "reparent", id: this._state.selectedId, parent_id: select.value || null }]);
    });
    this._refreshers.push((node) => {
      const fits = (one) => one.level === "panel" || (one.level === "marker" && node.level === "region");
      const options = this._state.figure.nodes.filter((one) => fits(one) && !isRejected(one));
      select.replaceChildren(
        html("option", { value: "" }, "no panel"),
        ...options.map((one) => html("option", { value: one.id }, `${one.level} ${nameOf(one)} (${one.id})`)),
      );
      select.value = parentIdOf(node) || "";
    });
    return this._field("Belongs to", select);
  }

  _caption(node) {
    const read = (one) => captionOf(this._state.figure, one);
    const area = this._control("textarea", { rows: 4, maxlength: 20000, spellcheck: "true" }, read, (value, one) => {
      const command = captionEdit(this._state.figure, one, value);
      if (command) this._actions.edit([command]);
    });
    const reset = button(
      "Back to the caption's own words",
      { class: "rv-link", onclick: () => this._update({ [CAPTION_FIELD[node.level]]: null }) },
      "use the caption's words",
    );
    this._refreshers.push((one) => {
      reset.hidden = one.level === "region" || one[CAPTION_FIELD[one.level]] === null;
    });
    return html("div", {}, this._field(CAPTION_TITLE[node.level], area), reset);
  }

  // The caption's words that a node has, each with a way to take it off.
  _words() {
    const list = html("ul", { class: "rv-words" });
    this._refreshers.push((node) => {
      const { caption } = this._state.figure;
      const spans = spansOf(node);
      list.replaceChildren(
        ...spans.map((span) => {
          const take = () => this._actions.edit([{ op: "assign", id: node.id, span, mode: "remove" }]);
          const words = caption.slice(...span);
          return html(
            "li",
            { title: words },
            html("span", {}, words),
            button("Take these words off", { class: "rv-link", onclick: take }, icon("cross")),
          );
        }),
      );
      list.hidden = !spans.length;
    });
    return list;
  }

  _box() {
    const names = ["left", "top", "right", "bottom"];
    const inputs = names.map((name, index) =>
      this._control(
        "input",
        {
          type: "number",
          step: "1",
          min: 0,
          "aria-label": `Box ${name}`,
          title: `${name}, pixels of the original image`,
        },
        (node) => String(Math.round(node.box_xyxy[index] * 10) / 10),
        (value, node) => {
          const box = [...node.box_xyxy];
          box[index] = Number(value);
          if (value !== "" && Number.isFinite(box[index]))
            this._actions.edit([{ op: "resize", id: node.id, box_xyxy: box }]);
        },
      ),
    );
    return html("div", { class: "rv-field" }, html("span", {}, "Box"), html("div", { class: "rv-quad" }, ...inputs));
  }

  _place(title, field, tool, hint) {
    const where = html("output", { class: "c-num" });
    const clear = button(
      `Clear: no ${title.toLowerCase()}`,
      { class: "rv-link", onclick: () => this._update({ [field]: null }) },
      "clear",
    );
    const set = button(hint, { class: "rv-link", onclick: () => this._state.set({ tool }) }, "set");
    this._refreshers.push((node) => {
      const value = node[field];
      where.textContent = value ? value.map(Math.round).join(", ") : "none";
      clear.hidden = !value;
    });
    return html("div", { class: "rv-field rv-inline" }, html("span", {}, title), where, set, clear);
  }

  _provenance() {
    const list = html("dl", { class: "rv-facts" });
    this._refreshers.push((node) => {
      const { agent, model, version, at } = node.provenance;
      const facts = [
        [isPersons(node) ? "drawn by" : "agent", agent.replace(/^person:/, "")],
        ["model", model],
        ["version", isPersons(node) ? null : version],
        ["confidence", confidenceText(confidenceOf(this._state.figure, node))],
        ["why", reasonOf(this._state.figure, node)],
        ["agent's own", reasonOf(this._state.figure, node) ? confidenceText(node.provenance.confidence) : null],
        ["samples", samplesText(node.provenance.samples)],
        ["fit", fitText(this._state.figure.fits[node.id])],
        ["time", at.slice(0, 16).replace("T", " ")],
        ["id", node.id],
      ];
      list.replaceChildren(...factRows(facts));
    });
    return list;
  }

  _figure() {
    const title = html("h2", {});
    const state = html("span", { class: "c-chip" });
    const list = html("dl", { class: "rv-facts" });
    this._refreshers.push((figure) => {
      title.textContent = title.title = figure.label || figure.id;
      state.textContent = figure.state;
      state.dataset.state = figure.state;
      const facts = [
        ["skipped because", figure.state === "skipped" ? figure.reason : null],
        ["panels' confidence", confidenceText(figure.confidence)],
        ["article", figure.title || figure.article_id],
        ["journal", figure.journal],
        ["DOI", figure.doi],
        ["licence", figure.license],
        ["image", figure.image_wh.join(" x ") + " px"],
        ["id", figure.id],
        ["newer version", figure.replaced_by],
      ];
      list.replaceChildren(...factRows(facts));
    });
    const mentions = html("ul", { class: "rv-mentions" });
    this._refreshers.push((figure) => {
      mentions.hidden = !figure.mentions.length;
      const sentences = figure.mentions.map((sentence) => html("li", {}, sentence));
      mentions.replaceChildren(html("b", {}, "The article says of it"), ...sentences);
    });
    return [html("header", {}, title, state), list, mentions];
  }
}

function factRows(facts) {
  return facts.filter(([, value]) => value).flatMap(([name, value]) => [html("dt", {}, name), html("dd", {}, value)]);
}
