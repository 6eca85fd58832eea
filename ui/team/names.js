// Whether readers are called by their names where somebody chooses between them; a choice of this browser.

const KEY = "curator.team.names";

export const areNamed = () => localStorage.getItem(KEY) === "shown";
export const name = (on) => localStorage.setItem(KEY, on ? "shown" : "hidden");
export const readersOf = ({ first_who: first, second_who: second }) => (areNamed() ? [first, second] : ["First", "Second"]);
