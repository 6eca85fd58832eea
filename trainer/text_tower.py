"""Encodes texts without their padding: what a tower never looks at need not be computed.

Captions fill open_clip's 77 (or BiomedCLIP's 256) tokens, the texts of regions a tenth of them. The features stay the
same: a causal tower reads its feature where the text ends, before the padding; a BERT masks the padding out.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def encode_tokens(clip: Any, tokens: Tensor) -> Tensor:
    """Features [n, d], not normalised, of int64 tokens [n, context] by an open_clip model's text tower."""
    from open_clip.hf_model import HFTextEncoder

    tower = getattr(clip, "text", clip)  # CustomTextCLIP has a module for it, CLIP holds the parts itself
    if isinstance(tower, HFTextEncoder):
        tokens = _without_padding(tokens, tower.config.pad_token_id)
        return clip.encode_text(tokens)  # type: ignore[no-any-return]
    pool = getattr(clip, "text_pool_type", None) or tower.pool_type
    if pool == "argmax" and tower.attn_mask is not None and getattr(tower, "cls_emb", None) is None:
        return _causal(tower, _without_padding(tokens, 0))
    return clip.encode_text(tokens)  # type: ignore[no-any-return]


def _without_padding(tokens: Tensor, pad: int) -> Tensor:
    """The columns up to the end of the longest text; at least one."""
    used = (tokens != pad).any(0).nonzero()
    return tokens[:, : int(used.max()) + 1 if len(used) else 1]


def _causal(tower: Any, tokens: Tensor) -> Tensor:
    """CLIP's text transformer; the end of a text is its token of the highest number."""
    length = tokens.shape[1]
    x = tower.token_embedding(tokens) + tower.positional_embedding[:length]
    x = tower.ln_final(tower.transformer(x, attn_mask=tower.attn_mask[:length, :length]))
    x = x[torch.arange(len(x), device=x.device), tokens.argmax(dim=-1)]
    projection = tower.text_projection
    features: Tensor = x
    if projection is not None:
        features = projection(x) if isinstance(projection, torch.nn.Linear) else x @ projection
    return features
