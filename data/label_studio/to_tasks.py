"""Hierarchies as Label Studio's tasks, predictions and annotations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from curator.codec import node_to_doc, to_doc
from curator.confidence import figure_confidence
from curator.figure import Article, Figure, FigureState, State, flags
from data.label_studio.to_rows import to_result
from data.label_studio.version import Version

MODEL_VERSION: Final = "curator"
"""One for all figures: Label Studio sorts by the score of one model version only. Each node names its own model."""
SCHEMA_VERSION: Final = 1


def to_task(
    figure: Figure, version: Version, image_url: str, article: Article | None = None, model_version: str = MODEL_VERSION
) -> dict[str, Any]:
    """A new task: proposals as a prediction where nobody has decided on a node, else what stands as an annotation."""
    task: dict[str, Any] = {"data": to_data(figure, version, image_url, article)}
    decided = any(node.state.verified for node in version.hierarchy.nodes())
    if decided or version.state in (FigureState.ACCEPTED, FigureState.SKIPPED):
        task["annotations"] = [to_annotation(figure, version)]
    elif version.state != FigureState.UNMINED:
        task["predictions"] = [to_prediction(figure, version, model_version)]
    return task


def to_data(
    figure: Figure,
    version: Version,
    image_url: str,
    article: Article | None = None,
    earlier: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The task's data: what is shown there, and under ``curator`` what Label Studio has no place for.

    Fields of ``earlier`` that are not ours stay.
    """
    rejected = [node for node in version.hierarchy.nodes() if node.state == State.REJECTED]
    return {
        **(earlier or {}),
        "image": image_url,
        "title": " · ".join(part for part in (article.title if article else "", figure.label) if part) or figure.id,
        "caption": figure.caption,
        "figure_id": figure.id,
        "article_id": figure.article_id,
        "license": figure.license or (article.license if article else None) or "",
        "doi": figure.doi or (article.doi if article else None) or "",
        "curator": {
            "schema_version": SCHEMA_VERSION,
            "figure_id": figure.id,
            "image_sha256": figure.image_sha256,
            "image_wh": list(figure.image_wh),
            "state": str(version.state),
            "reason": version.reason,
            "shared": to_doc(version.hierarchy.shared),
            "rejected": [node_to_doc(node) for node in rejected],
        },
    }


def to_prediction(figure: Figure, version: Version, model_version: str = MODEL_VERSION) -> dict[str, Any]:
    """The hierarchy as a prediction; its score is the figure's confidence, each row's that of its node."""
    prediction: dict[str, Any] = {"model_version": model_version, "result": to_result(figure, version)}
    confidence = figure_confidence(version.hierarchy, flags(version.hierarchy))
    return prediction if confidence is None else {**prediction, "score": confidence}


def to_annotation(figure: Figure, version: Version, earlier: Sequence[Any] = ()) -> dict[str, Any]:
    """The hierarchy as an annotation, beside the foreign rows of ``earlier``, the annotation's result as it stands."""
    return {
        "result": to_result(figure, version, earlier, says_unfinished=True),
        "was_cancelled": version.state == FigureState.SKIPPED,
    }
