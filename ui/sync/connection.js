// The form that connects a Label Studio, tests it, or forgets it.

import { html } from "../editor/dom.js";
import { AskError, ask } from "../train/asking.js";
import { say } from "../train/said.js";

const LABELS = {
  url: ["Address", "http://localhost:8080", "As this machine reaches it"],
  project: ["Project", "Curator", "Its id, or a title; one with the title is made where there is none"],
  image_root: ["Folder of images", "", "What Label Studio serves local files from, as this machine sees it; above the project’s folder"],
  image_root_there: ["The same folder there", "the same", "As Label Studio sees it, where that differs (in a container)"],
  public_url: ["Address of Curator", "http://localhost:7860", "As Label Studio and those who label there reach it; lets it call when something changes there"],
};
const OF_IMAGES = { local: ["image_root", "image_root_there"], signed: [] };

export class Connection {
  // `connected(state)` is called with the state after connecting or disconnecting.
  constructor(server, connected) {
    this._server = server;
    this._connected = connected;
    this._inputs = new Map();
    this._rows = new Map();
    this._busy = false;
    this._title = html("h2", {});
    this._said = html("p", { class: "notice", role: "status", hidden: true });
    this._form = html("form", { autocomplete: "off", onsubmit: (event) => this._submit(event) });
    this.node = html("div", { class: "page connection" }, this._form);
    this._build();
  }

  async show(state) {
    const isNew = !state.connected;
    this._title.textContent = isNew ? "Connect Label Studio" : "Connection";
    this._intro.hidden = this._what.hidden = !isNew;
    this._forget.hidden = isNew;
    this._go.textContent = isNew ? "Connect" : "Save";
    say(this._said, "");
    this._disconnect.hidden = false;
    this._sure.hidden = true;
    // until it is known what they hold: what is typed before would be lost
    for (const input of [...this._inputs.values(), this._token]) input.disabled = true;
    let document_;
    try {
      document_ = await ask(this._server, "sync_form", {});
    } catch (error) {
      this._tell(error);
      return;
    }
    const { fields, variables, has_token: hasToken, folder } = document_;
    for (const [name, input] of this._inputs) {
      input.value = fields[name];
      const isFixed = !isNew && (name === "url" || name === "project");
      input.disabled = name in variables || isFixed;
      const note = this._rows.get(name).querySelector(".note");
      if (name in variables) note.textContent = `set by ${variables[name]}`;
      else note.textContent = isFixed ? "Disconnect to change it" : LABELS[name][2];
    }
    this._inputs.get("image_root").placeholder = folder;
    for (const radio of this._images.querySelectorAll("input")) {
      radio.checked = radio.value === fields.images;
      radio.disabled = "images" in variables;
    }
    this._token.value = "";
    this._token.disabled = "api_key" in variables;
    this._token.placeholder = hasToken ? "kept; leave empty to go on with it" : "";
    this._tokenNote.textContent =
      "api_key" in variables ? `set by ${variables.api_key}` : "From Account & Settings there; kept in a file that only its owner may read";
    this._followImages();
  }

