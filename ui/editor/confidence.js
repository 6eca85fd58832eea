// How a confidence is written and coloured.

const HIGH = 0.9; // guess: above it a proposal is right often enough to be looked at in passing
const MIDDLE = 0.6; // guess: below it a proposal is wrong nearly as often as right

// Two digits without the zero before the point, to stand in a narrow column; nothing where nobody estimated one.
export function confidenceText(value) {
  if (value === null) return "";
  return value >= 0.995 ? "1.0" : value.toFixed(2).replace(/^0/, "");
}

const percent = (value) => (value < 0.005 ? "<1 %" : `${Math.round(value * 100)} %`);

// How sure the model in use is that a node's text, and not another one of the project, belongs to its picture.
export function fitText(value) {
  return value === undefined ? "" : `${percent(value)} its own words`;
}

// How many of its agent's samples proposed a node, and how many of these read it otherwise; nothing where none are known.
export function samplesText(samples) {
  if (!samples) return "";
  const { asked, found } = samples;
  const otherwise = ["label", "kind", "text"]
    .filter((name) => (samples[name] ?? found) < found)
    .map((name) => `${name} ${samples[name]} of ${found}`);
  return [`${found} of ${asked}`, ...otherwise].join(", ");
}

// The class of its colour.
export function sureness(value) {
  if (value === null) return "person";
  if (value >= HIGH) return "high";
  return value >= MIDDLE ? "middle" : "low";
}
