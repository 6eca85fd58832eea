"""Segment Anything models with few random weights, saved as the published ones are."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ODD_WH = (301, 173)
VIDEO = {
    "memory_attention_hidden_size": 32,
    "memory_attention_num_layers": 1,
    "memory_attention_feed_forward_hidden_size": 64,
    "memory_encoder_hidden_size": 32,
    "memory_encoder_output_channels": 16,
    "mask_downsampler_embed_dim": 32,
    "memory_fuser_embed_dim": 32,
    "memory_fuser_intermediate_dim": 64,
}


def draw_image(image_wh: tuple[int, int] = ODD_WH, seed: int = 3) -> NDArray[np.uint8]:
    """Blobs of colour, uint8 [height, width, 3]."""
    width, height = image_wh
    coarse = np.random.default_rng(seed).integers(0, 256, (height // 40 + 1, width // 40 + 1, 3), np.uint8)
    return np.ascontiguousarray(coarse.repeat(40, axis=0).repeat(40, axis=1)[:height, :width])


def save_checkpoint(path: Path, seed: int = 0) -> Path:
    """A checkpoint of the segment-anything package, far smaller than vit_b."""
    import torch

    torch.manual_seed(seed)
    library: Any = importlib.import_module("segment_anything.build_sam")
    sam = library._build_sam(
        encoder_embed_dim=32, encoder_depth=2, encoder_num_heads=2, encoder_global_attn_indexes=[1]
    )
    path.parent.mkdir(exist_ok=True)
    torch.save(sam.state_dict(), path)
    return path


def save_sam(folder: Path) -> Path:
    """A folder of Sam weights of the transformers library."""
    import torch

    torch.manual_seed(0)
    library: Any = importlib.import_module("transformers")
    config = library.SamConfig(
        vision_config={
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": 256,
            "output_channels": 32,
            "global_attn_indexes": [1],
            "mlp_dim": 64,
            "window_size": 4,
            "num_pos_feats": 16,
        },
        prompt_encoder_config={"hidden_size": 32, "image_size": 256, "patch_size": 16, "image_embedding_size": 16},
        mask_decoder_config={"hidden_size": 32, "mlp_dim": 64, "num_attention_heads": 2, "iou_head_hidden_dim": 32},
    )
    library.SamModel(config).save_pretrained(folder)
    resizer = library.SamImageProcessor(size={"longest_edge": 256}, pad_size={"height": 256, "width": 256})
    library.SamProcessor(resizer).save_pretrained(folder)
    return folder


def save_sam2(folder: Path) -> Path:
    """A folder of Sam2 weights of the transformers library."""
    return _save_sam2(folder, "Sam2")


def save_sam2_video(folder: Path) -> Path:
    """The same as part of the video model, as the published folders hold it."""
    return _save_sam2(folder, "Sam2Video")


def _save_sam2(folder: Path, kind: str) -> Path:
    import torch

    torch.manual_seed(0)
    library: Any = importlib.import_module("transformers")
    config = getattr(library, f"{kind}Config")(
        vision_config=library.Sam2VisionConfig(
            backbone_config={
                "model_type": "sam2_hiera_det_model",
                "hidden_size": 16,
                "num_attention_heads": 1,
                "image_size": [256, 256],
                "blocks_per_stage": [1, 2, 2, 1],  # less divides by zero: the first of a stage has no window
                "embed_dim_per_stage": [16, 32, 64, 128],
                "num_attention_heads_per_stage": [1, 2, 4, 8],
                "window_size_per_stage": [8, 4, 4, 4],
                "global_attention_blocks": [2],
                "window_positional_embedding_background_size": [4, 4],
            },
            backbone_channel_list=[128, 64, 32, 16],
            backbone_feature_sizes=[[64, 64], [32, 32], [16, 16]],
            fpn_hidden_size=32,
        ),
        prompt_encoder_config={"hidden_size": 32, "image_size": 256, "patch_size": 16},
        mask_decoder_config={"hidden_size": 32, "mlp_dim": 64, "num_attention_heads": 2, "iou_head_hidden_dim": 32},
        **(VIDEO if kind == "Sam2Video" else {}),
    )
    getattr(library, f"{kind}Model")(config).save_pretrained(folder)
    resizer = library.Sam2ImageProcessor(size={"height": 256, "width": 256})
    library.Sam2Processor(resizer).save_pretrained(folder)
    return folder
