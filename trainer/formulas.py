"""The two papers' losses, each as a function of features.

Notation: rows of A and B are unit vectors, row i of A belongs to row i of B, s is the logit scale (1 / temperature),
n the number of pairs. Where the papers sum over a batch we take the mean, so that a weight means the same at every
batch size. No pairs give 0, with a gradient of 0.

``same``, bool [n, n], marks pairs whose texts are equal word for word: they are not held against each other, since
panels share captions and regions share findings. Both papers leave that open; None counts every other pair.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def info_nce(a: Tensor, b: Tensor, scale: Tensor, same: Tensor | None = None) -> Tensor:
    """CLIP(A, B), the symmetric InfoNCE of CLIP (arXiv 2103.00020) and of Panel2Patch's levels:

    - 1/2n sum_i [ log( exp(s A_i.B_i) / sum_j exp(s A_i.B_j) ) + log( exp(s A_i.B_i) / sum_j exp(s A_j.B_i) ) ]

    Args:
        a: float [n, d].
        b: float [n, d].
        scale: s.
        same: see the module.
    """
    return (one_way(a, b, scale, same) + one_way(b, a, scale, same)) / 2


def one_way(a: Tensor, b: Tensor, scale: Tensor, same: Tensor | None = None) -> Tensor:
    """RegionMed-CLIP's L_roi (arXiv 2508.05244), of regions A and their texts B, S_ij = A_i.B_j, s = 1 / tau:

    - 1/n sum_i log( exp(s S_ii) / sum_j exp(s S_ij) )
    """
    if not len(a):
        return _nothing(a, b)
    logits = scale * a @ b.T
    if same is not None:
        logits = logits.masked_fill(_others(same), -torch.inf)
    return functional.cross_entropy(logits, torch.arange(len(a), device=a.device))


def one_way_among(a: Tensor, b: Tensor, wrong: Tensor, scale: Tensor, same: Tensor | None = None) -> Tensor:
    """``one_way`` with m further wrong answers W for all, as NegCLIP (arXiv 2210.01936) takes hard negative captions:

    - 1/n sum_i log( exp(s A_i.B_i) / ( sum_j exp(s A_i.B_j) + sum_k exp(s A_i.W_k) ) )

    Args:
        a: float [n, d].
        b: float [n, d].
        wrong: W, float [m, d].
        scale: s.
        same: bool [n, n + m], where the text of row i is equal to one of B or W: left out, save for its own.
    """
    if not len(a):
        return _nothing(a, b) + wrong.sum()
    logits = scale * a @ torch.cat([b, wrong]).T
    if same is not None:
        logits = logits.masked_fill(_others(same), -torch.inf)
    return functional.cross_entropy(logits, torch.arange(len(a), device=a.device))


def siglip(a: Tensor, b: Tensor, scale: Tensor, bias: Tensor, same: Tensor | None = None) -> Tensor:
    """SigLIP's loss (arXiv 2303.15343), z_ij = 1 for i = j and -1 elsewhere:

    - 1/n sum_i sum_j log sigmoid( z_ij (s A_i.B_j + bias) )
    """
    if not len(a):
        return _nothing(a, b)
    logits = scale * a @ b.T + bias
    sign = 2 * torch.eye(len(a), dtype=logits.dtype, device=a.device) - 1
    losses = -functional.logsigmoid(sign * logits)
    if same is not None:
        losses = losses.masked_fill(_others(same), 0.0)
    return losses.sum() / len(a)


def negative_losses(regions: Tensor, negatives: Tensor, region: Tensor) -> Tensor:
    """RegionMed-CLIP's L_neg (arXiv 2508.05244) of each region, N_ik = F_i.Rneg_ik without temperature:

    - sum_k log( 1 - sigmoid(N_ik) ), over the negatives that region i has; float [c]

    Args:
        regions: F, float [c, d].
        negatives: Rneg of all regions, one after the other, float [m, d].
        region: int64 [m], the region of each.
    """
    similarity = (regions[region] * negatives).sum(-1)
    return regions.new_zeros(len(regions)).index_add(0, region, functional.softplus(similarity))


def consistency_losses(roi: Tensor, crop: Tensor) -> Tensor:
    """1 - cos(roi_i, crop_i), float [c]: RoI features follow the crops', as in CLIPSelf (arXiv 2310.01403).

    Panel2Patch asks for consistency and does not give its form. The crop is the teacher: it gets no gradient.
    """
    return 1 - (roi * crop.detach()).sum(-1)


def mean_of_children(children: Tensor, image: Tensor, images: int) -> tuple[Tensor, Tensor]:
    """Panel2Patch's message passing: unit( mean_j v_ij ) of the children j of each image i that has any.

    Args:
        children: v, float [c, d].
        image: int64 [c], the image of each.
        images: how many there are.

    Returns:
        int64 [m], the images that have children, in order; float [m, d], their children's means.
    """
    count = torch.bincount(image, minlength=images)
    having = count.nonzero().squeeze(1)
    sums = children.new_zeros(images, children.shape[1]).index_add(0, image, children)
    return having, functional.normalize(sums[having] / count[having].unsqueeze(1), dim=-1)


def same_texts(tokens: Tensor) -> Tensor:
    """bool [n, n]: which rows of int64 [n, context] are equal."""
    _, text = torch.unique(tokens, dim=0, return_inverse=True)
    pairs: Tensor = text.unsqueeze(0) == text.unsqueeze(1)
    return pairs


def _others(same: Tensor) -> Tensor:
    """Pairs to leave out: equal texts, but for those of the diagonal."""
    return same & ~torch.eye(*same.shape, dtype=torch.bool, device=same.device)


def _nothing(a: Tensor, b: Tensor) -> Tensor:
    return a.sum() + b.sum()  # of no rows: 0, and still a part of the graph
