"""Weights of vision-language models from a folder or the hub, checked before they are asked anything."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agents.lvlm.asking.coordinates import QWEN2_5_LEAST_PIXELS, QWEN2_5_MOST_PIXELS, Frame, frame_of
from curator.errors import ModelError
from curator.settings import ModelSettings

if TYPE_CHECKING:
    import torch

_INSTALL = "install them with 'make models' or pip install 'curator[models]'"


@dataclass(frozen=True, slots=True)
class Weights:
    """A model of the transformers library, which types too little of itself for a checker."""

    processor: Any
    model: Any
    ends: frozenset[int]
    """Tokens that end a reply."""


def load_weights(settings: ModelSettings) -> Weights:
    """The model that ``settings.model`` names, in evaluation mode, on CUDA where there is one, else on the CPU.

    Raises:
        ModelError: torch or transformers is missing, the folder or hub has no such model, it is of another kind, its
            name misleads about how it counts boxes, or its weights cannot be read.
    """
    source = settings.model
    if not source:
        raise ModelError("no model is named; set model in [model] to a folder of weights or a name on the hub")
    folder = Path(source).expanduser()
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise ModelError(
                f"the folder {source!r} holds no model: it has no config.json; name the folder that "
                "'hf download' or save_pretrained wrote"
            )
        source = str(folder)
    elif source.startswith(("/", ".", "~")) or folder.is_file():
        raise ModelError(f"there is no folder {source!r}; model in [model] is a folder of weights or a name on the hub")
    library = _library()
    try:
        config = library.AutoConfig.from_pretrained(source)
        if type(config) not in library.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING:
            raise ModelError(
                f"{source!r} is a {config.model_type!r} model, which does not answer with text about pictures; "
                "expected an image-text-to-text model such as Qwen2.5-VL or Qwen3-VL"
            )
        _check_frame(settings, config.model_type)
        device, dtype = _device()
        processor = library.AutoProcessor.from_pretrained(source)
        model = library.AutoModelForImageTextToText.from_pretrained(source, dtype=dtype).to(device).eval()
    except ModelError:
        raise
    except Exception as error:  # readers of weights raise errors of many libraries; kept as the cause
        where, mend = "the hub and its cache on this machine", "without a network, name a folder with the weights"
        if folder.is_dir():
            where, mend = "the folder", "download it again, or update transformers"
        if lacks_memory(error):
            mend = "take a smaller model"
        raise ModelError(
            f"{source!r} cannot be loaded from {where}: {type(error).__name__}: {first_line(error)}; {mend}"
        ) from error
    if getattr(processor, "chat_template", None) is None:
        raise ModelError(f"{source!r} has no chat template, so it cannot be asked; take its instruction-tuned variant")
    _hold_to_resize_rule(processor, settings)
    return Weights(processor, model, _ends_of(model, processor))


def _library() -> Any:
    """The module transformers, which types too little of itself for a checker."""
    try:
        importlib.import_module("torchvision")  # image processors need it and would only say so when first used
        return importlib.import_module("transformers")
    except ImportError as error:
        raise ModelError(f"local weights need packages that are missing ({error}); {_INSTALL}") from error


def _device() -> tuple[str, torch.dtype]:
    import torch

    if not torch.cuda.is_available():
        return "cpu", torch.float32
    return "cuda", torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16


def _check_frame(settings: ModelSettings, model_type: str) -> None:
    """Boxes are read as the model's name tells; a folder may be called anything, so its kind has to tell the same."""
    by_name, by_kind, unknown = (frame_of(replace(settings, model=name)) for name in (settings.model, model_type, ""))
    if by_kind not in (by_name, unknown):
        raise ModelError(
            f"{settings.model!r} is a {model_type!r} model, which counts boxes as {by_kind.value!r}, but its name "
            f"tells {by_name.value!r}; set coordinates in [model] to the one that is right"
        )


def _hold_to_resize_rule(processor: Any, settings: ModelSettings) -> None:
    """Boxes in pixels of the resized picture can only be read if the picture is resized as ``coordinates`` says, and
    copies of Qwen2.5-VL come with other bounds."""
    if frame_of(settings) is Frame.QWEN2_5_PIXELS and "longest_edge" in (processor.image_processor.size or {}):
        processor.image_processor.size = {"shortest_edge": QWEN2_5_LEAST_PIXELS, "longest_edge": QWEN2_5_MOST_PIXELS}


def _ends_of(model: Any, processor: Any) -> frozenset[int]:
    """The tokens that end a reply; from now on the model generates by them alone."""
    said = model.generation_config.eos_token_id
    if said is None:
        said = processor.tokenizer.eos_token_id
    ends = [said] if isinstance(said, int) else list(said)
    padding = processor.tokenizer.pad_token_id
    if padding is None:
        processor.tokenizer.pad_token = processor.tokenizer.eos_token
        padding = processor.tokenizer.eos_token_id
    model.generation_config = _library().GenerationConfig(eos_token_id=ends, pad_token_id=padding)
    return frozenset(ends)


def lacks_memory(error: Exception) -> bool:
    import torch

    # torch says it of the CPU with a bare RuntimeError of its DefaultCPUAllocator
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "DefaultCPUAllocator" in str(error)


def first_line(error: BaseException) -> str:
    """The first line of what an error says: libraries follow it with pages of advice."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
