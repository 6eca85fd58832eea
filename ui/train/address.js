// What the tab shows stands in the address, so that a reload, a link and another window come back to it:
// "#train" (the newest run), "#train&new", "#train&run=NAME", "#train&compare=NAME,NAME".

export const newHref = "#train&new";
export const runHref = (name) => `#train&run=${encodeURIComponent(name)}`;
export const compareHref = (names) => `#train&compare=${names.map(encodeURIComponent).join(",")}`;

// {view: "newest" | "new" | "run" | "compare", names}; null where the address is another tab's.
export function readAddress() {
  const [tab, place = ""] = location.hash.slice(1).split("&");
  if (tab !== "train") return null;
  const [view, value] = place.split("=");
  if (view === "new") return { view, names: [] };
  const names = (value || "").split(",").filter(Boolean).map(decoded);
  if ((view === "run" && names.length === 1) || (view === "compare" && names.length > 1)) return { view, names };
  return { view: "newest", names: [] };
}

// Goes to a place of this tab; everything that follows the address hears of it.
export function goTo(href) {
  location.hash = href;
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // typed by hand: then no run has that name
  }
}
