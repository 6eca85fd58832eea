// Every action that a key can call, with its default keys. The cheat sheet shows this table.

// `review` is the screen. `run` answers false where the key means nothing now, so that the browser may have it.
export function actionTable(review) {
  const { state } = review;
  const action = (group, id, title, keys, run) => ({ group, id, title, keys, run });
  const selected = (run) => () => (state.selectedId ? run(state.selectedId) : false);
  const arrow = (dx, dy, otherwise) => () => review.nudge.by(dx, dy, 0, 0) || (otherwise ? otherwise() : false);
  // an outline that waits becomes a box of that level; else one is drawn
  const tool = (level) => () => review.segment.accept(level) || state.set({ tool: level });
  const previous = () => review.go(-1);
  const next = () => review.go(1);
  return [
    action("Figure", "enter", "Accept and go on; with a box selected, edit its caption", ["Enter"], () =>
      review.segment.accept() || (state.selectedId ? review.editCaption(state.selectedId) : review.acceptFigure()),
    ),
    action("Figure", "accept-figure", "Accept with all open proposals, and go on", ["Shift+A", "Shift+Enter"], () =>
      review.acceptFigure(),
    ),
    action("Figure", "skip", "Skip the figure with a reason", ["s"], () => review.skip()),
    action("Figure", "next", "Next figure", ["j", "PageDown"], next),
    action("Figure", "previous", "Previous figure", ["k", "PageUp"], previous),
    action("Figure", "bulk", "Accept above a confidence", ["b"], () => review.bulk.toggle()),
    action("Figure", "undo", "Undo", ["Ctrl+Z"], () => review.saving.undo()),
    action("Figure", "redo", "Redo", ["Ctrl+Shift+Z", "Ctrl+Y"], () => review.saving.redo()),

    action("Agents", "agents", "Agents: mine again, proposals kept aside", ["g"], () => review.agents.toggle()),
    action("Agents", "compare", "Compare with the newest other proposal, and back", ["c"], () =>
      review.agents.toggleCompare(),
    ),
    action("Agents", "adopt", "Adopt the chosen levels of what is compared", ["y"], () =>
      review.agents.compare.isOpen ? review.agents.compare.adopt() : false,
    ),
    action("Agents", "trace", "What the model saw and said", ["i"], () => review.agents.toggleTrace()),

    action(
      "Box",
      "accept",
      "Accept the box",
      ["a"],
      selected((id) => review.judge(id, "accepted")),
    ),
    action(
      "Box",
      "reject",
      "Reject the box and what is below it",
      ["x"],
      selected((id) => review.judge(id, "rejected")),
    ),
    action(
      "Box",
      "remove",
      "Delete the box",
      ["Delete", "Backspace"],
      selected((id) => review.remove(id)),
    ),
    action(
      "Box",
      "label",
      "Change its label or kind",
      ["l", "F2"],
      selected(() => review.fields.focusFirst()),
    ),
    action(
      "Box",
      "similar",
      "Find similar panels and regions",
      ["Shift+S"],
      selected((id) => review.findSimilar(id)),
    ),
    action("Box", "left", "Left; without a box, previous figure", ["ArrowLeft"], arrow(-1, 0, previous)),
    action("Box", "right", "Right; without a box, next figure", ["ArrowRight"], arrow(1, 0, next)),
    action("Box", "up", "Up; without a box, previous figure", ["ArrowUp"], arrow(0, -1, previous)),
    action("Box", "down", "Down; without a box, next figure", ["ArrowDown"], arrow(0, 1, next)),
    action("Box", "left-10", "10 px left", ["Shift+ArrowLeft"], arrow(-10, 0)),
    action("Box", "right-10", "10 px right", ["Shift+ArrowRight"], arrow(10, 0)),
    action("Box", "up-10", "10 px up", ["Shift+ArrowUp"], arrow(0, -10)),
    action("Box", "down-10", "10 px down", ["Shift+ArrowDown"], arrow(0, 10)),
    action("Box", "narrower", "Narrower", ["Alt+ArrowLeft"], () => review.nudge.by(0, 0, -1, 0)),
    action("Box", "wider", "Wider", ["Alt+ArrowRight"], () => review.nudge.by(0, 0, 1, 0)),
    action("Box", "lower", "Less high", ["Alt+ArrowUp"], () => review.nudge.by(0, 0, 0, -1)),
    action("Box", "higher", "Higher", ["Alt+ArrowDown"], () => review.nudge.by(0, 0, 0, 1)),

    action("Select", "cycle", "Next larger box under the pointer", ["Tab"], () => review.pointer.cycle(1)),
    action("Select", "cycle-back", "Next smaller box under the pointer", ["Shift+Tab"], () => review.pointer.cycle(-1)),
    action("Select", "parent", "Its parent", ["u"], () => review.selectParent()),
    action("Select", "child", "Its first child", ["d"], () => review.selectChild()),
    action("Select", "escape", "Leave the tool or the selection", ["Escape"], () => review.escape()),

    action("Caption words", "assign", "Give the selected words to the selected box", ["t"], () =>
      review.caption.assign(state.selectedId, "set"),
    ),
    action("Caption words", "assign-add", "Add them to its words", ["Shift+T"], () =>
      review.caption.assign(state.selectedId, "add"),
    ),
    action("Caption words", "assign-remove", "Take them from its words", ["Alt+t"], () =>
      review.caption.assign(state.selectedId, "remove"),
    ),

    action("Draw", "tool-select", "Select and move", ["v"], () => state.set({ tool: "select" })),
    action("Draw", "tool-panel", "Panel (Shift keeps the tool)", ["p"], tool("panel")),
    action("Draw", "tool-marker", "Marker", ["m"], tool("marker")),
    action("Draw", "tool-region", "Region", ["r"], tool("region")),
    action("Draw", "tool-segment", "Point at a thing: its outline becomes a box", ["w"], () =>
      state.set({ tool: "segment" }),
    ),
    action("Draw", "snap", "Draw the selected box tight around what it means", ["Shift+W"], () =>
      review.snap.selected(),
    ),

    action("View", "fit", "Fit the figure", ["f", "Home"], () => review.fit()),
    action("View", "zoom-in", "Zoom in", ["+", "="], () => review.zoom(1.25)),
    action("View", "zoom-out", "Zoom out", ["-"], () => review.zoom(0.8)),
    action(
      "View",
      "zoom-selected",
      "Zoom to the box",
      ["z"],
      selected(() => review.zoomToSelected()),
    ),
    action("View", "marks", "Numbers on the boxes", ["n"], () => state.set({ showMarks: !state.showMarks })),
    action("View", "rejected", "Show rejected boxes", ["Shift+X"], () =>
      state.set({ showRejected: !state.showRejected }),
    ),
    ...["panels", "markers", "regions"].map((name, index) =>
      action("View", `hide-${name}`, `Show or hide ${name}`, [`Alt+${index + 1}`], () =>
        review.toggleLevel("hidden", index),
      ),
    ),
    ...["panels", "markers", "regions"].map((name, index) =>
      action("View", `lock-${name}`, `Lock or unlock ${name}`, [`Alt+Shift+${index + 1}`], () =>
        review.toggleLevel("locked", index),
      ),
    ),
    action("View", "help", "These keys", ["?"], () => review.cheatSheet.open()),
  ];
}
