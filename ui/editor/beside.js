// Where the open figure stands between here and Label Studio: a word in the page's header, once one is connected.

const SETTLED_MS = 1500; // guess: after an edit has been saved
const WORDS = {
  synced: "in step",
  waiting: "waits to go",
  "changed there": "changed there",
  conflict: "conflict",
  failed: "not in step",
  "left out": "left out",
  new: "not there",
};

export class Beside {
  constructor(server, state) {
    this._server = server;
    this._state = state;
    this._turn = 0;
    this._id = null;
    state.on(["figure"], () => this._follow());
    document.addEventListener("curator:tab", (event) => event.detail === "review" && this._follow());
  }

  _follow() {
    const { figure } = this._state;
    const id = figure ? figure.id : null;
    clearTimeout(this._timer);
    const isOther = id !== this._id;
    this._id = id;
    if (isOther) this._show(null);
    if (id) this._timer = setTimeout(() => this._ask(id), isOther ? 0 : SETTLED_MS);
  }

  async _ask(id) {
    const mine = ++this._turn;
    let answer = null;
    try {
      answer = await this._server.sync_figure({ figure_id: id });
    } catch {
      // without an answer nothing is told; the next edit or figure asks again
    }
    if (mine === this._turn && id === this._id) this._show(answer && answer.item);
  }

  _show(item) {
    const place = document.getElementById("sync-state");
    if (!place) return; // an editor that stands alone
    place.hidden = !item;
    if (!item) return;
    place.textContent = `Label Studio: ${WORDS[item.status]}`;
    place.title = item.reason || "Where this figure stands between here and Label Studio";
    place.dataset.status = item.status;
    place.href = item.status === "conflict" ? `#sync&conflict=${encodeURIComponent(item.figure_id)}` : "#sync";
  }
}
