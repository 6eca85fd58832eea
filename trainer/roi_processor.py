"""RegionMed-CLIP's ROI processor: a region looks at the whole image before it meets its text."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from curator.errors import SettingsError

HEADS = 8
"""RegionMed-CLIP (arXiv 2508.05244)."""


class RoiProcessor(nn.Module):
    """F_i = unit(z_i + MHA(query z_i, keys and values: the image's cells)), z_i a region's feature.

    The paper gives the 8 heads and that the region asks the global context; the residual and the two layer norms are
    the common form of such a block. The last projection starts at zero, so that an untrained one changes nothing.

    Raises:
        SettingsError: the features cannot be split among the heads.
    """

    def __init__(self, dim: int, channels: int) -> None:
        super().__init__()
        if dim % HEADS:
            raise SettingsError(
                f"the ROI processor splits features among {HEADS} heads and the model's have {dim} dimensions; "
                "choose another model or set roi_processor to false"
            )
        self.query_norm = nn.LayerNorm(dim)
        self.cell_norm = nn.LayerNorm(channels)
        self.attention = nn.MultiheadAttention(dim, HEADS, kdim=channels, vdim=channels, batch_first=True)
        nn.init.zeros_(self.attention.out_proj.weight)
        nn.init.zeros_(self.attention.out_proj.bias)

    def forward(self, regions: Tensor, image: Tensor, feature_map: Tensor) -> Tensor:
        """Unit float [c, dim]: regions [c, dim] of images [c] (int64) of the maps [b, channels, h, w]."""
        slot = place_in_image(image, len(feature_map))
        queries = regions.new_zeros((len(feature_map), int(slot.max()) + 1 if len(slot) else 1, regions.shape[1]))
        queries[image, slot] = self.query_norm(regions).to(queries.dtype)
        cells = self.cell_norm(feature_map.flatten(2).transpose(1, 2))
        seen, _ = self.attention(queries, cells, cells, need_weights=False)
        return functional.normalize(regions + seen[image, slot].to(regions.dtype), dim=-1)


def place_in_image(image: Tensor, images: int) -> Tensor:
    """int64 [c]: how many of the rows before it lie in the same image."""
    of_image = functional.one_hot(image, images)
    return torch.gather(of_image.cumsum(0), 1, image.unsqueeze(1)).squeeze(1) - 1
