"""Vision-language models with local weights, run by the transformers library: Qwen2.5-VL, Qwen3-VL and their like."""

from __future__ import annotations

import importlib
import io
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from agents.lvlm.coordinates import QWEN2_5_LEAST_PIXELS, QWEN2_5_MOST_PIXELS, Frame, frame_of
from agents.lvlm.model import Message, Sampling, Schema
from agents.lvlm.providers.batching import GATHER_S, Batcher
from agents.lvlm.providers.openai_protocol import with_schema_told
from curator.errors import ModelError
from curator.exchange import Finish, Reply
from curator.settings import ModelSettings

if TYPE_CHECKING:
    import torch

INSTALL = "install them with 'make models' or pip install 'curator[models]'"


@dataclass(frozen=True, slots=True)
class _Request:
    chat: list[dict[str, Any]]
    sampling: Sampling


class TransformersModel:
    """An image-text-to-text model from a folder or the hub (``settings.model``) on one device.

    CUDA in bfloat16 (float16 where the card has none), else the CPU in float32. Requests of several threads that are
    open at the same time are generated together, up to ``settings.in_flight``; a batch that does not fit the memory is
    halved. Words are drawn by the request's own temperature and seed alone: sampling rules in the model's folder
    (top-k, repetition penalty) are left out, since a penalty on repetition spoils the numbers of boxes. The same seed
    gives the same words on the same device, alone or in a batch, up to the rounding of padded batches.

    Nothing holds the reply to the schema while it is generated: the schema's text is added to the last user message.
    """

    provider = "transformers"

    def __init__(self, settings: ModelSettings, gather_s: float = GATHER_S) -> None:
        """Loads the weights, which takes seconds to minutes.

        Args:
            gather_s: how long a request waits for others to share its batch, in seconds.

        Raises:
            ModelError: torch or transformers is missing, the folder or hub has no such model, it is of another kind,
                or its weights cannot be read.
        """
        self.name = settings.model
        self._settings = settings
        self.processor, self._model = _load(settings)
        self._ends = _ends_of(self._model, self.processor)
        self._batcher = Batcher(
            self._generate, settings.in_flight, kind=lambda request: request.sampling.max_tokens, gather_s=gather_s
        )

    def complete(self, messages: Sequence[Message], schema: Schema | None, sampling: Sampling) -> Reply:
        """The model's reply; ``seconds`` are those of the batch that it was generated in.

        Raises:
            ModelError: a picture cannot be read, or the request alone does not fit the memory or the model's context.
        """
        told = messages if schema is None else with_schema_told(messages, schema)
        return self._batcher.ask(_Request(_to_chat(told), sampling))

    def _generate(self, requests: Sequence[_Request]) -> list[Reply]:
        """Replies to requests of one ``max_tokens``, generated together."""
        import torch

        begun = time.perf_counter()
        try:
            inputs = self.processor.apply_chat_template(
                [request.chat for request in requests],
                add_generation_prompt=True,
                tokenize=True,
                return_dict=True,
                processor_kwargs={"padding": True, "padding_side": "left", "return_tensors": "pt"},
            ).to(self._model.device, dtype=self._model.dtype)
            self._check_room(inputs["input_ids"].shape[1], requests[0].sampling.max_tokens)
            with torch.inference_mode():
                rows = self._model.generate(
                    **inputs,
                    max_new_tokens=requests[0].sampling.max_tokens,
                    do_sample=False,  # the highest score after the noise that stands for sampling
                    logits_processor=[draw_by_seed([request.sampling for request in requests])],
                )
        except ModelError:
            raise
        except Exception as error:  # templates, processors and kernels raise errors of many kinds; kept as the cause
            if not _lacks_memory(error):
                raise ModelError(f"{self.name!r} cannot answer this request: {_first_line(error)}") from error
            raise ModelError(
                f"a request to {self.name!r} does not fit the memory of {self._model.device}: {_first_line(error)}; "
                f"set max_side_px in [model] lower (now {self._settings.max_side_px}), or take a smaller model"
            ) from error
        seconds = time.perf_counter() - begun
        starts = inputs["attention_mask"].sum(dim=1).tolist()
        prompt_length = inputs["input_ids"].shape[1]
        return [
            self._reply(row[prompt_length:].tolist(), tokens_in, seconds)
            for row, tokens_in in zip(rows, starts, strict=True)
        ]

    def _check_room(self, tokens_in: int, tokens_out: int) -> None:
        room = getattr(self._model.config.get_text_config(), "max_position_embeddings", None)
        if room is not None and tokens_in + tokens_out > room:
            raise ModelError(
                f"{self.name!r} holds {room} tokens, but the request has {tokens_in} and its reply may have "
                f"{tokens_out}; set max_side_px (now {self._settings.max_side_px}) or max_reply_tokens in [model] lower"
            )

    def _reply(self, tokens: list[int], tokens_in: int, seconds: float) -> Reply:
        """One row of a batch: its tokens up to its end, whatever others needed beyond."""
        end = next((place for place, token in enumerate(tokens) if token in self._ends), None)
        if end is not None:
            tokens = tokens[: end + 1]
        return Reply(
            text=self.processor.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False),
            finish=Finish.LENGTH if end is None else Finish.STOP,
            tokens_in=tokens_in,
            tokens_out=len(tokens),
            seconds=seconds,
        )


