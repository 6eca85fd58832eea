"""Features of texts, by text."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from trainer.evaluate.subject import Subject


class TextBook:
    """Encodes each text once."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._features: dict[str, Tensor] = {}

    def of(self, texts: Sequence[str]) -> Tensor:
        """float [n, d]"""
        fresh = [text for text in dict.fromkeys(texts) if text not in self._features]
        self._features.update(zip(fresh, self._subject.texts(fresh), strict=True))
        found = [self._features[text] for text in texts]
        return torch.stack(found) if found else torch.zeros((0, self._subject.model.dim))
