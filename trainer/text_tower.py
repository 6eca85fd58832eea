"""Encodes texts without their padding: what a tower never looks at need not be computed.

Captions fill open_clip's 77 (or BiomedCLIP's 256) tokens, most texts of regions a third of them, and a few of a step's
are long: so texts are encoded in groups of like length. The features stay the same: a causal tower reads its feature
where the text ends, before the padding; a BERT masks the padding out.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

_WASTE = (
    2  # guess: a text is padded to less than so many times its length; groups are few, each large enough to be fast
)


def encode_tokens(clip: Any, tokens: Tensor) -> Tensor:
    """Features [n, d], not normalised, of int64 tokens [n, context], n > 0, by an open_clip model's text tower."""
    from open_clip.hf_model import HFTextEncoder

    tower = getattr(clip, "text", clip)  # CustomTextCLIP has a module for it, CLIP holds the parts itself
    if isinstance(tower, HFTextEncoder):
        rows, groups = _by_length(tokens, tower.config.pad_token_id)
        features = [clip.encode_text(group) for group in groups]
    elif _is_causal(clip, tower):
        rows, groups = _by_length(tokens, 0)
        features = _causal(tower, groups)
    else:
        return clip.encode_text(tokens)  # type: ignore[no-any-return]
    return torch.cat(features)[torch.argsort(rows)]


def _is_causal(clip: Any, tower: Any) -> bool:
    """Whether no token looks at a later one, and the feature is read at the end of the text."""
    pool = getattr(clip, "text_pool_type", None) or tower.pool_type
    return pool == "argmax" and tower.attn_mask is not None and getattr(tower, "cls_emb", None) is None


def _by_length(tokens: Tensor, pad: int) -> tuple[Tensor, list[Tensor]]:
    """Rows of tokens in groups, the longest first, each cut to its longest; and which rows they are, in that order."""
    ends = torch.arange(1, tokens.shape[1] + 1, device=tokens.device)
    lengths, rows = ((tokens != pad) * ends).amax(1).clamp(min=1).sort(descending=True, stable=True)
    groups, first = [], 0
    known = lengths.tolist()
    for row, length in enumerate([*known, 0]):
        if length * _WASTE <= known[first]:
            groups.append(tokens[rows[first:row], : known[first]])
            first = row
    return rows, groups


def _causal(tower: Any, groups: list[Tensor]) -> list[Tensor]:
    """CLIP's text transformer; the end of a text is its token of the highest number."""
    # One look-up for all: each has a gradient as large as the vocabulary.
    embedded = tower.token_embedding(torch.cat([group.flatten() for group in groups]))
    features = []
    for group, flat in zip(groups, embedded.split([group.numel() for group in groups]), strict=True):
        length = group.shape[1]
        x = flat.unflatten(0, group.shape) + tower.positional_embedding[:length]
        x = tower.ln_final(tower.transformer(x, attn_mask=tower.attn_mask[:length, :length]))
        x = x[torch.arange(len(x), device=x.device), group.argmax(dim=-1)]
        projection = tower.text_projection
        if projection is not None:
            x = projection(x) if isinstance(projection, torch.nn.Linear) else x @ projection
        features.append(x)
    return features
