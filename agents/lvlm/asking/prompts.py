"""The prompts as files (``prompts/NAME.md``), each known by its hash."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from curator.errors import MiningError

_FACTS = "```json\n{{facts}}"
_FIELD = re.compile(r"\{\{\s*(\w+)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is asked, with places such as ``{{facts}}`` that are filled in for each figure."""

    name: str
    text: str
    sha256: str
    """Hash of the file before anything was filled in: a changed prompt is another prompt."""

    def with_part(self, part: Prompt) -> Prompt:
        """This prompt with the text of another file before its facts, under both names."""
        before, fence, facts = self.text.rpartition(_FACTS)
        text = f"{before}{part.text.strip()}\n\n{fence}{facts}"
        return Prompt(f"{self.name}+{part.name}", text, hashlib.sha256(text.encode()).hexdigest())

    @property
    def fields(self) -> frozenset[str]:
        """The names of the places to fill."""
        return frozenset(_FIELD.findall(self.text))

    def fill(self, **fields: str) -> str:
        """The prompt with every place filled; what is filled in is not searched for places again.

        Raises:
            MiningError: a field that the prompt has no place for, or a place without a field.
        """
        unknown, missing = set(fields) - self.fields, self.fields - set(fields)
        if unknown or missing:
            wrong = [f"no place for {name!r}" for name in sorted(unknown)]
            wrong += [f"nothing given for {name!r}" for name in sorted(missing)]
            raise MiningError(
                f"prompt {self.name!r} cannot be filled: {', '.join(wrong)}; it has places for {sorted(self.fields)!r}"
            )
        return _FIELD.sub(lambda match: fields[match[1]], self.text)


@cache
def load_prompt(name: str) -> Prompt:
    """The prompt of the file ``prompts/NAME.md``.

    Raises:
        MiningError: there is no such file; the message names those that exist.
    """
    folder = files("agents.lvlm") / "prompts"
    there = {entry.name.removesuffix(".md"): entry for entry in folder.iterdir() if entry.name.endswith(".md")}
    if name not in there:
        raise MiningError(f"there is no prompt {name!r}; those that exist: {sorted(there)!r}")
    data = there[name].read_bytes()
    return Prompt(name, data.decode("utf-8"), hashlib.sha256(data).hexdigest())
