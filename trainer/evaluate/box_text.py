"""A box in a panel's picture, and texts: which one it shows, where each of them points, which sentence fits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import torch
from torch import Tensor

from curator.geometry import Box
from trainer.batch import Children
from trainer.evaluate.grounding import Phrase, similarity_map
from trainer.evaluate.negatives import HardNegatives, prefer
from trainer.evaluate.seen import Seen
from trainer.evaluate.subject import Subject
from trainer.evaluate.text_book import TextBook


class Boxes:
    """Takes panels with their regions, batch after batch, and keeps what is asked about them."""

    def __init__(self, subject: Subject, book: TextBook) -> None:
        self._subject, self._book = subject, book
        self.phrases: list[Phrase] = []
        self._features: list[Tensor] = [book.of([])]
        self._negated: list[str] = []
        self._negatives: list[str] = []
        self._region_of: list[int] = []
        self._articles: list[str] = []

    @torch.inference_mode()
    def features(self, panels: Sequence[Sequence[Seen]]) -> Tensor:
        """float [n, d]: of the panels' regions, made as the model was trained to make them."""
        subject = self._subject
        encoded = subject.model.encode_images(subject.pixels([panel[0].square for panel in panels]))
        some = [one for panel in panels for one in panel]
        children = Children(
            torch.tensor([number for number, panel in enumerate(panels) for _ in panel], device=subject.device),
            torch.tensor([one.box_xyxy for one in some], device=subject.device),
            torch.zeros((len(some), 0), dtype=torch.int64),
            subject.pixels([one.crop for one in some]) if subject.model.regions == "crop" else None,
            None,
            None,
        )
        features = subject.model.region_features(encoded, children).float().cpu()
        for panel, cells in zip(panels, subject.model.cell_features(encoded).float().cpu(), strict=True):
            self._point(cells, panel)
        self._ask(some, features)
        return features

    def negatives(self) -> HardNegatives:
        return prefer(
            torch.cat(self._features),
            self._book.of(self._negated),
            self._book.of(self._negatives),
            torch.tensor(self._region_of, dtype=torch.int64),
            self._articles,
        )

    def _point(self, cells: Tensor, panel: Sequence[Seen]) -> None:
        boxes: dict[str, list[Box]] = defaultdict(list)
        first: dict[str, str] = {}
        for one in panel:
            boxes[one.text].append(one.box_xyxy)
            first.setdefault(one.text, one.item_id)
        features = self._book.of(list(boxes))
        for feature, (text, found) in zip(features, boxes.items(), strict=True):
            similarity = similarity_map(cells, feature)
            self.phrases.append(Phrase(similarity, tuple(found), panel[0].article_id, first[text], text))

    def _ask(self, some: Sequence[Seen], features: Tensor) -> None:
        for one, feature in zip(some, features, strict=True):
            if one.negatives:
                self._region_of += [len(self._negated)] * len(one.negatives)
                self._negatives += one.negatives
                self._negated.append(one.negated)
                self._features.append(feature.unsqueeze(0))
                self._articles.append(one.article_id)
