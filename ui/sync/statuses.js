// Where a figure stands between here and Label Studio, in words.

import { countText } from "../editor/wording.js";

export const STATUSES = ["conflict", "failed", "waiting", "changed there", "synced", "left out", "new"];

const WORDS = {
  synced: ["in step", "Both sides hold the same"],
  waiting: ["waits to go", "Changed here; the next pass sends it"],
  "changed there": ["changed there", "Changed in Label Studio; it is read once nobody edits it here"],
  conflict: ["conflict", "Both sides changed the same; a person decides"],
  failed: ["failed", "Could not be sent or read; it is tried again"],
  "left out": ["left out", "Not sent or read any more; its image there stays in sight"],
  new: ["not there", "Mined here, and not chosen to go there"],
};

export const statusText = (status) => WORDS[status][0];
export const statusTitle = (status) => WORDS[status][1];

// "in 12 s", "3 min ago"; `at` is a Unix time in seconds.
export function whenText(at, now = Date.now() / 1000) {
  const seconds = Math.round(at - now);
  const size = Math.abs(seconds);
  if (size < 2) return "now";
  const said =
    size < 90
      ? `${size} s`
      : size < 5400
        ? `${Math.round(size / 60)} min`
        : size < 129600
          ? `${Math.round(size / 3600)} h`
          : `${Math.round(size / 86400)} days`;
  return seconds > 0 ? `in ${said}` : `${said} ago`;
}

// What came of "send" or "leave out"; much of it goes on beside the page.
export function pickedText(name, { count, picking }) {
  const figures = countText(count, "figure");
  if (name === "sync_send") return picking ? `${figures} are being put in the outbox` : `${figures} put in the outbox`;
  return picking ? `${figures} are being left out` : `${figures} left out from now on`;
}

export const isoSeconds = (iso) => Date.parse(iso) / 1000;
