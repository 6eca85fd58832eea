// The grid: as tall as all figures, drawn only where it is seen. Pages of figures are fetched as they come into view.

const PAGE = 60; // figures a request: two screens of a large window
const MIN_CARD = 196; // px; three panels side by side can still be told apart
const CARD_EXTRA = 62; // px of text below the picture
const GAP = 10; // px, as in gallery.css
const AT_ONCE = 2; // requests under way: a dragged scroll bar passes hundreds of pages, only where it stops matters
const KEPT_PAGES = 40; // then the farthest are forgotten

// `fetchPage(offset)` resolves to the items from there on (undefined: no answer); `hrefOf(item)` is the address that
// opens one; `dress(card)` adds to a card that was drawn.
function makeGrid(scroll, grid, fetchPage, hrefOf, dress) {
  let count = 0;
  let generation = 0;
  let pages = new Map();
  let waiting = new Set();
  let cards = new Map();
  let active = 0;
  let focusWhenDrawn = false;
  let shape = { columns: 1, width: MIN_CARD, height: 1 };

  function measure() {
    const room = grid.clientWidth;
    const columns = Math.max(1, Math.floor((room + GAP) / (MIN_CARD + GAP)));
    const width = (room - GAP * (columns - 1)) / columns;
    shape = { columns, width, height: Math.round(width * 0.72) + CARD_EXTRA };
    const rows = Math.ceil(count / columns);
    grid.style.height = Math.max(0, rows * (shape.height + GAP) - GAP) + "px";
  }

  const itemAt = (index) => (pages.get(Math.floor(index / PAGE)) || [])[index % PAGE];

  async function need(page) {
    if (pages.has(page) || waiting.has(page) || waiting.size === AT_ONCE) return;
    waiting.add(page);
    const mine = generation;
    const items = await fetchPage(page * PAGE);
    if (mine !== generation) return;
    waiting.delete(page);
    // without an answer the page is asked for again when it is next scrolled to
    if (!items) return;
    pages.set(page, items);
    while (pages.size > KEPT_PAGES) {
      pages.delete([...pages.keys()].reduce((a, b) => (Math.abs(a - page) > Math.abs(b - page) ? a : b)));
    }
    draw();
  }

  function place(card, index) {
    const x = (index % shape.columns) * (shape.width + GAP);
    const y = Math.floor(index / shape.columns) * (shape.height + GAP);
    card.style.transform = `translate(${x}px, ${y}px)`;
    card.style.width = shape.width + "px";
    card.style.height = shape.height + "px";
  }

  function draw() {
    if (!scroll.clientHeight) return;
    const pitch = shape.height + GAP;
    // one screen more on either side, so that slow scrolling never shows an empty card
    const first = Math.max(0, Math.floor((scroll.scrollTop - scroll.clientHeight) / pitch)) * shape.columns;
    const last = Math.min(count, Math.ceil((scroll.scrollTop + 2 * scroll.clientHeight) / pitch) * shape.columns);
    const focused = document.activeElement;
    for (const [index, card] of cards) {
      const stale = card.dataset.figure !== (itemAt(index) || {}).figure_id;
      if (index >= count || ((index < first || index >= last || stale) && !card.contains(focused))) {
        card.remove();
        cards.delete(index);
      }
    }
    for (let index = first; index < last; index += 1) {
      const item = itemAt(index);
      if (item && !cards.has(index)) {
        const card = makeCard(item, hrefOf(item));
        card.dataset.index = index;
        card.setAttribute("aria-posinset", index + 1);
        card.setAttribute("aria-setsize", count);
        card.querySelector("a").tabIndex = index === active ? 0 : -1;
        dress(card);
        cards.set(index, card);
        place(card, index);
        grid.append(card);
      }
    }
    if (focusWhenDrawn && cards.has(active)) {
      focusWhenDrawn = false;
      cards.get(active).querySelector("a").focus({ preventScroll: true });
    }
    for (let page = Math.floor(first / PAGE); page <= Math.floor((last - 1) / PAGE); page += 1) need(page);
  }

  function relayout() {
    measure();
    for (const [index, card] of cards) place(card, index);
    draw();
  }

  function focus(index) {
    active = Math.max(0, Math.min(count - 1, index));
    const pitch = shape.height + GAP;
    const top = Math.floor(active / shape.columns) * pitch;
    if (top < scroll.scrollTop) scroll.scrollTop = top;
    if (top + shape.height > scroll.scrollTop + scroll.clientHeight) {
      scroll.scrollTop = top + shape.height - scroll.clientHeight;
    }
    for (const [at, card] of cards) card.querySelector("a").tabIndex = at === active ? 0 : -1;
    focusWhenDrawn = true;
    draw();
  }

  grid.addEventListener("focusin", (event) => {
    const card = event.target.closest("[data-index]");
    if (card) active = Number(card.dataset.index);
  });
  grid.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const screen = Math.max(1, Math.floor(scroll.clientHeight / (shape.height + GAP))) * shape.columns;
    const steps = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: shape.columns,
      ArrowUp: -shape.columns,
      PageDown: screen,
      PageUp: -screen,
      Home: -count,
      End: count,
    };
    if (!(event.key in steps)) return;
    event.preventDefault();
    const target = active + steps[event.key];
    if (Math.abs(steps[event.key]) === shape.columns && (target < 0 || target >= count)) return;
    focus(target);
  });
  let framed = false;
  scroll.addEventListener("scroll", () => {
    if (framed) return;
    framed = true;
    requestAnimationFrame(() => {
      framed = false;
      draw();
    });
  });
  new ResizeObserver(relayout).observe(scroll);

  return {
    // Shows `total` figures, the first page of which is known; `keep` leaves the scroll position.
    show(total, firstPage, keep) {
      generation += 1;
      const focused = grid.contains(document.activeElement);
      count = total;
      pages = new Map([[0, firstPage]]);
      waiting = new Set();
      for (const card of cards.values()) card.remove();
      cards = new Map();
      if (!keep) {
        scroll.scrollTop = 0;
        active = 0;
      }
      active = Math.max(0, Math.min(active, count - 1));
      relayout();
      if (focused && count) focus(active);
    },
    first: () => itemAt(0),
    at: itemAt,
    focus: () => focus(active),
  };
}

