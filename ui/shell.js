// The header: theme switch, project and user, and which tab the address shows.
//
// The address is the page's memory: "#figure=ID&filter=JSON" is the Review tab, "#queue..." and "#dashboard" are theirs.
// Changing tab by hand rewrites the address without a hashchange event, so that no tab loads what it already shows.

const root = document.documentElement;

function setTheme(name) {
  root.dataset.theme = name;
  document.body.classList.toggle("dark", name === "dark");
}

const system = matchMedia("(prefers-color-scheme: dark)");
const chosen = () => localStorage.getItem("curator.theme") || (system.matches ? "dark" : "light");
setTheme(chosen());
system.addEventListener("change", () => setTheme(chosen()));
// the framework sets its own class from the system's colour scheme; ours wins
new MutationObserver(() => {
  const dark = root.dataset.theme === "dark";
  if (document.body.classList.contains("dark") !== dark) document.body.classList.toggle("dark", dark);
}).observe(document.body, { attributes: true, attributeFilter: ["class"] });

element.querySelector(".project").textContent = props.project;
element.querySelector(".project").title = props.folder;

// Who uses the page and what they may do. What needs a right carries data-right="NAME" and is hidden by theme.css
// until data-rights of the document names it; the server refuses it in any case.
const user = element.querySelector(".user");
async function showUser() {
  const answer = await fetch("/me");
  if (!answer.ok) return;
  const me = await answer.json();
  root.dataset.rights = me.rights.join(" ");
  root.dataset.user = me.name;
  user.textContent = me.name;
  if (me.accounts) user.href = "/account";
  element.querySelector(".logout").hidden = !me.accounts;
}
const known = showUser().catch(() => {}); // without an answer nothing that needs a right is shown

element.querySelector(".logout").addEventListener("click", async () => {
  await fetch("/logout", { method: "POST", redirect: "manual" });
  location.assign("/login");
});

// A session that has ended is told without leaving the page: what is not saved yet is saved after the next login.
const ask = window.fetch;
window.fetch = async (...asked) => {
  const answer = await ask(...asked);
  if (answer.status === 401 && new URL(answer.url, location.href).origin === location.origin) {
    user.textContent = "Logged out: log in again";
    user.title = "Opens the login beside this page; what is not saved yet is saved after it";
    user.href = "/login?next=/account";
    user.target = "_blank";
    root.dataset.session = "over";
  } else if (root.dataset.session === "over" && answer.ok) {
    delete root.dataset.session;
    user.removeAttribute("target");
    user.title = "Your account";
    showUser();
  }
  return answer;
};
element.querySelector(".theme").addEventListener("click", () => {
  const name = root.dataset.theme === "dark" ? "light" : "dark";
  localStorage.setItem("curator.theme", name);
  setTheme(name);
});

const buttons = () => [...document.querySelectorAll('#tabs > .tab-wrapper button[role="tab"]')];
const nameOf = (button) => button.textContent.trim().toLowerCase();
const shown = () => {
  const button = buttons().find((one) => one.getAttribute("aria-selected") === "true");
  return button ? nameOf(button) : "";
};
const wanted = () => {
  const name = location.hash.slice(1).split("&")[0];
  const button = buttons().find((one) => nameOf(one) === name);
  return button && getComputedStyle(button).display !== "none" ? name : "review";
};
const lastHash = {};
// "#review" and what is no tab's name: shown as Review, but nothing to come back to
const lost = () => wanted() === "review" && /^#[^=&]+(&|$)/.test(location.hash);
const remember = () => {
  if (!lost()) lastHash[wanted()] = location.hash;
};

function show(name) {
  const button = buttons().find((one) => nameOf(one) === name);
  if (button && shown() !== name) button.click();
}

let routing = false;
function followAddress() {
  routing = true;
  if (lost()) {
    history.replaceState(null, "", location.pathname + location.search + (lastHash.review || ""));
    document.dispatchEvent(new CustomEvent("curator:tab", { detail: "review" }));
  }
  remember();
  show(wanted());
  routing = false;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest && event.target.closest('#tabs > .tab-wrapper button[role="tab"]');
  if (!button) return;
  const name = nameOf(button);
  if (!routing && name !== wanted()) {
    remember();
    const hash = lastHash[name] || (name === "review" ? "" : "#" + name);
    history.pushState(null, "", location.pathname + location.search + hash);
  }
  document.dispatchEvent(new CustomEvent("curator:tab", { detail: name }));
}, true);

window.addEventListener("hashchange", followAddress);

// a tab that is still loading may write its address after a person has gone on to another tab
window.navigation?.addEventListener("currententrychange", (event) => {
  if (routing || !shown()) return;
  remember();
  if (event.navigationType !== "replace" || shown() === wanted()) return;
  history.replaceState(null, "", location.pathname + location.search + (lastHash[shown()] || "#" + shown()));
});

// the tab bar is drawn after this component
const ready = new MutationObserver(begin);
async function begin() {
  if (!buttons().length) return;
  ready.disconnect();
  await known; // which tabs there are
  followAddress();
  root.dataset.shell = "ready";
}
ready.observe(document.body, { childList: true, subtree: true });
begin();
