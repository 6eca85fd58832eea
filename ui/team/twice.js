// A button that asks before it does: the first press changes its words, the second does it.

import { html } from "../editor/dom.js";

const ASKED_MS = 4000; // guess: then it is as it was

export function twice(text, question, does, attributes = {}) {
  let timer = 0;
  const button = html("button", { type: "button", class: "c-button quiet", ...attributes }, text);
  const rest = () => {
    clearTimeout(timer);
    button.textContent = text;
    button.classList.remove("danger");
    delete button.dataset.asked;
  };
  button.addEventListener("click", () => {
    if (button.dataset.asked) {
      rest();
      does();
      return;
    }
    button.dataset.asked = "true";
    button.textContent = question;
    button.classList.add("danger");
    timer = setTimeout(rest, ASKED_MS);
  });
  return button;
}
