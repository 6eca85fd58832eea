"""Vision-language models with local weights, run by the transformers library: Qwen2.5-VL, Qwen3-VL and their like."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PIL import Image

from agents.lvlm.model import Message, Sampling, Schema
from agents.lvlm.providers.batching import GATHER_S, Batcher
from agents.lvlm.providers.openai_protocol import with_schema_told
from agents.lvlm.providers.transformers_weights import first_line, lacks_memory, load_weights
from curator.errors import ModelError
from curator.exchange import Finish, Reply
from curator.settings import ModelSettings

if TYPE_CHECKING:
    import torch


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
            ModelError: see ``load_weights``.
        """
        self.name = settings.model
        self._settings = settings
        weights = load_weights(settings)
        self.processor, self._model, self._ends = weights.processor, weights.model, weights.ends
        self._batcher = Batcher(self._generate, settings.in_flight, kind=_kind_of, gather_s=gather_s)

    def complete(self, messages: Sequence[Message], schema: Schema | None, sampling: Sampling) -> Reply:
        """The model's reply; ``seconds`` are those of the batch that it was generated in.

        Raises:
            ModelError: a picture cannot be read, or the request alone does not fit the memory or the model's context.
        """
        told = messages if schema is None else with_schema_told(messages, schema)
        return self._batcher.ask(_Request(_to_chat(told), sampling))

    def _generate(self, requests: Sequence[_Request]) -> list[Reply]:
        """Replies to requests of one kind (see ``_kind_of``), generated together."""
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
            if not lacks_memory(error):
                raise ModelError(f"{self.name!r} cannot answer this request: {first_line(error)}") from error
            raise ModelError(
                f"a request to {self.name!r} does not fit the memory of {self._model.device}: {first_line(error)}; "
                f"set max_side_px in [model] lower (now {self._settings.max_side_px}), or take a smaller model"
            ) from error
        seconds = time.perf_counter() - begun
        padded_length = inputs["input_ids"].shape[1]
        lengths = inputs["attention_mask"].sum(dim=1).tolist()
        return [
            self._reply(row[padded_length:].tolist(), tokens_in, seconds)
            for row, tokens_in in zip(rows, lengths, strict=True)
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


def _kind_of(request: _Request) -> Hashable:
    """A batch ends at one length, and processors take pictures for all of its requests or for none."""
    shown = any(part["type"] == "image" for turn in request.chat for part in turn["content"])
    return request.sampling.max_tokens, shown


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