  _build() {
    const row = (name) => {
      const [label, placeholder, note] = LABELS[name];
      const input = html("input", { class: "c-field", name, placeholder, spellcheck: "false", maxlength: 500 });
      this._inputs.set(name, input);
      const node = html("label", { class: "row" }, html("span", {}, label), input, html("span", { class: "note" }, note));
      this._rows.set(name, node);
      return node;
    };
    this._token = html("input", { class: "c-field", type: "password", name: "token", autocomplete: "new-password", maxlength: 5000 });
    this._tokenNote = html("span", { class: "note" });
    const radio = (name, value, text, note, checked = false) =>
      html(
        "label",
        { class: "pick" },
        html("input", { type: "radio", name, value, checked, onchange: () => this._followImages() }),
        html("span", {}, text, html("small", {}, note)),
      );
    this._images = html(
      "fieldset",
      { class: "row" },
      html("span", {}, "Images"),
      html(
        "div",
        { class: "picks" },
        radio("images", "local", "From its own disk", "Label Studio reads this project’s folder (local file storage)"),
        radio("images", "signed", "From Curator", "By links that are signed and expire; Curator must run as a service"),
      ),
    );
    this._what = html(
      "fieldset",
      { class: "row" },
      html("span", {}, "What goes there"),
      html(
        "div",
        { class: "picks" },
        radio("sends_new", "all", "All mined figures", "and new ones by themselves", true),
        radio("sends_new", "chosen", "Only what I choose", "after connecting; nothing goes there before"),
      ),
    );
    this._intro = html(
      "p",
      { class: "soft" },
      "Proposals and decisions go there as they are made, and what is annotated there comes back as decisions that can " +
        "be undone. Where both sides changed the same, nothing is overwritten: the conflict is shown here.",
    );
    this._test = html("button", { type: "button", class: "c-button", "data-right": "sync", onclick: () => this._tryOut() }, "Test");
    this._go = html("button", { type: "submit", class: "c-button primary", "data-right": "sync" }, "Connect");
    this._disconnect = html(
      "button",
      { type: "button", class: "c-button danger", "data-right": "sync", onclick: () => this._ask(true) },
      "Disconnect",
    );
    this._sure = html(
      "span",
      { class: "sure", hidden: true },
      "Forget what both sides agreed on, and open conflicts? The tasks stay there as they are.",
      html("button", { type: "button", class: "c-button danger", onclick: () => this._leave() }, "Disconnect"),
      html("button", { type: "button", class: "c-button", onclick: () => this._ask(false) }, "Keep"),
    );
    this._forget = html("div", { class: "forget" }, this._disconnect, this._sure);
    this._form.append(
      this._title,
      this._intro,
      row("url"),
      html("label", { class: "row" }, html("span", {}, "Token"), this._token, this._tokenNote),
      row("project"),
      this._images,
      row("image_root"),
      row("image_root_there"),
      row("public_url"),
      this._what,
      this._said,
      html("div", { class: "actions" }, this._go, this._test),
      this._forget,
    );
  }

  _followImages() {
    const chosen = this._picked(this._images) || "local";
    for (const [kind, names] of Object.entries(OF_IMAGES)) {
      for (const name of names) this._rows.get(name).hidden = kind !== chosen;
    }
  }

  _picked(fieldset) {
    const found = fieldset.querySelector("input:checked");
    return found && found.value;
  }

  _values() {
    const fields = Object.fromEntries([...this._inputs].map(([name, input]) => [name, input.value.trim()]));
    fields.images = this._picked(this._images) || "local";
    return { fields, token: this._token.value, sends_new: this._picked(this._what) !== "chosen" };
  }

  async _tryOut() {
    const found = await this._asked("sync_test", this._values(), "Asking…");
    if (!found) return;
    this._said.className = "notice good";
    say(
      this._said,
      `It works: Label Studio ${found.release}, as ${found.who}. Connects ${found.project}; images ${found.images}.`,
    );
  }

  async _submit(event) {
    event.preventDefault();
    const state = await this._asked("sync_connect", this._values(), "Connecting…");
    if (state) this._connected(state);
  }

  _ask(sure) {
    this._sure.hidden = !sure;
    this._disconnect.hidden = sure;
  }

  async _leave() {
    const state = await this._asked("sync_disconnect", {}, "Disconnecting…");
    if (state) this._connected(state);
  }

  async _asked(name, request, said) {
    if (this._busy) return null;
    this._working(true);
    this._said.className = "notice";
    say(this._said, said);
    try {
      const answer = await ask(this._server, name, request);
      say(this._said, "");
      return answer;
    } catch (error) {
      this._tell(error);
      return null;
    } finally {
      this._working(false);
    }
  }

  _working(busy) {
    this._busy = busy;
    for (const button of this._form.querySelectorAll("button")) button.disabled = busy;
  }

  _tell(error) {
    if (!(error instanceof AskError)) throw error;
    this._said.className = "notice bad";
    say(this._said, error.message);
  }
}
