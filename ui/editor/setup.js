// The form that sets up a model: where its server is, which model, the key; "Test connection" says what is wrong.

import { html } from "./dom.js";
import { CallError, call } from "./calls.js";
import { dialog } from "./dialogs.js";
import { secondsText } from "./wording.js";

const EXAMPLES = "http://localhost:8000/v1 (vLLM), http://localhost:11434/v1 (Ollama)";
const LOCAL = "transformers";
const SHOWN_MODELS = 8;
const NUMBERS = [
  ["price_in", "Price of a million tokens sent", 0.01],
  ["price_out", "Price of a million tokens received", 0.01],
  ["max_cost", "Most that one run may cost (0: no limit)", 0.01],
  ["max_requests", "Most requests of one run (0: no limit)", 1],
  ["max_tokens", "Most tokens of one run (0: no limit)", 1],
  ["in_flight", "Requests at the same time", 1],
  ["timeout_s", "Seconds until a request is given up", 1],
];

export class SetupDialog {
  // `saved` is called after the settings were saved
  constructor(server, saved) {
    this._server = server;
    this._saved = saved;
    this._asked = 0; // tests so far: an answer to an earlier one is old
    this._fields = {
      provider: html("select", { onchange: () => this._drawPlace() }),
      base_url: html("input", { type: "url", placeholder: "http://localhost:8000/v1", maxlength: 500 }),
      model: html("input", { list: "rv-models", placeholder: "name as the server lists it", maxlength: 300 }),
      coordinates: html("select", {}),
    };
    for (const [name, , step] of NUMBERS) this._fields[name] = html("input", { type: "number", min: 0, step });
    this._models = html("datalist", { id: "rv-models" });
    this._key = html("input", { type: "password", autocomplete: "off", maxlength: 2000, "aria-label": "API key" });
    this._forget = html("input", { type: "checkbox", onchange: () => (this._key.disabled = this._forget.checked) });
    this._forgetRow = html("label", { class: "rv-check" }, this._forget, "forget the key that is kept");
    this._outcome = html("div", { class: "rv-outcome", role: "status", "aria-live": "polite" });
    this._test = html("button", { type: "button", class: "c-button", onclick: () => this._check() }, "Test connection");
    this._where = html("small", {});
    const more = html(
      "details",
      { class: "rv-more" },
      html("summary", {}, "Prices, budget and limits"),
      html("div", { class: "rv-grid" }, ...NUMBERS.map(([name, title]) => this._row(title, name))),
    );
    const form = html(
      "form",
      { class: "rv-setup", onsubmit: (event) => (event.preventDefault(), this._save()) },
      this._row("Provider", "provider"),
      this._row("Address of its API", "base_url", html("small", {}, EXAMPLES)),
      html("label", { class: "rv-field", "data-field": "key" }, html("span", {}, "API key"), this._key, this._forgetRow),
      this._row("Model", "model", this._models),
      this._row("How it counts boxes", "coordinates"),
      more,
      this._outcome,
      html(
        "div",
        { class: "rv-foot" },
        this._where,
        html("span", { class: "grow" }),
        this._test,
        html("button", { type: "submit", class: "c-button primary" }, "Save"),
      ),
    );
    this.element = dialog("Set up a model", "setup", form);
    this.element.addEventListener("close", () => (this._key.value = ""));
  }

  async open() {
    this._asked += 1;
    this._say("", "");
    this._models.replaceChildren();
    try {
      this._fill(await call(this._server, "model", {}));
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      this._say("bad", error.message);
    }
    this.element.showModal();
    this._fields.base_url.focus();
  }

  _row(title, name, ...more) {
    const control = this._fields[name];
    return html("label", { class: "rv-field", "data-field": name }, html("span", {}, title), control, ...more);
  }

