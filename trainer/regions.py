"""RoIAlign: the cells of a feature map that a box covers, for many boxes of one encoding."""

from __future__ import annotations

import torch
from torch import Tensor


def roi_cells(
    feature_map: Tensor, image: Tensor, boxes_xyxy: Tensor, image_wh: tuple[int, int], grid_wh: tuple[int, int]
) -> Tensor:
    """float [c, channels, grid_h, grid_w]: what the feature map holds inside each box, by bilinear interpolation.

    RoIAlign (Mask R-CNN, arXiv 1703.06870) with ``aligned=True``, so that a box over whole cells gives those cells.
    A box of the whole image and a grid of the map's own size give the map itself; a grid of 1 x 1 gives its mean.

    Args:
        feature_map: [b, channels, h, w].
        image: int64 [c], the map that each box lies in.
        boxes_xyxy: float [c, 4] in pixels of the images as they entered the model; clipped to them.
        image_wh: of those images.
        grid_wh: cells per box.
    """
    from torchvision.ops import roi_align

    height, width = feature_map.shape[-2:]
    scale_xy = boxes_xyxy.new_tensor([width / image_wh[0], height / image_wh[1]])
    boxes = at_least_a_cell(boxes_xyxy.float() * scale_xy.repeat(2), (width, height))
    rows = torch.cat([image.unsqueeze(1).to(boxes.dtype), boxes], dim=1)
    cells: Tensor = roi_align(feature_map.float(), rows, output_size=(grid_wh[1], grid_wh[0]), aligned=True)
    return cells.to(feature_map.dtype)


def at_least_a_cell(boxes_xyxy: Tensor, map_wh: tuple[int, int]) -> Tensor:
    """Boxes [c, 4] in cells of a map, clipped to it and grown about their centres to one cell's width and height.

    Without that, a marker of a few pixels would be read from one point between cells, and an empty box would give
    zeros, which have no direction.
    """
    limit_xy = boxes_xyxy.new_tensor(map_wh)
    low = torch.minimum(boxes_xyxy[:, :2].clamp(min=0), limit_xy)
    high = torch.minimum(boxes_xyxy[:, 2:].clamp(min=0), limit_xy)
    side = (high - low).clamp(min=1)
    centre = (low + high) / 2
    start = torch.minimum((centre - side / 2).clamp(min=0), limit_xy - side)
    return torch.cat([start, start + side], dim=1)
