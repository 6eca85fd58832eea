"""Classes: the linear classifier is the true minimum; folders, prompts and draws are what they say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.optimize import minimize
from torch.nn.functional import normalize

from curator.errors import ImageError, InputError
from trainer.evaluate.classes import find_classes
from trainer.evaluate.classification import class_features, few_shot, zero_shot
from trainer.evaluate.linear import fit


def clusters(each: int, classes: int = 3, spread: float = 0.5) -> tuple[torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(5)
    labels = torch.arange(classes).repeat_interleave(each)
    features = torch.eye(classes, 8)[labels] + spread * torch.randn((len(labels), 8), generator=random)
    return normalize(features, dim=1), labels


def test_the_linear_classifier_is_the_minimum_that_scipy_finds() -> None:
    features, labels = clusters(7)
    plain_features, plain_labels = features[:, :4].double().numpy(), labels.numpy()

    def loss(flat: np.ndarray) -> float:  # type: ignore[type-arg]
        weights, bias = flat[:12].reshape(3, 4), flat[12:]
        logits = plain_features @ weights.T + bias
        log_sums = np.log(np.exp(logits).sum(1))
        own = logits[np.arange(21), plain_labels]
        return float((log_sums - own).mean() + 0.05 / 2 * (weights**2).sum())

    wanted = minimize(loss, np.zeros(15), method="BFGS", options={"gtol": 1e-8})
    found = fit(features[:, :4], labels, 3, penalty=0.05)
    flat = np.concatenate([found.weights.numpy().reshape(-1), found.bias.numpy()])
    assert loss(flat) == pytest.approx(wanted.fun, abs=1e-9)
    assert found.weights.numpy() == pytest.approx(wanted.x[:12].reshape(3, 4), abs=1e-4)
    assert found.logits(features[:, :4]).shape == (21, 3)


def test_more_examples_classify_better_and_the_draws_are_always_the_same() -> None:
    features, labels = clusters(40)
    held_out = torch.arange(120) % 2 == 0
    found = few_shot(features, labels, held_out, 3)
    accuracies = [float(few.hits.mean()) for few in found]
    assert [few.shots for few in found] == [1, 2, 4, 8, 16]
    assert accuracies[0] < accuracies[-1] - 0.1
    assert accuracies[-1] > 0.75
    assert all(len(few.hits) == 60 for few in found)
    assert [float(few.hits.mean()) for few in few_shot(features, labels, held_out, 3)] == accuracies


def test_shots_end_where_the_smallest_class_does() -> None:
    features, labels = clusters(40)
    held_out = torch.ones(120, dtype=torch.bool)
    held_out[[0, 1, 2, 3, 4, 40, 41, 42, 80, 81, 82, 83]] = False
    assert [few.shots for few in few_shot(features, labels, held_out, 3)] == [1, 2]


def test_zero_shot_goes_to_the_nearest_prompt_and_a_tie_is_wrong() -> None:
    prompts = [torch.eye(3)[[0]], torch.eye(3)[[1, 2]]]
    classes = class_features(prompts)
    assert classes[1].tolist() == pytest.approx([0, 0.5**0.5, 0.5**0.5])
    images = torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 0, 0], [1, 0, 0]])
    found = zero_shot(images, torch.tensor([0, 1, 1, 1]), classes)
    assert found.hits.tolist() == [True, True, False, False]
    assert found.balanced == pytest.approx((1 + 1 / 3) / 2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(5):
        for name, shade in (("bright_field", 200), ("Gel", 40)):
            path = tmp_path / name / "deep" / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (20 + number, 10), (shade, number, 0)).save(path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "Gel" / "notes.txt").write_text("no image", encoding="utf-8")
    return tmp_path


def test_a_folder_of_class_folders_is_read_with_its_prompts(folder: Path) -> None:
    (folder / "prompts.json").write_text('{"Gel": ["A western blot.", "Bands, in lanes!"]}', encoding="utf-8")
    found = find_classes(folder)
    assert found.names == ("Gel", "bright_field")
    assert found.prompts[0] == ("a western blot", "bands in lanes")
    assert found.prompts[1][:2] == ("bright field", "an image of bright field")
    assert found.labels == (0,) * 5 + (1,) * 5
    squares = list(found.pictures(16))
    assert len(squares) == 10
    assert squares[0].shape == (16, 16, 3)
    assert squares[0][0, 0, 0] == 40
    held = found.is_held_out()
    assert (sum(held[:5]), sum(held[5:])) == (3, 3)
    assert held == find_classes(folder).is_held_out()


def test_pictures_of_sixteen_bits_are_not_cut_off_at_white(folder: Path) -> None:
    deep = np.linspace(1000, 5000, 64, dtype=np.uint16).reshape(8, 8)
    Image.fromarray(deep).save(folder / "Gel" / "00.png")
    square = next(find_classes(folder).pictures(8))
    assert square.min() < 20
    assert square.max() > 235


def test_one_folder_is_no_classification(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds 0 folders with images, expected at least two: one folder a class"):
        find_classes(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("text", "message"),
    [("[1]", "is not"), ('{"gel": ["x"]}', r"speaks of \['gel'\], and the folders with images are")],
    ids=["no object", "unknown class"],
)
def test_prompts_that_fit_no_folder_are_an_error(folder: Path, text: str, message: str) -> None:
    (folder / "prompts.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        find_classes(folder)


def test_a_broken_image_is_named(folder: Path) -> None:
    (folder / "Gel" / "deep" / "0.png").write_bytes(b"no image")
    with pytest.raises(ImageError, match=r"0\.png cannot be read as an image"):
        list(find_classes(folder).pictures(8))
