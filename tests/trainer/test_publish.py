"""A published model is open_clip's own: a fresh process without our code loads it, and ONNX gives the same features."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from torch.nn.functional import normalize

from curator.errors import InputError, ModelError, TrainingError
from tests.trainer.models import SMALL, a_config
from tests.trainer.small_runs import draw_small_export, small_config, small_train
from trainer.batch import Children
from trainer.checkpoint import Checkpoint, Progress, save_checkpoint
from trainer.config import Stage, Weights
from trainer.evaluate.report import evaluate
from trainer.evaluate.subject import load_subject, load_trained
from trainer.model import make_model
from trainer.onnx_export import export_onnx
from trainer.publish import publish
from trainer.run_folder import RunFolder
from trainer.snapshot import describe

pytestmark = pytest.mark.process

TEXTS = ["an arrowhead points at a nucleus", "marked fibrosis near the vein"]
FRESH = """
import importlib.util, sys
assert not [name for name in ("trainer", "curator", "ui") if importlib.util.find_spec(name)], sys.path
import numpy, open_clip, torch
name = "local-dir:" + sys.argv[1]
model, _, preprocess = open_clip.create_model_and_transforms(name)
model.eval()
pixels = torch.from_numpy(numpy.load(sys.argv[2] + "/pixels.npy"))
with torch.no_grad():
    image = model.encode_image(pixels, normalize=True)
    text = model.encode_text(open_clip.get_tokenizer(name)(sys.argv[3:]), normalize=True)
