// What the tab shows stands in the address: "#team" is the overview, "#team&settle=FIGURE" two readings of a figure.

export const teamHref = "#team";
export const settleHref = (figureId) => `#team&settle=${encodeURIComponent(figureId)}`;
export const reviewHref = (figureId) => `#figure=${encodeURIComponent(figureId)}`;

// The open figures of a person in Review, and all of them in the Queue tab.
export const openOfHref = (who) =>
  `#filter=${encodeURIComponent(JSON.stringify({ states: ["proposed"], auto: false, assigned_to: who }))}`;
export const allOfHref = (who) => `#queue&show=${encodeURIComponent(JSON.stringify({ assigned_to: who }))}`;

// The figure whose readings are shown, "" for the overview; null where the address is another tab's.
export function settledInAddress() {
  const [tab, place = ""] = location.hash.slice(1).split("&");
  if (tab !== "team") return null;
  const [name, raw = ""] = place.split("=");
  if (name !== "settle") return "";
  try {
    return decodeURIComponent(raw);
  } catch {
    return raw; // typed by hand: then there is no such figure
  }
}
