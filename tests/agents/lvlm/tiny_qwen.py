"""A Qwen2.5-VL of 170,000 weights, made in the test and taught to name the letter and the colour in a picture.

It answers rightly only where pixels, chat template, tokens and positions all reach it as they should.
"""

from __future__ import annotations

import importlib
import io
import itertools
import json
import random
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from curator.exchange import Picture

LETTERS = "AHOT"  # unlike one another
COLORS = {"red": (200, 30, 30), "green": (20, 150, 40), "blue": (30, 60, 210)}
SIDE_PX = 84  # a multiple of 28, so no server resizes it; above the 8 visual tokens that llama.cpp wants at least
SPECIAL_TOKENS = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
)
CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}"
    "{% else %}{% for part in message['content'] %}"
    "{% if part['type'] in ['image', 'image_url'] %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% else %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
QUESTION = "Name the letter and its color."
SCHEMA = {
    "type": "object",
    "properties": {"letter": {"type": "string"}, "color": {"type": "string"}},
    "required": ["letter", "color"],
    "additionalProperties": False,
}
_NOISE = [
    *QUESTION.split(),
    *("JSON", "schema", "type", "object", "properties", "required", "string", "false"),
    *string.punctuation,
    *string.ascii_letters,
    json.dumps(SCHEMA),
]
_SEED = 7
_STEPS = 170  # measured: every picture is then named rightly, by four of four seeds
_RATE = 5e-3
_GOOD_LOSS = 0.02


def every_pair() -> list[tuple[str, str]]:
    return [(letter, color) for letter in LETTERS for color in COLORS]


def answer_of(letter: str, color: str) -> str:
    return f'{{"letter": "{letter}", "color": "{color}"}}'


def draw_picture(letter: str, color: str) -> Picture:
    """The picture of a letter as a PNG file."""
    file = io.BytesIO()
    _draw(letter, color, (0, 0)).save(file, "PNG")
    return Picture(file.getvalue(), "image/png", (SIDE_PX, SIDE_PX))


def build_model(folder: Path) -> None:
    """Trains the model and saves it with its processor as ``save_pretrained`` does; about 12 s on one core."""
    import torch

    torch.manual_seed(_SEED)
    processor = build_processor()
    model = _model(processor.tokenizer)
    optimizer = torch.optim.AdamW(model.parameters(), lr=_RATE, weight_decay=0.0)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=_STEPS, pct_start=0.2)
    model.train()
    loss = torch.inf
    for batch in itertools.islice(_batches(processor, random.Random(_SEED)), _STEPS):
        loss = model(**batch).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        rate.step()
    assert loss < _GOOD_LOSS, f"the tiny model did not learn its {len(every_pair())} pictures: loss {loss!r}"
    model.eval()
    model.save_pretrained(folder)
    processor.save_pretrained(folder)


def _draw(letter: str, color: str, shift_xy: tuple[int, int]) -> Image.Image:
    image = Image.new("RGB", (SIDE_PX, SIDE_PX), COLORS[color])
    middle = (SIDE_PX / 2 + shift_xy[0], SIDE_PX / 2 + shift_xy[1])
    ImageDraw.Draw(image).text(middle, letter, "white", ImageFont.load_default(84), anchor="mm")
    return image


def build_tokenizer() -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    transformers: Any = importlib.import_module("transformers")  # types too little of itself for a checker
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        min_frequency=1,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = [answer_of(*pair) for pair in every_pair()] + [" ".join(_NOISE), "system user assistant"]
    tokenizer.train_from_iterator(texts, trainer)
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        extra_special_tokens=list(SPECIAL_TOKENS),
    )


def build_processor(patch_px: int = 14, kind: str = "Qwen2_5_VLProcessor", video: str = "Qwen2VLVideoProcessor") -> Any:
    """A processor with a tokenizer for the answers; other kinds of it are those of later Qwen families."""
    transformers: Any = importlib.import_module("transformers")
    return getattr(transformers, kind)(
        transformers.Qwen2VLImageProcessor(min_pixels=56 * 56, max_pixels=28 * 28 * 1280, patch_size=patch_px),
        build_tokenizer(),
        getattr(transformers, video)(),
        chat_template=CHAT_TEMPLATE,
    )


def _model(tokenizer: Any) -> Any:
    transformers: Any = importlib.import_module("transformers")
    ids = {token: tokenizer.convert_tokens_to_ids(token) for token in SPECIAL_TOKENS}
    config = transformers.Qwen2_5_VLConfig(
        text_config={
            "vocab_size": len(tokenizer),
            "hidden_size": 64,
            "initializer_range": 0.1,
            "intermediate_size": 128,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "max_position_embeddings": 4096,
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3]},
            "bos_token_id": None,
            "eos_token_id": ids["<|im_end|>"],
            "pad_token_id": ids["<|endoftext|>"],
        },
        vision_config={
            "depth": 2,
            "hidden_size": 64,
            "initializer_range": 0.1,
            "intermediate_size": 128,
            "num_heads": 4,
            "out_hidden_size": 64,
            "window_size": 112,
            "fullatt_block_indexes": [1],
        },
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
        tie_word_embeddings=True,
    )
    model = transformers.Qwen2_5_VLForConditionalGeneration(config)
    model.generation_config.eos_token_id = ids["<|im_end|>"]
    model.generation_config.pad_token_id = ids["<|endoftext|>"]
    return model


def _batches(processor: Any, chance: random.Random) -> Iterator[dict[str, Any]]:
    """Every pair once, a little shifted, under questions of any length: only the picture tells the answer."""
    ignored = -100  # by the loss
    pairs = every_pair()
    ends = processor.tokenizer.eos_token_id
    while True:
        asked, images, answers = [], [], []
        noise = chance.choice([0, 5, 20, 40])
        for letter, color in pairs:
            question = chance.choice(["", " "]).join([QUESTION, *chance.choices(_NOISE, k=chance.randint(0, noise))])
            messages = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": question}]}]
            if chance.random() < 0.3:
                messages.insert(0, {"role": "system", "content": [{"type": "text", "text": "Answer."}]})
            asked.append(processor.apply_chat_template(messages, add_generation_prompt=True))
            images.append(_draw(letter, color, (chance.randint(-2, 2), chance.randint(-2, 2))))
            answers.append(answer_of(letter, color))
        texts = [f"{question}{answer}<|im_end|>" for question, answer in zip(asked, answers, strict=True)]
        inputs = processor(text=texts, images=images, padding=True, padding_side="left", return_tensors="pt")
        labels = inputs["input_ids"].clone()
        for row, answer in enumerate(answers):
            size = len(processor.tokenizer(answer)["input_ids"]) + 1
            labels[row, :-size] = ignored
            assert labels[row, -1] == ends
        yield {**inputs, "labels": labels}