def draw_by_seed(samplings: Sequence[Sampling]) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    """A step of generation after which the highest score of each row is a draw at its temperature, by its own seed.

    Gumbel noise times the temperature is added to the scores; the argmax is then distributed as the softmax of the
    scores over the temperature (Gumbel 1954). A row's noise depends on its seed alone, not on the rows beside it.
    Scores are float [rows, vocabulary].
    """
    import torch

    chances: list[torch.Generator] = []

    def add_noise(_: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        if not chances:
            chances.extend(torch.Generator(scores.device) for _ in samplings)
            for sampling, chance in zip(samplings, chances, strict=True):
                if sampling.seed is None:
                    chance.seed()
                else:
                    chance.manual_seed(sampling.seed)
        noisy = scores.to(torch.float32, copy=True)
        for row, (sampling, chance) in enumerate(zip(samplings, chances, strict=True)):
            if sampling.temperature > 0:
                exponential = torch.empty_like(noisy[row]).exponential_(generator=chance)
                noisy[row] -= sampling.temperature * exponential.log()
        return noisy

    return add_noise


def _to_chat(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """The messages as chat templates take them."""
    chat = []
    for message in messages:
        parts: list[dict[str, Any]] = []
        for picture in message.pictures:
            try:
                parts.append({"type": "image", "image": Image.open(io.BytesIO(picture.data)).convert("RGB")})
            except (OSError, ValueError) as error:
                raise ModelError(
                    f"the picture {picture.sha256[:12]} cannot be read as {picture.media_type}: {error}"
                ) from error
        parts.append({"type": "text", "text": message.text})
        chat.append({"role": message.role, "content": parts})
    return chat


def _load(settings: ModelSettings) -> tuple[Any, Any]:
    """The processor and the model in evaluation mode, on its device."""
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
        device, dtype = _device()
        processor = library.AutoProcessor.from_pretrained(source)
        model = library.AutoModelForImageTextToText.from_pretrained(source, dtype=dtype).to(device).eval()
    except ModelError:
        raise
    except Exception as error:  # readers of weights raise errors of many libraries; kept as the cause
        where = "the folder" if folder.is_dir() else "the hub and its cache on this machine"
        raise ModelError(
            f"{source!r} cannot be loaded from {where}: {type(error).__name__}: {_first_line(error)}; "
            + ("download it again" if folder.is_dir() else "without a network, name a folder with the weights")
        ) from error
    if getattr(processor, "chat_template", None) is None:
        raise ModelError(f"{source!r} has no chat template, so it cannot be asked; take its instruction-tuned variant")
    _hold_to_resize_rule(processor, settings)
    return processor, model


def _library() -> Any:
    """The module transformers, which types too little of itself for a checker."""
    try:
        importlib.import_module("torchvision")  # image processors need it and would only say so when first used
        return importlib.import_module("transformers")
    except ImportError as error:
        raise ModelError(f"local weights need packages that are missing ({error}); {INSTALL}") from error


def _device() -> tuple[str, torch.dtype]:
    import torch

    if not torch.cuda.is_available():
        return "cpu", torch.float32
    return "cuda", torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16


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


def _lacks_memory(error: Exception) -> bool:
    import torch

    # torch says it of the CPU with a bare RuntimeError of its DefaultCPUAllocator
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "DefaultCPUAllocator" in str(error)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
