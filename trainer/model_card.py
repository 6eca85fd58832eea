"""The model card: what a model is, what it was trained on, what it is worth, how it is loaded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.checkpoint import Checkpoint
from trainer.config import LEVELS
from trainer.evaluate.subject import ROI_PROCESSOR, Subject
from trainer.metrics import read_metrics
from trainer.model import has_weights
from trainer.onnx_export import IMAGE, TEXT
from trainer.run_folder import RunFolder

if TYPE_CHECKING:
    from trainer.config import TrainConfig

_TASKS = {"figure": "figures", "panel": "panels", "region": "regions, cut out", "box": "regions, as boxes in panels"}
_WAYS = {"image_to_text": "image to text", "text_to_image": "text to image"}


def render_card(
    run: Path, checkpoint: Checkpoint, subject: Subject, report: Mapping[str, Any] | None, files: Sequence[str]
) -> str:
    """Markdown with the hub's header.

    Args:
        run: the run's folder.
        checkpoint: of the model.
        subject: the model.
        report: of ``curator evaluate``; None: the numbers are those of the run's validation.
        files: names that the model's folder holds.
    """
    return "\n".join(
        [
            *_header(),
            f"# {subject.name}",
            "",
            _summary(checkpoint),
            "",
            *_use(subject, files),
            *_data(checkpoint.snapshot),
            *_training(checkpoint),
            *(_measured(report) if report else _validated(run, checkpoint)),
            *_limits(checkpoint),
        ]
    )


def _header() -> list[str]:
    tags = ("clip", "biomedical", "region-aware")
    return [
        "---",
        "library_name: open_clip",
        "pipeline_tag: zero-shot-image-classification",
        "license: other",
        "tags:",
        *(f"- {tag}" for tag in tags),
        "---",
        "",
    ]


def _summary(checkpoint: Checkpoint) -> str:
    config, snapshot = checkpoint.config, checkpoint.snapshot
    pairs = snapshot["pairs"]["train"]
    weights = f"`{config.model}`" + (f" with the weights `{config.pretrained}`" if config.pretrained else "")
    weights = weights if has_weights(config) else f"random weights of {weights}"
    return (
        f"A CLIP for scientific figures, trained from {weights} on {pairs['M']} figures, {pairs['P']} panels and "
        f"{pairs['R']} regions by the curriculum `{config.preset}`; the weights are those of step "
        f"{checkpoint.progress.step} of {config.steps}."
    )


def _use(subject: Subject, files: Sequence[str]) -> Iterator[str]:
    yield from (
        "## Use",
        "",
        "```python",
        "import open_clip",
        "",
        'model, _, preprocess = open_clip.create_model_and_transforms("local-dir:PATH/OF/THIS/FOLDER")',
        'tokenizer = open_clip.get_tokenizer("local-dir:PATH/OF/THIS/FOLDER")',
        "```",
        "",
        f"Pictures are squashed to {subject.px} x {subject.px} pixels, as `preprocess` does, never cropped. Texts were "
        "in lower case and without punctuation in training.",
        "",
    )
    if "config.json" in files:
        yield from (
            "The text tower's configuration is `config.json`; open_clip finds it by `hf_model_name` in "
            "`open_clip_config.json`. Where that is a path and this folder was moved, or a name and there is no "
            "network, load the model so:",
            "",
            "```python",
            "import json, pathlib",
            "",
            'folder = pathlib.Path("PATH/OF/THIS/FOLDER").resolve()',
            'text = json.loads((folder / "open_clip_config.json").read_text())["model_cfg"]["text_cfg"]',
            'text |= {"hf_model_name": str(folder), "hf_model_pretrained": False}',
            'model, _, preprocess = open_clip.create_model_and_transforms(f"local-dir:{folder}", text_cfg=text)',
            "```",
            "",
        )
    if ROI_PROCESSOR in files:
        yield from (
            "Regions were trained with a processor that lets them look at the whole image (RegionMed-CLIP). open_clip "
            f"does not know it: it stands in `{ROI_PROCESSOR}`, and `curator evaluate` and `curator train "
            "--model local-dir:...` use it. Features of whole images do not need it.",
            "",
        )
    if IMAGE in files:
        yield from (
            f"`{IMAGE}` (`pixels`, float32 [n, 3, {subject.px}, {subject.px}], normalised as `preprocess` does) and "
            f"`{TEXT}` (`tokens`, int64 [n, context]) give `features`, float32 [n, {subject.model.dim}] of unit "
            "length.",
            "",
        )


def _data(snapshot: Mapping[str, Any]) -> Iterator[str]:
    yield from ("## Training data", "")
    yield (
        ("Only what a person accepted or edited" if snapshot["verified_only"] else "Verified and open proposals alike")
        + f"; SHA-256 of the export `{snapshot['sha256']}`. All of it: `training_data.json`."
    )
    splits = list(snapshot["figures"])
    rows = [
        ("articles", *(snapshot["articles"][split] for split in splits)),
        *((name, *(snapshot["pairs"][split][level] for split in splits)) for level, name in LEVELS.items()),
    ]
    yield from ("", *_table(("pairs", *splits), rows), "")
    for title, counts in (
        ("Kinds of panels", _summed(snapshot["kinds"])),
        ("Licences of figures", _summed(snapshot["licenses"])),
        ("State of figures", snapshot["states"].get("figures", {})),
        ("State of panels", snapshot["states"].get("panels", {})),
        ("State of regions", snapshot["states"].get("regions", {})),
        ("Made or last edited by", snapshot["agents"]),
        ("Models that proposed", snapshot["models"]),
        ("Left out", snapshot["left_out"]),
    ):
        if counts:
            yield f"- {title}: " + ", ".join(f"{name} {count}" for name, count in counts.items())
    yield from (*(f"- Note: {warning}" for warning in snapshot["warnings"]), "")


def _training(checkpoint: Checkpoint) -> Iterator[str]:
    config: TrainConfig = checkpoint.config
    stages = ", ".join(f"{stage.name} ({'-'.join(stage.cycle)}, {stage.share:.0%})" for stage in config.stages)
    yield from (
        "## Training",
        "",
        f"Stages: {stages}. {config.batch} images a step and process, {config.image_px} px, learning rate "
        f"{config.lr:g}, weight decay {config.weight_decay:g}, loss {config.loss}, regions by {config.regions}. "
        "All of it: `training_config.json`.",
        "",
    )


def _measured(report: Mapping[str, Any]) -> Iterator[str]:
    data, results = report["data"], report["results"]
    beside = f", beside {report['start']}" if report["start"] else ""
    yield from (
        "## Evaluation",
        "",
        f"Model {report['model']}{beside}; split {data['split']} of `{data['export']}` (`{data['sha256'][:12]}`), "
        f"{data['articles']} articles. In brackets 95 % intervals; all numbers: `report.json`.",
        "",
    )
    rows = [
        (f"{_TASKS[task]}, {_WAYS[way]}", found["pool"], *(_number(found[f"r{k}"]) for k in (1, 5, 10)))
        for task, ways in results["retrieval"].items()
        for way, found in ways.items()
    ]
    yield from (*_table(("retrieval", "pool", "R@1", "R@5", "R@10"), rows), "")
    others = []
    if grounding := results["grounding"]:
        others += [("pointing game", _number(grounding["pointing"])), ("grounding IoU", _number(grounding["iou"]))]
    if negatives := results["negatives"]:
        others.append(("hard negatives, accuracy", _number(negatives["accuracy"])))
    if classes := results["classes"]:
        others.append(("zero-shot classification, accuracy", _number(classes["zero_shot"]["accuracy"])))
        others += [(f"from {few['shots']} a class, accuracy", _number(few["accuracy"])) for few in classes["few_shot"]]
    if others:
        yield from (*_table(("other", ""), others), "")


def _validated(run: Path, checkpoint: Checkpoint) -> Iterator[str]:
    """R@1 on the validation split, before training and at the model's step."""
    evaluations = {line["step"]: line["levels"] for line in read_metrics(RunFolder(run).metrics) if "levels" in line}
    found, start = evaluations.get(checkpoint.progress.step), evaluations.get(0, {})
    if not found:
        return
    rows = [
        (
            f"{LEVELS[level]}, {way}",
            int(numbers[pool]),
            f"{numbers[key]:.1%}",
            f"{start[level][key]:.1%}" if level in start else "",
        )
        for level, numbers in found.items()
        for key, pool, way in (("a2b_r1", "pool_b", "image to text"), ("b2a_r1", "pool_a", "text to image"))
    ]
    yield from (
        "## Evaluation",
        "",
        "On the validation split, by which the step was chosen; `curator evaluate` measures on the test split.",
        "",
        *_table(("retrieval", "pool", "R@1", "before training"), rows),
        "",
    )