numpy.savez(sys.argv[2] + "/features.npz", image=image.numpy(), text=text.numpy())
from PIL import Image
numpy.save(sys.argv[2] + "/seen.npy", preprocess(Image.new("RGB", (90, 30), (255, 0, 0))).numpy())
"""


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_small_export(tmp_path_factory.mktemp("drawn") / "export")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, export: Path) -> Path:
    """LoRA, averages and a ROI processor: all that publishing has to undo or to put beside the model."""
    folder = tmp_path_factory.mktemp("runs") / "a-run"
    config = small_config(steps=3, lora_rank=2, ema=0.5, roi_processor=True, model=SMALL)
    small_train(export, folder, config)
    return folder


@pytest.fixture(scope="module")
def published(run: Path, export: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    evaluate(str(run), export).save(folder / "report")
    publish(run, folder / "model", report=folder / "report")
    return folder / "model"


def in_a_fresh_process(folder: Path, scratch: Path, px: int) -> tuple[torch.Tensor, dict[str, np.ndarray[Any, Any]]]:
    """Pixels, and what open_clip gives for them and for TEXTS where our code cannot be imported."""
    pixels = torch.randn((3, 3, px, px), generator=torch.Generator().manual_seed(1))
    np.save(scratch / "pixels.npy", pixels.numpy())
    # -S leaves out what an editable installation adds to the path
    environment = {**os.environ, "PYTHONPATH": sysconfig.get_paths()["purelib"], "HF_HUB_OFFLINE": "1"}
    arguments = [sys.executable, "-S", "-c", FRESH, str(folder), str(scratch), *TEXTS]
    ended = subprocess.run(arguments, cwd=scratch, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return pixels, {**np.load(scratch / "features.npz"), "seen": np.load(scratch / "seen.npy")}


@pytest.fixture(scope="module")
def fresh(
    run: Path, published: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[torch.Tensor, dict[str, np.ndarray[Any, Any]]]:
    return in_a_fresh_process(published, tmp_path_factory.mktemp("fresh"), load_trained(run).px)


def test_a_fresh_process_without_our_code_gives_the_features_of_the_trained_model(run: Path, fresh: Any) -> None:
    pixels, found = fresh
    trained = load_trained(run)
    start, _, _ = make_model(trained.config)
    with torch.no_grad():
        image = trained.model.encode_images(pixels).global_features
        untrained = start.eval().encode_images(pixels).global_features
    assert found["image"] == pytest.approx(image.numpy(), abs=1e-5)
    assert found["text"] == pytest.approx(trained.texts(TEXTS).numpy(), abs=1e-5)
    assert float((image - untrained).abs().max()) > 1e-3


def test_open_clips_own_transform_squashes_as_training_did(run: Path, fresh: Any) -> None:
    trained = load_trained(run)
    red = np.zeros((trained.px, trained.px, 3), np.uint8)
    red[..., 0] = 255
    assert fresh[1]["seen"] == pytest.approx(trained.pixels([red])[0].numpy(), abs=1e-5)


def test_onnx_gives_torchs_features_for_any_number_of_inputs(run: Path, published: Path) -> None:
    trained = load_trained(run)
    pixels = torch.randn((5, 3, trained.px, trained.px), generator=torch.Generator().manual_seed(2))
    tokens = trained.tokenizer(TEXTS)
    for name, inputs, wanted in (
        ("image", {"pixels": pixels.numpy()}, trained.model.encode_images(pixels).global_features),
        ("text", {"tokens": tokens.numpy()}, trained.model.encode_texts(tokens)),
    ):
        session = onnxruntime.InferenceSession(str(published / f"{name}.onnx"), providers=["CPUExecutionProvider"])
        (found,) = session.run(["features"], inputs)
        assert found == pytest.approx(wanted.detach().numpy(), abs=1e-5)


def test_our_own_loading_brings_the_roi_processor_back(run: Path, published: Path) -> None:
    trained, loaded = load_trained(run), load_subject(str(published))
    assert loaded.name == "model"
    with torch.no_grad():
        weight = trained.model.roi_processor.attention.out_proj.weight  # type: ignore[union-attr]
        assert torch.equal(loaded.model.roi_processor.attention.out_proj.weight, weight)  # type: ignore[union-attr]
        pixels = torch.randn((2, 3, trained.px, trained.px), generator=torch.Generator().manual_seed(2))
        boxes = torch.tensor([[0.0, 0.0, 16.0, 16.0], [8.0, 4.0, 30.0, 30.0]])
        children = Children(torch.tensor([0, 1]), boxes, torch.zeros((2, 0)), None, None, None)
        regions = [one.model.region_features(one.model.encode_images(pixels), children) for one in (trained, loaded)]
    assert regions[0].numpy() == pytest.approx(regions[1].numpy(), abs=1e-5)


def test_the_card_tells_what_it_is_what_it_learned_from_and_what_it_is_worth(published: Path, export: Path) -> None:
    card = (published / "README.md").read_text(encoding="utf-8")
    snapshot = describe(export)
    assert card.startswith("---\nlibrary_name: open_clip\n")
    assert "# a-run" in card
    assert f"SHA-256 of the export `{snapshot.sha256}`" in card
    assert f"| regions | {snapshot.pairs['train']['R']} | {snapshot.pairs['val']['R']} |" in card
    assert "CC0-1.0 14" in card
    assert "curator_roi_processor.safetensors" in card
    report = json.loads((published / "report.json").read_text(encoding="utf-8"))
    number = report["results"]["retrieval"]["panel"]["image_to_text"]["r1"]
    assert f"| {number['value'] * 100:.1f} % (" in card
    assert f"start {number['start']['value'] * 100:.1f} %" in card
    assert json.loads((published / "training_data.json").read_text(encoding="utf-8")) == snapshot.to_doc()
    assert json.loads((published / "training_config.json").read_text(encoding="utf-8"))["lora_rank"] == 2


def test_without_a_report_the_card_tells_the_runs_own_validation(run: Path, tmp_path: Path) -> None:
    publish(run, tmp_path / "model", onnx=False)
    assert "On the validation split, by which the step was chosen" in (tmp_path / "model" / "README.md").read_text()
    assert not list((tmp_path / "model").glob("*.onnx"))


def test_what_stands_there_is_replaced_only_on_demand_and_only_a_published_model(run: Path, tmp_path: Path) -> None:
    target = tmp_path / "model"
    target.mkdir()
    for overwrite in (False, True):
        with pytest.raises(TrainingError, match="exists; name another with -o"):
            publish(run, target, onnx=False, overwrite=overwrite)
    (target / "open_clip_config.json").write_text("{}", encoding="utf-8")
    publish(run, target, onnx=False, overwrite=True)
    assert (target / "open_clip_model.safetensors").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_report_of_another_model_is_refused(run: Path, export: Path, tmp_path: Path) -> None:
    evaluate(SMALL, export, limit=2).save(tmp_path / "report")
    with pytest.raises(InputError, match=f"tells of '{SMALL}', expected 'a-run'; evaluate this run"):
        publish(run, tmp_path / "model", report=tmp_path / "report")


def test_a_folder_without_checkpoint_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="holds no checkpoint"):
        publish(tmp_path, tmp_path / "model")


def test_a_text_tower_of_the_hub_comes_along_with_its_tokenizer(export: Path, tmp_path: Path) -> None:
    """Configuration and tokenizer stand in the folder: the machine that loads it needs no network."""
    start = tmp_path / "start"
    save_bert_clip(start)
    stage = Stage("all", 1.0, ("P",), Weights())
    config = a_config(f"local-dir:{start}", stages=(stage,))
    model, _, _ = make_model(config)
    checkpoint = Checkpoint(config, describe(export).to_doc(), Progress(1), model.state_dict(), {}, {}, [])
    save_checkpoint(RunFolder(tmp_path / "run").best, checkpoint)
    publish(tmp_path / "run", tmp_path / "model", onnx=False)
    (tmp_path / "scratch").mkdir()
    trained = load_trained(tmp_path / "run")
    text, image = trained.texts(TEXTS), trained.model.clip
    for path in sorted(start.rglob("*")):
        path.unlink()
    pixels, found = in_a_fresh_process(tmp_path / "model", tmp_path / "scratch", trained.px)
    assert found["text"] == pytest.approx(text.numpy(), abs=1e-5)
    with torch.no_grad():
        assert found["image"] == pytest.approx(normalize(image.encode_image(pixels), dim=-1).numpy(), abs=1e-5)
    assert "hf_model_name" in (tmp_path / "model" / "README.md").read_text(encoding="utf-8")
    moved = tmp_path / "moved"
    (tmp_path / "model").rename(moved)
    assert load_subject(str(moved)).texts(TEXTS).numpy() == pytest.approx(text.numpy(), abs=1e-5)


def test_onnx_that_gives_other_features_than_torch_is_an_error(tmp_path: Path) -> None:
    class Moody(torch.nn.Module):
        def encode_image(self, pixels: torch.Tensor) -> torch.Tensor:
            return pixels.mean((2, 3)) + torch.rand_like(pixels[:, :, 0, 0])

    with pytest.raises(ModelError, match=r"image\.onnx differs from torch by .* expected at most 0\.0001; .*--no-onnx"):
        export_onnx(Moody(), 8, torch.zeros((2, 4), dtype=torch.int64), tmp_path)


def save_bert_clip(folder: Path) -> None:
    """A small CLIP whose text tower is a BERT, as BiomedCLIP's."""
    import open_clip
    from transformers import BertConfig, BertModel, BertTokenizer

    folder.mkdir()
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "marked", "fibrosis", "near", "the", "vein", "an"]
    vocab = {word: number for number, word in enumerate(words)}
    BertTokenizer(vocab=vocab).save_pretrained(folder)
    sizes: dict[str, Any] = {"num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    text = BertModel(BertConfig(vocab_size=len(words), hidden_size=16, **sizes), add_pooling_layer=False)
    text.config.save_pretrained(folder)
    model_cfg = open_clip.get_model_config(SMALL)
    assert model_cfg is not None
    model_cfg["text_cfg"] = {
        "hf_model_name": str(folder),
        "hf_tokenizer_name": str(folder),
        "hf_model_pretrained": False,
        "hf_proj_type": "mlp",
        "hf_pooler_type": "cls_last_hidden_state_pooler",
        "context_length": 12,
    }
    from safetensors.torch import save_file

    torch.manual_seed(0)
    save_file(open_clip.CustomTextCLIP(**model_cfg).state_dict(), folder / "open_clip_model.safetensors")
    document = {"model_cfg": model_cfg, "preprocess_cfg": {}}
    (folder / "open_clip_config.json").write_text(json.dumps(document), encoding="utf-8")
