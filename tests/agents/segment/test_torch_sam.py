"""Segment Anything in torch: the same masks as the libraries' own pipelines, in the frame of the figure."""

from __future__ import annotations

import importlib
import io
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch", reason="local weights need 'make models'")
pytest.importorskip("segment_anything", reason="local weights need 'make models'")
transformers: Any = pytest.importorskip("transformers", reason="local weights need 'make models'")

from agents.segment.hf_sam import HfSam  # noqa: E402
from agents.segment.segmenter import Click, Embedding, Segmenter  # noqa: E402
from agents.segment.torch_sam import TorchSam  # noqa: E402
from curator.errors import ModelError  # noqa: E402
from curator.geometry import Box  # noqa: E402
from tests.agents.segment.tiny_sam import (  # noqa: E402
    ODD_WH,
    draw_image,
    save_checkpoint,
    save_sam,
    save_sam2,
    save_sam2_video,
)

Asked = tuple[list[Click], Box | None]
ASKED: dict[str, Asked] = {
    "click": ([Click((50.0, 60.0))], None),
    "two clicks": ([Click((50.0, 60.0)), Click((200.0, 100.0), inside=False)], None),
    "box": ([], (20.0, 30.0, 150.0, 160.0)),
    "click in box": ([Click((50.0, 60.0))], (20.0, 30.0, 150.0, 160.0)),
}


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as fast for models this small, and kinder to what else runs
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sam")


@pytest.fixture(scope="module")
def checkpoint(folder: Path) -> Path:
    return save_checkpoint(folder / "tiny.pth")


@pytest.fixture(scope="module")
def segmenters(folder: Path, checkpoint: Path) -> dict[str, Segmenter]:
    return {
        "segment-anything": TorchSam(checkpoint),
        "Sam": HfSam(save_sam(folder / "tiny-sam")),
        "Sam2": HfSam(save_sam2(folder / "tiny-sam2")),
    }


@pytest.fixture(scope="module")
def embeddings(segmenters: dict[str, Segmenter]) -> dict[str, Embedding]:
    return {name: segmenter.embed(draw_image()) for name, segmenter in segmenters.items()}


every_segmenter = pytest.mark.parametrize("name", ["segment-anything", "Sam", "Sam2"])
every_question = pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)


