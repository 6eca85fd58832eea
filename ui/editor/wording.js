// How times, costs and agents are written.

const SAME_DAY = { hour: "2-digit", minute: "2-digit" };
const OTHER_DAY = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" };

// An ISO time in the reader's zone; without the day where that is today.
export function timeText(iso) {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return iso;
  const today = time.toDateString() === new Date().toDateString();
  return time.toLocaleString(undefined, { ...(today ? SAME_DAY : OTHER_DAY), hourCycle: "h23" });
}

export function secondsText(seconds) {
  if (!seconds) return "";
  if (seconds < 1) return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  return seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

// A cost in the currency of the prices, which has no name here; nothing where it was free.
export function costText(cost) {
  if (!cost) return "";
  return cost < 0.01 ? cost.toPrecision(2) : cost.toFixed(2);
}

export const countText = (count, name) => `${count.toLocaleString("en")} ${name}${count === 1 ? "" : "s"}`;

// Who proposed: the model where one was asked.
export function minerName({ agent, model }) {
  if (agent === "embedded") return "Embedded agent";
  if (agent === "consensus") return "Consensus";
  return model || agent;
}