function makeCard(item, href) {
  const card = make("div", "card");
  card.setAttribute("role", "listitem");
  card.dataset.figure = item.figure_id;
  const link = make("a");
  link.href = href;
  const picture = make("span", "picture");
  const image = make("img");
  image.alt = "";
  image.decoding = "async";
  image.draggable = false;
  image.addEventListener("error", () => picture.classList.add("missing"));
  image.src = "/thumbnail/" + encodeURIComponent(item.figure_id);
  picture.append(image);
  if (item.flag_count) picture.append(chip("flags", item.flag_count + (item.flag_count === 1 ? " flag" : " flags")));
  if (item.lease_by) {
    const who = item.lease_by.split("#")[0];
    picture.append(make("span", "lease", who));
    picture.lastChild.title = who + " is editing this figure";
  }
  const title = make("span", "title");
  title.append(make("b", "", item.label || item.figure_id.slice(item.article_id.length + 1)), make("span", "", item.article_id));
  title.title = item.figure_id;
  const facts = make("span", "facts");
  facts.append(chip(item.state, item.state));
  if (item.state !== "unmined") facts.append(confidence(item), counts(item));
  link.append(picture, title, facts);
  card.append(link);
  return card;
}

function chip(state, text) {
  const node = make("span", "c-chip", text);
  node.dataset.state = state;
  return node;
}

function confidence(item) {
  const node = make("span", "sure c-num", item.confidence === null ? "" : item.confidence.toFixed(2));
  if (item.confidence !== null) {
    node.title = "confidence " + item.confidence.toFixed(3);
    node.style.setProperty("--sure", item.confidence);
    node.dataset.low = item.confidence < 0.5;
  }
  return node;
}

function counts(item) {
  const node = make("span", "counts c-num");
  const named = [
    ["panel", item.panel_count],
    ["marker", item.marker_count],
    ["region", item.region_count],
  ];
  node.title = named.map(([name, n]) => n + " " + name + (n === 1 ? "" : "s")).join(", ");
  for (const [name, n] of named) {
    const one = make("span", name, String(n));
    one.dataset.none = n === 0;
    node.append(one);
  }
  return node;
}