def _limits(checkpoint: Checkpoint) -> Iterator[str]:
    yield from (
        "## Limits and licence",
        "",
        "For research on figures and their texts; not for diagnosis or any clinical decision. It has seen what the "
        "captions of the figures above say, with their mistakes and their choice of cases.",
        "",
        f"The licence of these weights follows from that of the model they started from (`{checkpoint.config.model}`) "
        "and of the figures listed above; whoever passes them on has to settle it.",
        "",
    )


def _summed(of_splits: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for counts in of_splits.values():
        for name, count in counts.items():
            total[name] = total.get(name, 0) + count
    return dict(sorted(total.items(), key=lambda item: (-item[1], item[0])))


def _table(heads: Iterable[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    heads = list(heads)
    yield "| " + " | ".join(heads) + " |"
    yield "|" + "---|" * len(heads)
    for row in rows:
        yield "| " + " | ".join(str(cell) for cell in row) + " |"


def _number(number: Mapping[str, Any]) -> str:
    """ "12.0 % (8.1 to 16.0), start 2.0 %"."""
    text = f"{number['value'] * 100:.1f} %"
    if number["low"] is not None:
        text += f" ({number['low'] * 100:.1f} to {number['high'] * 100:.1f})"
    return text if number["start"] is None else f"{text}, start {number['start']['value'] * 100:.1f} %"
