// How levels, shares and times of training are written.

// Levels with the names that the page gives them, coarse to fine.
export const LEVELS = [
  { key: "M", name: "Figure", many: "Figures" },
  { key: "P", name: "Panel", many: "Panels" },
  { key: "R", name: "Region", many: "Regions" },
];

export const number = (n) => n.toLocaleString("en");

// A share between 0 and 1 as percent; tenths where they are all there is.
export function percent(share) {
  if (share === null || share === undefined) return "–";
  const value = 100 * share;
  return `${value.toFixed(value > 0 && value < 9.95 ? 1 : 0)}%`;
}

// A time in the two units that matter: "45 s", "3 min 10 s", "2 h 5 min".
export function spanText(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 600 && whole % 60) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 5400) return `${Math.round(whole / 60)} min`;
  const minutes = Math.round(whole / 60);
  return minutes % 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${minutes / 60} h`;
}

// An estimated time: no finer than it is worth.
export function roughText(seconds) {
  if (seconds < 90) return spanText(Math.max(5, 5 * Math.round(seconds / 5)));
  return spanText(60 * Math.round(seconds / 60));
}

// Millions of weights as papers write them.
export const millions = (n) => (n >= 1e6 ? `${(n / 1e6).toFixed(n < 1e8 ? 1 : 0)} M` : number(n));

// R@k of both directions: the mean of picture to text and text to picture.
export const both = (found, k) => (found[`a2b_r${k}`] + found[`b2a_r${k}`]) / 2;

// R@k of a model that orders the pool at random, 0 to 1. Several pictures may share a text: a picture looks for one of
// `pool_b` texts, a text for any of its own among `pool_a` pictures.
export function chance(found, k) {
  const { pool_a: pictures, pool_b: texts } = found;
  if (!pictures || !texts) return { a2b: 0, b2a: 0, both: 0 };
  const a2b = Math.min(1, k / texts);
  const b2a = 1 - Math.max(0, 1 - k / pictures) ** (pictures / texts);
  return { a2b, b2a, both: (a2b + b2a) / 2 };
}
