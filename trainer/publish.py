"""A run's best model as a folder that open_clip loads by itself: ``local-dir:FOLDER``."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from curator.errors import InputError, ModelError, TrainingError
from trainer.best_checkpoint import best_checkpoint
from trainer.checkpoint import Checkpoint
from trainer.config_json import config_to_json
from trainer.evaluate.report import JSON as REPORT
from trainer.evaluate.report import load_report
from trainer.evaluate.subject import CONFIG, ROI_PROCESSOR, Subject, load_trained
from trainer.freezing import merge_lora
from trainer.model_card import render_card
from trainer.onnx_export import export_onnx

WEIGHTS = "open_clip_model.safetensors"
CARD = "README.md"
TRAINING, DATA = "training_config.json", "training_data.json"
_PROBES = ("a", "an arrowhead points at a bright cell", "left lung: no finding, 12 mm")
"""Texts on which the folder is compared with the model before it is given away."""

_ROUNDING = 1e-5
"""Of a component of a unit feature; measured on curator-tiny: below 1e-6."""


@dataclass(frozen=True, slots=True)
class Published:
    folder: Path
    files: tuple[str, ...]


def publish(
    run: Path, target: Path, *, report: Path | None = None, onnx: bool = True, overwrite: bool = False
) -> Published:
    """Writes the run's best model to ``target``, which appears only when it is complete.

    The folder holds weights (LoRA merged, averages where the run kept them), open_clip's configuration, tokenizer files
    where open_clip brings none along, a model card, the training's configuration and data manifest, and both towers as
    ONNX. Before it is given away open_clip loads it, without our code, and its features are compared.

    Args:
        run: a folder that ``curator train`` wrote.
        target: a new folder.
        report: a folder that ``curator evaluate`` wrote, whose numbers the card tells; None: the run's own validation.
        onnx: whether to export the towers.
        overwrite: replaces what ``publish`` wrote to ``target`` before.

    Raises:
        TrainingError: the run has no checkpoint, or ``target`` exists.
        ModelError: the model cannot be made, exported, or loaded again with the same features.
        InputError: there is no such report, or it is of another model.
    """
    if target.exists() and not (overwrite and (target / CONFIG).is_file()):
        raise TrainingError(f"{target} exists; name another with -o, or replace a published model with --overwrite")
    numbers = load_report(report) if report else None
    if numbers and numbers["model"] != run.resolve().name:
        raise InputError(f"{report} tells of {numbers['model']!r}, expected {run.resolve().name!r}; evaluate this run")
    checkpoint = best_checkpoint(run)
    subject = load_trained(run)
    subject.model.cpu()
    if subject.config.lora_rank:
        merge_lora(subject.model)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as scratch:
        fresh = Path(scratch) / target.name
        fresh.mkdir()
        _save_model(subject, fresh)
        _prove(subject, fresh)
        if onnx:
            export_onnx(subject.model.clip, subject.px, subject.tokenizer(list(_PROBES)), fresh)
        _save_papers(run, checkpoint, subject, numbers, fresh)
        _point_to(fresh / CONFIG, fresh, target.resolve())
        if report:
            shutil.copyfile(report / REPORT, fresh / REPORT)
        if target.is_dir():
            os.replace(target, Path(scratch) / "before")
        os.replace(fresh, target)
    return Published(target, tuple(sorted(path.name for path in target.iterdir())))


def _save_model(subject: Subject, folder: Path) -> None:
    from safetensors.torch import save_file

    clip: Any = subject.model.clip
    weights: dict[str, Tensor] = {name: weight.clone().contiguous() for name, weight in clip.state_dict().items()}
    save_file(weights, folder / WEIGHTS)
    (folder / WEIGHTS).chmod(0o644)  # safetensors lets none but the owner read it
    if subject.model.roi_processor is not None:
        save_file(subject.model.roi_processor.state_dict(), folder / ROI_PROCESSOR)
    model_cfg = json.loads(json.dumps(subject.model.clip_config))
    if "hf_model_name" in model_cfg["text_cfg"]:
        clip.text.config.save_pretrained(folder)
        if Path(model_cfg["text_cfg"]["hf_model_name"]).exists():  # else a name on the hub, good on any machine
            model_cfg["text_cfg"]["hf_model_name"] = str(folder)
    if hasattr(subject.tokenizer, "save_pretrained"):
        subject.tokenizer.save_pretrained(folder)
    preprocess_cfg = {
        "mean": list(clip.visual.image_mean),
        "std": list(clip.visual.image_std),
        "interpolation": "bicubic",
        "resize_mode": "squash",  # as trained: trainer.pictures says why
    }
    document = {"model_cfg": model_cfg, "preprocess_cfg": preprocess_cfg}
    (folder / CONFIG).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def _point_to(config: Path, before: Path, after: Path) -> None:
    """Names the text tower's own configuration where the folder will stand: open_clip wants an absolute path there."""
    document = json.loads(config.read_text(encoding="utf-8"))
    if document["model_cfg"]["text_cfg"].get("hf_model_name") == str(before):
        document["model_cfg"]["text_cfg"]["hf_model_name"] = str(after)
        config.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


@torch.inference_mode()
def _prove(subject: Subject, folder: Path) -> None:
    import open_clip

    loaded, _, _ = open_clip.create_model_and_transforms(f"local-dir:{folder}")
    loaded.eval()
    tokens = open_clip.get_tokenizer(f"local-dir:{folder}")(list(_PROBES))
    clip: Any = subject.model.clip.eval()
    pixels = torch.randn((2, 3, subject.px, subject.px), generator=torch.Generator().manual_seed(0))
    same = {
        "tokens": torch.equal(tokens, subject.tokenizer(list(_PROBES))),
        "text features": _near(loaded.encode_text(tokens), clip.encode_text(tokens)),
        "image features": _near(loaded.encode_image(pixels), clip.encode_image(pixels)),
    }
    if wrong := [name for name, equal in same.items() if not equal]:
        raise ModelError(
            f"open_clip loads the published model with other {' and '.join(wrong)} than {subject.config.model!r} has; "
            "nothing was written"
        )


def _near(found: Tensor, wanted: Tensor) -> bool:
    """The same up to the order of additions: where in memory weights lie decides which kernels run."""
    return torch.allclose(functional.normalize(found, dim=-1), functional.normalize(wanted, dim=-1), atol=_ROUNDING)


def _save_papers(
    run: Path, checkpoint: Checkpoint, subject: Subject, numbers: dict[str, Any] | None, folder: Path
) -> None:
    (folder / TRAINING).write_text(config_to_json(checkpoint.config), encoding="utf-8")
    data = json.dumps(checkpoint.snapshot, indent=1, ensure_ascii=False) + "\n"
    (folder / DATA).write_text(data, encoding="utf-8")
    card = render_card(run, checkpoint, subject, numbers, sorted(path.name for path in folder.iterdir()))
    (folder / CARD).write_text(card, encoding="utf-8")
