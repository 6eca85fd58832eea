"""The tiny Qwen2.5-VL as the two files that llama.cpp reads: the language model, and the vision tower beside it."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_VISION_EPSILON = 1e-6  # fixed in the code of Qwen2.5-VL
_TEXT_NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "model.layers": "blk",
}
_VISION_NAMES = {
    "visual.merger.ln_q": "v.post_ln",
    "visual.merger.mlp": "mm",
    "visual.blocks": "v.blk",
    "attn.proj": "attn_out",
    "norm1": "ln1",
    "norm2": "ln2",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def convert_model(folder: Path, target: Path) -> tuple[Path, Path]:
    """Writes the files ``model.gguf`` and ``mmproj.gguf`` into ``target``, all weights as 32-bit floats."""
    safetensors: Any = importlib.import_module("safetensors.numpy")
    weights = safetensors.load_file(folder / "model.safetensors")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    vision = {name: array for name, array in weights.items() if name.startswith("visual.")}
    text = {name: array for name, array in weights.items() if name not in vision}
    target.mkdir(parents=True, exist_ok=True)
    files = target / "model.gguf", target / "mmproj.gguf"
    _write_text(files[0], folder, config["text_config"], text)
    _write_vision(files[1], config["vision_config"], config["text_config"]["hidden_size"], vision)
    return files


def _write_text(path: Path, folder: Path, config: dict[str, Any], weights: dict[str, NDArray[np.float32]]) -> None:
    gguf: Any = importlib.import_module("gguf")
    rope = config["rope_parameters"]
    writer = gguf.GGUFWriter(path, "qwen2vl")
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(rope["rope_theta"])
    writer.add_rope_dimension_sections([*rope["mrope_section"], 0])
    _add_tokenizer(writer, folder, config)
    for name, array in weights.items():
        writer.add_tensor(_renamed(name, _TEXT_NAMES), array)
    _close(writer)


def _add_tokenizer(writer: Any, folder: Path, config: dict[str, Any]) -> None:
    gguf: Any = importlib.import_module("gguf")
    saved = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    special = {token["id"] for token in saved["added_tokens"]}
    tokens = {place: token for token, place in saved["model"]["vocab"].items()}
    tokens |= {token["id"]: token["content"] for token in saved["added_tokens"]}
    kinds = gguf.TokenType
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list([tokens[place] for place in range(len(tokens))])
    writer.add_token_types([kinds.CONTROL if place in special else kinds.NORMAL for place in range(len(tokens))])
    writer.add_token_merges([" ".join(pair) for pair in saved["model"]["merges"]])
    writer.add_eos_token_id(config["eos_token_id"])
    writer.add_pad_token_id(config["pad_token_id"])
    writer.add_add_bos_token(False)
    writer.add_chat_template((folder / "chat_template.jinja").read_text(encoding="utf-8"))


def _write_vision(path: Path, config: dict[str, Any], text_width: int, weights: dict[str, NDArray[np.float32]]) -> None:
    gguf: Any = importlib.import_module("gguf")
    writer = gguf.GGUFWriter(path, "clip")
    writer.add_type("mmproj")
    writer.add_clip_has_vision_encoder(True)
    writer.add_clip_projector_type("qwen2.5vl_merger")
    writer.add_vision_image_size(560)  # the largest that llama.cpp plans memory for; as its own converter writes it
    writer.add_vision_patch_size(config["patch_size"])
    writer.add_vision_embedding_length(config["hidden_size"])
    writer.add_vision_feed_forward_length(config["intermediate_size"])
    writer.add_vision_block_count(config["depth"])
    writer.add_vision_head_count(config["num_heads"])
    writer.add_vision_projection_dim(text_width)
    writer.add_vision_attention_layernorm_eps(_VISION_EPSILON)
    writer.add_vision_use_silu(True)
    writer.add_vision_n_wa_pattern(config["fullatt_block_indexes"][0] + 1)
    writer.add_vision_image_mean([0.48145466, 0.4578275, 0.40821073])  # CLIP's
    writer.add_vision_image_std([0.26862954, 0.26130258, 0.27577711])
    for name, array in weights.items():
        if name == "visual.patch_embed.proj.weight":  # one convolution for each of two frames
            writer.add_tensor("v.patch_embd.weight", np.ascontiguousarray(array[:, :, 0]))
            writer.add_tensor("v.patch_embd.weight.1", np.ascontiguousarray(array[:, :, 1]))
        elif ".attn.qkv." in name:
            for letter, part in zip("qkv", np.split(array, 3), strict=True):
                writer.add_tensor(_renamed(name, _VISION_NAMES).replace("attn.qkv", f"attn_{letter}"), part)
        else:
            writer.add_tensor(_renamed(name, _VISION_NAMES), array)
    _close(writer)


def _renamed(name: str, names: dict[str, str]) -> str:
    for old, new in names.items():
        name = name.replace(old, new)
    return name


def _close(writer: Any) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
