// A grid of cards, as tall as all items, drawn only where it is seen. Pages of items are fetched as they come into view.

export const PAGE = 60; // items a request: two screens of a large window
const AT_ONCE = 2; // requests under way: a dragged scroll bar passes hundreds of pages, only where it stops matters
const KEPT_PAGES = 40; // then the farthest are forgotten

// `fetchPage(offset)` resolves to the items from there on (undefined: no answer); `cardOf(item)` draws one, with a link
// that takes the focus; `keyOf(item)` tells one from another; a card is at least `minWidth` px wide and
// `heightOf(width)` high; `gap` px lie between two.
export function makeGrid(scroll, grid, { fetchPage, cardOf, keyOf, minWidth, heightOf, gap = 10 }) {
  let count = 0;
  let generation = 0;
  let pages = new Map();
  let waiting = new Set();
  let cards = new Map();
  let active = 0;
  let focusWhenDrawn = false;
  let shape = { columns: 1, width: minWidth, height: 1 };

  function measure() {
    const room = grid.clientWidth;
    const columns = Math.max(1, Math.floor((room + gap) / (minWidth + gap)));
    const width = (room - gap * (columns - 1)) / columns;
    shape = { columns, width, height: heightOf(width) };
    const rows = Math.ceil(count / columns);
    grid.style.height = Math.max(0, rows * (shape.height + gap) - gap) + "px";
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
    const x = (index % shape.columns) * (shape.width + gap);
    const y = Math.floor(index / shape.columns) * (shape.height + gap);
    card.style.transform = `translate(${x}px, ${y}px)`;
    card.style.width = shape.width + "px";
    card.style.height = shape.height + "px";
  }

  function draw() {
    if (!scroll.clientHeight) return;
    const pitch = shape.height + gap;
    // one screen more on either side, so that slow scrolling never shows an empty card
    const first = Math.max(0, Math.floor((scroll.scrollTop - scroll.clientHeight) / pitch)) * shape.columns;
    const last = Math.min(count, Math.ceil((scroll.scrollTop + 2 * scroll.clientHeight) / pitch) * shape.columns);
    const focused = document.activeElement;
    for (const [index, card] of cards) {
      const item = itemAt(index);
      const stale = !item || card.dataset.key !== keyOf(item);
      if (index >= count || ((index < first || index >= last || stale) && !card.contains(focused))) {
        card.remove();
        cards.delete(index);
      }
    }
    for (let index = first; index < last; index += 1) {
      const item = itemAt(index);
      if (item && !cards.has(index)) {
        const card = cardOf(item);
        card.setAttribute("role", "listitem");
        card.dataset.key = keyOf(item);
        card.dataset.index = index;
        card.setAttribute("aria-posinset", index + 1);
        card.setAttribute("aria-setsize", count);
        card.querySelector("a").tabIndex = index === active ? 0 : -1;
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
    const pitch = shape.height + gap;
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
    const screen = Math.max(1, Math.floor(scroll.clientHeight / (shape.height + gap))) * shape.columns;
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
