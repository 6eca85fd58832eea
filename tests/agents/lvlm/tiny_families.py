"""Other families of vision-language models with few random weights: they answer nonsense, but in the usual way."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from tests.agents.lvlm.tiny_qwen import CHAT_TEMPLATE, build_processor, build_tokenizer

_IMAGE = "<|image_pad|>"


def save_qwen3(folder: Path) -> str:
    """A Qwen3-VL; returns how it counts boxes."""
    transformers: Any = importlib.import_module("transformers")
    processor = build_processor(patch_px=16, kind="Qwen3VLProcessor", video="Qwen3VLVideoProcessor")
    ids = processor.tokenizer.convert_tokens_to_ids
    config = transformers.Qwen3VLConfig(
        text_config={
            "vocab_size": len(processor.tokenizer),
            "hidden_size": 32,
            "intermediate_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "head_dim": 16,
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3]},
        },
        vision_config={
            "depth": 2,
            "hidden_size": 32,
            "intermediate_size": 32,
            "num_heads": 2,
            "out_hidden_size": 32,
            "deepstack_visual_indexes": [1],
            "num_position_embeddings": 64,
        },
        image_token_id=ids("<|image_pad|>"),
        video_token_id=ids("<|video_pad|>"),
        vision_start_token_id=ids("<|vision_start|>"),
        vision_end_token_id=ids("<|vision_end|>"),
    )
    transformers.Qwen3VLForConditionalGeneration(config).save_pretrained(folder)
    processor.save_pretrained(folder)
    return "0-1000"


def save_llava(folder: Path) -> str:
    """A LLaVA, whose pictures all have one size; returns how it counts boxes."""
    transformers: Any = importlib.import_module("transformers")
    tokenizer = build_tokenizer()
    image = tokenizer.convert_tokens_to_ids(_IMAGE)
    config = transformers.LlavaConfig(
        text_config={
            "model_type": "llama",
            "vocab_size": len(tokenizer),
            "hidden_size": 32,
            "intermediate_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "eos_token_id": tokenizer.eos_token_id,
            "pad_token_id": tokenizer.pad_token_id,
        },
        vision_config={
            "model_type": "clip_vision_model",
            "hidden_size": 32,
            "intermediate_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": 56,
            "patch_size": 14,
            "projection_dim": 32,
        },
        image_token_id=image,
        image_seq_length=(56 // 14) ** 2,
    )
    transformers.LlavaForConditionalGeneration(config).save_pretrained(folder)
    tokenizer.image_token, tokenizer.image_token_id = _IMAGE, image
    transformers.LlavaProcessor(
        transformers.CLIPImageProcessor(size={"shortest_edge": 56}, crop_size={"height": 56, "width": 56}),
        tokenizer,
        patch_size=14,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        image_token=_IMAGE,
        chat_template=CHAT_TEMPLATE,
    ).save_pretrained(folder)
    return "0-1"
