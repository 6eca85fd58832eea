"""RoIAlign in the frame of the images as they enter, on maps whose cells say where they are."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="training needs 'make models'")
pytest.importorskip("torchvision", reason="training needs 'make models'")

from torch import Tensor  # noqa: E402

from trainer.regions import at_least_a_cell, roi_cells  # noqa: E402

WH = (80, 40)  # pixels; the map below has 8 x 4 cells of 10 px


@pytest.fixture
def places() -> Tensor:
    """[2, 2, 4, 8]: channel 0 is a cell's column, 1 its row; the second image's are 100 higher."""
    rows, columns = torch.meshgrid(torch.arange(4.0), torch.arange(8.0), indexing="ij")
    one = torch.stack([columns, rows])
    both: Tensor = torch.stack([one, one + 100])
    return both


def test_a_box_over_whole_cells_gives_their_mean(places: Tensor) -> None:
    boxes = torch.tensor([[20.0, 10.0, 50.0, 30.0], [0.0, 0.0, 10.0, 10.0]])
    found = roi_cells(places, torch.tensor([0, 1]), boxes, WH, (1, 1))
    assert found.shape == (2, 2, 1, 1)
    assert found[:, :, 0, 0].tolist() == [[3.0, 1.5], [100.0, 100.0]]


def test_the_whole_image_in_the_maps_own_grid_is_the_map(places: Tensor) -> None:
    found = roi_cells(places, torch.tensor([0]), torch.tensor([[0.0, 0.0, 80.0, 40.0]]), WH, (8, 4))
    torch.testing.assert_close(found[0], places[0])


def test_a_box_between_cells_is_interpolated(places: Tensor) -> None:
    found = roi_cells(places, torch.tensor([0]), torch.tensor([[25.0, 15.0, 35.0, 25.0]]), WH, (1, 1))
    assert found.flatten().tolist() == pytest.approx([2.5, 1.5])


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        pytest.param((33.0, 21.0, 33.0, 21.0), (2.8, 1.6), id="an empty box is a cell around its point"),
        pytest.param((79.0, 39.0, 80.0, 40.0), (7.0, 3.0), id="in the corner it stays inside"),
        pytest.param((-50.0, -50.0, 10.0, 10.0), (0.0, 0.0), id="what lies outside is cut off"),
        pytest.param((200.0, 300.0, 220.0, 320.0), (7.0, 3.0), id="all outside gives the nearest cell"),
    ],
)
def test_every_box_keeps_a_cell(places: Tensor, box: tuple[float, ...], expected: tuple[float, float]) -> None:
    found = roi_cells(places, torch.tensor([0]), torch.tensor([box]), WH, (1, 1))
    assert found.flatten().tolist() == pytest.approx(expected, abs=1e-5)


def test_a_flat_box_grows_only_where_it_is_too_small() -> None:
    boxes = torch.tensor([[1.0, 2.0, 5.0, 2.2]])
    assert at_least_a_cell(boxes, (8, 4)).flatten().tolist() == pytest.approx([1.0, 1.6, 5.0, 2.6])


def test_no_boxes_give_no_cells(places: Tensor) -> None:
    assert roi_cells(places, torch.zeros(0, dtype=torch.int64), torch.zeros(0, 4), WH, (1, 1)).shape == (0, 2, 1, 1)


def test_maps_in_half_precision_stay_so(places: Tensor) -> None:
    boxes = torch.tensor([[20.0, 10.0, 50.0, 30.0]])
    assert roi_cells(places.bfloat16(), torch.tensor([0]), boxes, WH, (1, 1)).dtype == torch.bfloat16