  _fill({ fields, has_key: hasKey, variables, providers, frames, file }) {
    const options = (values) => values.map(([value, title]) => html("option", { value }, title));
    const known = [...new Set([...providers, fields.provider])];
    this._fields.provider.replaceChildren(...options(known.map((name) => [name, name])));
    const byName = ["", "by the model's name"];
    this._fields.coordinates.replaceChildren(...options([byName, ...frames.map((frame) => [frame, frame])]));
    for (const [name, field] of Object.entries(this._fields)) {
      field.value = fields[name];
      field.disabled = name in variables;
      field.title = name in variables ? `set by ${variables[name]}` : "";
    }
    this._key.value = "";
    this._forget.checked = false;
    this._key.disabled = "api_key" in variables;
    const kept = hasKey ? "a key is set; leave empty to keep it" : "none is set; many local servers need none";
    this._key.placeholder = "api_key" in variables ? `set by ${variables.api_key}` : kept;
    this._forgetRow.hidden = !hasKey || "api_key" in variables;
    this._drawPlace();
    this._where.textContent = `kept in ${file.split("/").at(-1)}, readable by you alone`;
    this._where.title = file;
  }

  // Local weights have no server: no address and no key are asked for.
  _drawPlace() {
    const local = this._fields.provider.value === LOCAL;
    for (const name of ["base_url", "key"]) this.element.querySelector(`[data-field="${name}"]`).hidden = local;
    this._fields.model.placeholder = local ? "folder of the weights, or hub name" : "name as the server lists it";
  }

  _request() {
    const numbers = new Set(NUMBERS.map(([name]) => name));
    const fields = Object.entries(this._fields)
      .filter(([, field]) => !field.disabled)
      .map(([name, field]) => [name, numbers.has(name) ? Number(field.value) : field.value.trim()]);
    const key = this._forget.checked ? "" : this._key.value || null;
    return { fields: Object.fromEntries(fields), api_key: key };
  }

  async _check() {
    const ticket = ++this._asked;
    this._say("busy", "Asking the server ...");
    this._test.disabled = true;
    try {
      const { connection } = await call(this._server, "test_model", this._request());
      if (ticket === this._asked) this._tell(connection);
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      if (ticket === this._asked) this._say("bad", error.message);
    } finally {
      this._test.disabled = false;
    }
  }

  async _save() {
    try {
      await call(this._server, "save_model", this._request());
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      this._say("bad", error.message);
      return;
    }
    this.element.close();
    this._saved();
  }

  // What the test found: whether it works, how fast, what the server can do, and the models to choose from.
  _tell({ ok, fault, models, latency_s: latency, sees_pictures: sees, takes_schema: schema }) {
    this._models.replaceChildren(...models.map((value) => html("option", { value })));
    const facts = [
      latency === null ? null : [true, `answers in ${secondsText(latency) || "1 ms"}`],
      sees === null ? null : [sees, sees ? "sees pictures" : "does not see pictures"],
      schema === null ? null : [schema, schema ? "holds replies to a schema" : "takes no schema: told in words"],
    ].filter(Boolean);
    const list = html("ul", {}, ...facts.map(([good, text]) => html("li", { "data-good": good }, text)));
    this._say(ok ? "ok" : "bad", ok ? "It works." : fault, facts.length ? list : "", this._choices(models));
  }

  _choices(models) {
    const { model } = this._fields;
    if (!models.length || models.includes(model.value.trim())) return "";
    const choose = (name) => () => {
      model.value = name;
      this._check();
    };
    const shown = models.slice(0, SHOWN_MODELS);
    return html(
      "p",
      { class: "rv-choices" },
      "It has ",
      ...shown.map((name) => html("button", { type: "button", class: "rv-link", onclick: choose(name) }, name)),
      models.length > shown.length ? ` and ${models.length - shown.length} more` : "",
    );
  }

  _say(kind, text, ...more) {
    this._outcome.dataset.outcome = kind;
    this._outcome.replaceChildren(html("span", {}, text), ...more);
  }
}
