"""The editor's JavaScript modules as one script."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

_FOLDER = Path(__file__).parent
# in the order of their imports: each module stands after those that it imports
MODULES = (
    "dom.js",
    "icons.js",
    "geometry.js",
    "figure.js",
    "confidence.js",
    "commands.js",
    "state.js",
    "calls.js",
    "figures.js",
    "outbox.js",
    "lease.js",
    "activity.js",
    "saving.js",
    "viewport.js",
    "marks.js",
    "outline.js",
    "canvas.js",
    "pointer.js",
    "nudge.js",
    "segment.js",
    "snap.js",
    "inplace.js",
    "caption.js",
    "tree.js",
    "readings.js",
    "fields.js",
    "queue.js",
    "dialogs.js",
    "wording.js",
    "drawer.js",
    "jobs.js",
    "minings.js",
    "differences.js",
    "compare.js",
    "trace.js",
    "setup.js",
    "agents.js",
    "keys.js",
    "toolbar.js",
    "address.js",
    "status.js",
    "beside.js",
    "actions.js",
    "review.js",
)
_IMPORT = re.compile(r'^import (\{[^}]*\}) from "(?:\./|\.\./\w+/)(\w+)\.js";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:class|function|async function|const) (\w+))", re.MULTILINE)


def bundle() -> str:
    """The script that starts the editor in ``element`` with the functions of ``server``."""
    return f"{as_script(MODULES)}\nmodule_review.startReview(element, server);\n"


def as_script(names: Iterable[str], folder: Path = _FOLDER) -> str:
    """Modules as one script, without a build step; each stands after those that it imports.

    Names are relative to ``folder``; no two files may have the same name.

    Each module becomes a function of its own, so that its names stay its own: its imports turn into constants taken
    from the modules before it, its exports into what the function returns.
    """
    return "\n".join(['"use strict";', *(_as_function(folder / name) for name in names)])


def _as_function(path: Path) -> str:
    source = path.read_text(encoding="utf-8")
    exports = ", ".join(_EXPORT.findall(source))
    body = _EXPORT.sub("", _IMPORT.sub(r"const \1 = module_\2;", source))
    return f"const module_{path.stem} = (() => {{\n{body}return {{ {exports} }};\n}})();"