def agreement(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    assert one.shape == other.shape == (ODD_WH[1], ODD_WH[0])
    assert 0.02 < one.mean() < 0.98, "a mask of all or nothing would agree by chance"
    return float((one == other).mean())


@every_segmenter
@every_question
def test_a_mask_has_the_size_of_the_image(
    segmenters: dict[str, Segmenter], embeddings: dict[str, Embedding], name: str, asked: Asked
) -> None:
    mask = segmenters[name].mask(embeddings[name], *asked)
    assert (mask.shape, mask.dtype) == ((ODD_WH[1], ODD_WH[0]), np.bool_)


@pytest.fixture(scope="module")
def predictor(checkpoint: Path) -> Any:
    """The package's own way to masks."""
    build: Any = importlib.import_module("segment_anything.build_sam")._build_sam
    predictor = importlib.import_module("segment_anything").SamPredictor(build(32, 2, 2, [1], str(checkpoint)))
    predictor.set_image(draw_image())
    return predictor


@every_question
def test_masks_of_a_checkpoint_are_those_of_the_package_itself(
    segmenters: dict[str, Segmenter], embeddings: dict[str, Embedding], predictor: Any, asked: Asked
) -> None:
    clicks, box = asked
    masks, scores, _ = predictor.predict(
        point_coords=np.array([click.xy for click in clicks]) if clicks else None,
        point_labels=np.array([click.inside for click in clicks]) if clicks else None,
        box=None if box is None else np.array(box),
        multimask_output=len(clicks) == 1 and box is None,
    )
    mine = segmenters["segment-anything"].mask(embeddings["segment-anything"], clicks, box)
    assert agreement(mine, masks[scores.argmax()]) > 0.99  # half precision moves single pixels


@pytest.mark.parametrize("name", ["Sam", "Sam2"])
@every_question
def test_masks_of_a_folder_are_those_of_the_library_itself(
    segmenters: dict[str, Segmenter], embeddings: dict[str, Embedding], folder: Path, name: str, asked: Asked
) -> None:
    source = folder / f"tiny-{name.lower()}"
    processor = getattr(transformers, f"{name}Processor").from_pretrained(source)
    model = getattr(transformers, f"{name}Model").from_pretrained(source).eval()
    clicks, box = asked
    inputs = processor(
        images=draw_image(),
        input_points=[[[list(click.xy) for click in clicks]]] if clicks else None,
        input_labels=[[[int(click.inside) for click in clicks]]] if clicks else None,
        input_boxes=None if box is None else [[list(box)]],
        return_tensors="pt",
    )
    sizes = [inputs["original_sizes"]] + ([inputs["reshaped_input_sizes"]] if name == "Sam" else [])
    known = {key: value for key, value in inputs.items() if key not in ("original_sizes", "reshaped_input_sizes")}
    with torch.no_grad():
        answer = model(**known, multimask_output=len(clicks) == 1 and box is None)
    masks = processor.post_process_masks(answer.pred_masks, *sizes)[0][0]
    mine = segmenters[name].mask(embeddings[name], clicks, box)
    assert agreement(mine, masks[int(answer.iou_scores[0, 0].argmax())].numpy()) > 0.99


@every_segmenter
def test_an_embedding_read_back_from_a_file_gives_the_same_mask(
    segmenters: dict[str, Segmenter], embeddings: dict[str, Embedding], name: str
) -> None:
    file = io.BytesIO()
    np.savez(file, **embeddings[name].arrays)  # type: ignore[arg-type]
    file.seek(0)
    with np.load(file) as stored:
        again = Embedding(dict(stored), embeddings[name].image_wh)
    for clicks, box in ASKED.values():
        expected = segmenters[name].mask(embeddings[name], clicks, box)
        assert np.array_equal(segmenters[name].mask(again, clicks, box), expected)


@every_segmenter
def test_threads_that_ask_about_different_images_do_not_mix_them(segmenters: dict[str, Segmenter], name: str) -> None:
    segmenter = segmenters[name]
    images = [draw_image((90 + 30 * seed, 200), seed) for seed in range(2)]
    clicks = [Click((40.0, 50.0))]

    def mask(image: NDArray[np.uint8]) -> NDArray[np.bool_]:
        return segmenter.mask(segmenter.embed(image), clicks, None)

    alone = [mask(image) for image in images]
    with ThreadPoolExecutor(2) as threads:
        together = list(threads.map(mask, images))
    assert [found.shape for found in together] == [(200, 90), (200, 120)]
    assert all(np.array_equal(one, other) for one, other in zip(alone, together, strict=True))


@every_segmenter
@pytest.mark.parametrize("wh", [(3, 200), (1025, 511)], ids=str)
def test_slivers_and_odd_sizes_keep_their_frame(
    segmenters: dict[str, Segmenter], name: str, wh: tuple[int, int]
) -> None:
    embedding = segmenters[name].embed(draw_image(wh))
    assert embedding.image_wh == wh
    assert segmenters[name].mask(embedding, [Click((0.5, 0.5))], None).shape == (wh[1], wh[0])


def test_other_weights_have_another_key(folder: Path, checkpoint: Path, segmenters: dict[str, Segmenter]) -> None:
    other = TorchSam(save_checkpoint(folder / "other" / "tiny.pth", seed=1))
    assert other.key != segmenters["segment-anything"].key
    assert TorchSam(checkpoint).key == segmenters["segment-anything"].key
    assert len({segmenter.key for segmenter in segmenters.values()}) == 3


def test_names_say_which_weights_are_at_work(segmenters: dict[str, Segmenter]) -> None:
    assert {name: segmenter.name for name, segmenter in segmenters.items()} == {
        "segment-anything": "SAM width 32 (tiny.pth)",
        "Sam": "SAM (tiny-sam)",
        "Sam2": "SAM2 (tiny-sam2)",
    }


def test_sam2_weights_of_the_video_model_are_read_too(folder: Path) -> None:
    segmenter = HfSam(save_sam2_video(folder / "tiny-sam2-video"))
    embedding = segmenter.embed(draw_image())
    assert segmenter.mask(embedding, [Click((50.0, 60.0))], None).shape == (ODD_WH[1], ODD_WH[0])


def test_a_checkpoint_of_another_size_than_set_is_refused(checkpoint: Path) -> None:
    with pytest.raises(ModelError, match=r"is width 32, but segment\.sam_type is 'vit_b'; leave sam_type empty"):
        TorchSam(checkpoint, "vit_b")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"not weights", "cannot be read as weights"),
        ({"backbone.weight": torch.zeros(3)}, "not of Segment Anything's image encoder"),
        ({"epoch": 3}, "holds no plain weights"),
    ],
    ids=["no torch file", "another model", "no weights"],
)
def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path, content: Any, said: str) -> None:
    path = tmp_path / "sam.pth"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(ModelError, match=said):
        TorchSam(path)


def test_a_checkpoint_that_lacks_weights_is_refused(tmp_path: Path, checkpoint: Path) -> None:
    weights = torch.load(checkpoint, weights_only=True)
    del weights["mask_decoder.iou_token.weight"]
    torch.save(weights, tmp_path / "sam.pth")
    with pytest.raises(ModelError, match=r"does not fit the model that its shapes tell.*iou_token"):
        TorchSam(tmp_path / "sam.pth")


def _broken_folders(folder: Path) -> Sequence[tuple[Path, str]]:
    (folder / "empty").mkdir()
    (folder / "bert").mkdir()
    (folder / "bert" / "config.json").write_text(json.dumps({"model_type": "bert"}))
    (folder / "bare").mkdir()
    (folder / "bare" / "config.json").write_text(json.dumps({"model_type": "sam"}))
    return [
        (folder / "empty", "is no folder of weights: its config.json cannot be read"),
        (folder / "bert", "holds a model of type 'bert'; expected one of 'sam', 'sam2', 'sam2_video'"),
        (folder / "bare", "the Sam weights in .* cannot be loaded"),
    ]


def test_a_folder_without_such_a_model_is_refused(tmp_path: Path) -> None:
    for folder, said in _broken_folders(tmp_path):
        with pytest.raises(ModelError, match=said):
            HfSam(folder)
