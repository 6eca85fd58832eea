"""Sending: what a figure shall be there, written so that doing it again changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curator.errors import StaleError, SyncError
from curator.figure import Article, Figure, FigureState
from data.label_studio.client import LabelStudio
from data.label_studio.images import Link
from data.label_studio.there import There
from data.label_studio.to_tasks import MODEL_VERSION, to_annotation, to_data, to_prediction, to_task
from data.label_studio.validation import check_part, check_task
from data.label_studio.version import Version


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A figure as Label Studio shall have it."""

    figure: Figure
    article: Article | None
    image: Link
    version: Version
    revision: int
    """Of the figure's review that it comes from."""


@dataclass(frozen=True, slots=True)
class Written:
    """What came of writing."""

    annotation_id: int | None
    """The annotation that holds the figure; None where a prediction does."""
    was_over: bool = False
    """Whether somebody saved the annotation in the same moment, and what they saved was written over."""


def wants_annotation(version: Version) -> bool:
    """Whether a person has decided anything; else a prediction holds the proposals."""
    closed = version.state in (FigureState.ACCEPTED, FigureState.SKIPPED)
    return closed or any(node.state.verified for node in version.hierarchy.nodes())


def differs(there: There, version: Version) -> bool:
    """Whether anything must be written there so that it holds ``version``."""
    if version != there.version:
        return True
    if there.annotation is not None:
        return False
    return wants_annotation(version) or (there.task.prediction is None and version.state != FigureState.UNMINED)


def write(server: LabelStudio, config: str, outgoing: Outgoing, there: There, foreign: Sequence[object]) -> Written:
    """Writes the figure into its task.

    ``foreign``: rows of an annotation that was deleted there, for a new one. Killed anywhere in between, the next merge
    finds what was done done.

    Raises:
        SyncError: somebody has begun to change the annotation there, which writing would throw away; or as
        ``LabelStudio``. StaleError: it was saved since it was read.
    """
    figure, version, task = outgoing.figure, outgoing.version, there.task
    data = to_data(figure, version, outgoing.image.url, outgoing.article, task.data)
    earlier = there.earlier or list(foreign)
    annotated = there.annotation is not None or wants_annotation(version)
    part = to_annotation(figure, version, earlier) if annotated else to_prediction(figure, version)
    check_part(part, config, earlier)
    if there.annotation is not None:
        _refuse_begun(server, task.id, there.annotation["id"])
    if data != task.data:
        server.change_task(task.id, data)
    if there.annotation is not None:
        return _write_over(server, there.annotation, part)
    if annotated:
        return Written(server.create_annotation(task.id, part))
    if task.prediction is None:
        server.create_prediction(task.id, part)
    else:
        server.change_prediction(task.prediction["id"], part)
    return Written(None)


def _refuse_begun(server: LabelStudio, task_id: int, annotation_id: int) -> None:
    begun = [draft for draft in server.drafts(task_id) if draft.get("annotation") == annotation_id]
    if begun:
        raise SyncError(
            f"{begun[0].get('user') or 'somebody'} has changed it in Label Studio and not submitted that; it is sent "
            "once that is submitted, or discarded there"
        )


def _write_over(server: LabelStudio, seen: Mapping[str, Any], part: Mapping[str, Any]) -> Written:
    """Label Studio has no version check. So the annotation is looked at once more right before, and what comes back
    tells whether an editor saved it in between after all: each save there adds to ``lead_time``, which we never send.
    """
    annotation_id = int(seen["id"])
    now = server.annotation(annotation_id)
    if now.get("updated_at") != seen.get("updated_at"):
        raise StaleError(f"annotation {annotation_id} was saved in Label Studio since it was read")
    written = server.change_annotation(annotation_id, part)
    return Written(annotation_id, written.get("lead_time") != now.get("lead_time"))


def make(server: LabelStudio, config: str, project_id: int, figures: Sequence[Outgoing]) -> list[int]:
    """Makes a task for each figure; their ids. None of them may have one there: look for it first."""
    tasks = []
    for outgoing in figures:
        task = to_task(outgoing.figure, outgoing.version, outgoing.image.url, outgoing.article)
        check_task(task, config)
        for annotation in task.get("annotations", ()):
            annotation["ground_truth"] = False  # an import makes it one otherwise
        tasks.append(task)
    return server.import_tasks(project_id, tasks)


def keep_model_version(server: LabelStudio, project_id: int) -> None:
    """Label Studio sorts by the score of the project's model version only, and takes one only that has predictions."""
    project = server.project(project_id)
    if project.get("model_version") != MODEL_VERSION and project.get("total_predictions_number"):
        server.change_project(project_id, {"model_version": MODEL_VERSION})
