from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="training needs 'make models'")

from torch import Tensor  # noqa: E402

from trainer.roi_processor import RoiProcessor, place_in_image  # noqa: E402

IMAGE = torch.tensor([2, 0, 2, 2])


def test_an_untrained_one_changes_nothing_and_still_learns() -> None:
    processor, regions, maps = made()
    found = processor(regions, IMAGE, maps)
    torch.testing.assert_close(found, regions)
    found[:, 0].sum().backward()
    gradient = processor.attention.out_proj.weight.grad
    assert gradient is not None
    assert gradient.any()


def test_a_trained_one_looks_at_its_own_image_alone() -> None:
    processor, regions, maps = trained()
    before = processor(regions, IMAGE, maps)
    other = maps.clone()
    other[2] += torch.randn(other[2].shape, generator=torch.Generator().manual_seed(5))
    after = processor(regions, IMAGE, other)
    torch.testing.assert_close(after[1], before[1])
    assert not torch.allclose(after[[0, 2, 3]], before[[0, 2, 3]], atol=1e-3)


def test_regions_do_not_see_each_other() -> None:
    processor, regions, maps = trained()
    together = processor(regions, IMAGE, maps)
    for row in range(4):
        alone = processor(regions[row : row + 1], IMAGE[row : row + 1], maps)
        torch.testing.assert_close(together[row : row + 1], alone)
    torch.testing.assert_close(together.norm(dim=-1), torch.ones(4))


def test_it_is_attention_of_the_region_over_the_images_cells_added_to_the_region() -> None:
    """Against one query and one image at a time, head by head."""
    processor, regions, maps = trained()
    found = processor(regions, IMAGE, maps)
    attention = processor.attention
    for row, image in enumerate(IMAGE.tolist()):
        cells = processor.cell_norm(maps[image].flatten(1).T)
        biases = attention.in_proj_bias.chunk(3)
        query = attention.q_proj_weight @ processor.query_norm(regions[row]) + biases[0]
        keys = cells @ attention.k_proj_weight.T + biases[1]
        values = cells @ attention.v_proj_weight.T + biases[2]
        heads = []
        for head in range(8):
            part = slice(2 * head, 2 * head + 2)
            weights = torch.softmax(keys[:, part] @ query[part] / 2**0.5, dim=0)
            heads.append(weights @ values[:, part])
        fused = regions[row] + attention.out_proj(torch.cat(heads))
        torch.testing.assert_close(found[row], fused / fused.norm(), rtol=1e-4, atol=1e-5)


def test_places_count_the_rows_of_the_same_image_before() -> None:
    assert place_in_image(IMAGE, 4).tolist() == [0, 0, 1, 2]
    assert place_in_image(IMAGE[:0], 4).tolist() == []


def made() -> tuple[RoiProcessor, Tensor, Tensor]:
    torch.manual_seed(0)
    regions = torch.nn.functional.normalize(torch.randn(4, 16), dim=-1)
    return RoiProcessor(16, 12), regions, torch.randn(3, 12, 2, 3)


def trained() -> tuple[RoiProcessor, Tensor, Tensor]:
    processor, regions, maps = made()
    torch.nn.init.normal_(processor.attention.out_proj.weight, std=0.3)
    return processor, regions, maps
