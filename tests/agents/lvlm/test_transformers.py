"""Local weights: a tiny Qwen2.5-VL that learnt its pictures answers through the provider, alone and in batches."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="local weights need 'make models'")
transformers: Any = pytest.importorskip("transformers", reason="local weights need 'make models'")

from agents.lvlm.asking.coordinates import QWEN2_5_LEAST_PIXELS, QWEN2_5_MOST_PIXELS, qwen2_5_input_wh  # noqa: E402
from agents.lvlm.model import Message, Sampling, Schema  # noqa: E402
from agents.lvlm.providers.transformers import TransformersModel, draw_by_seed  # noqa: E402
from agents.lvlm.views import to_picture  # noqa: E402
from curator.errors import ModelError  # noqa: E402
from curator.exchange import Finish, Picture, Reply  # noqa: E402
from curator.settings import ModelSettings  # noqa: E402
from tests.agents.lvlm.tiny_families import save_llava, save_qwen3  # noqa: E402
from tests.agents.lvlm.tiny_qwen import QUESTION, SCHEMA, answer_of, draw_picture, every_pair  # noqa: E402

pytestmark = pytest.mark.process

TOGETHER_S = 60.0  # never waited for: batches are complete as soon as all their requests are there
HOT = 4.0  # the tiny model is so sure of itself that a lower temperature changes nothing


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as fast for a model this small, and kinder to what else runs
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def model(tiny_qwen_folder: Path) -> TransformersModel:
    return TransformersModel(ModelSettings(provider="transformers", model=str(tiny_qwen_folder), in_flight=1))


@pytest.fixture
def generated(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sizes of the batches that were generated."""
    sizes: list[int] = []
    kind = transformers.Qwen2_5_VLForConditionalGeneration
    generate = kind.generate

    def counted(self: Any, **inputs: Any) -> Any:
        sizes.append(len(inputs["input_ids"]))
        return generate(self, **inputs)

    monkeypatch.setattr(kind, "generate", counted)
    return sizes


def ask(
    model: TransformersModel, pair: tuple[str, str], schema: Schema | None = None, sampling: Sampling | None = None
) -> Reply:
    question = Message("user", QUESTION, (draw_picture(*pair),))
    return model.complete([question], schema, sampling or Sampling(max_tokens=30))


def ask_together(
    model: TransformersModel, pairs: Sequence[tuple[str, str]], samplings: Sequence[Sampling]
) -> list[Reply]:
    with ThreadPoolExecutor(len(pairs)) as threads:
        return list(threads.map(lambda asked: ask(model, asked[0], None, asked[1]), zip(pairs, samplings, strict=True)))


def test_the_answer_tells_what_the_pixels_show(model: TransformersModel) -> None:
    said = {pair: ask(model, pair).text for pair in every_pair()}
    assert said == {pair: answer_of(*pair) for pair in every_pair()}


def test_the_schema_is_written_under_the_question(model: TransformersModel) -> None:
    free, held = ask(model, ("A", "red")), ask(model, ("A", "red"), SCHEMA)
    assert held.text == answer_of("A", "red")
    assert held.tokens_in > free.tokens_in


def test_tokens_and_seconds_are_counted(model: TransformersModel) -> None:
    reply = ask(model, ("T", "blue"))
    tokens = model.processor.tokenizer(answer_of("T", "blue"))["input_ids"]
    assert (reply.finish, reply.tokens_out) == (Finish.STOP, len(tokens) + 1)  # and the token that ends it
    assert reply.seconds > 0


def test_a_reply_is_cut_at_the_token_limit_and_says_so(model: TransformersModel) -> None:
    reply = ask(model, ("T", "blue"), sampling=Sampling(max_tokens=5))
    assert (reply.finish, reply.tokens_out) == (Finish.LENGTH, 5)
    assert answer_of("T", "blue").startswith(reply.text)
    assert reply.text


def test_system_words_earlier_turns_and_several_pictures_are_taken(model: TransformersModel) -> None:
    pictures = (draw_picture("A", "red"), draw_picture("H", "blue"))
    messages = [
        Message("system", "Answer."),
        Message("user", QUESTION, pictures),
        Message("assistant", answer_of("A", "red")),
        Message("user", QUESTION, pictures[:1]),
    ]
    alone = ask(model, ("A", "red"))
    reply = model.complete(messages, SCHEMA, Sampling(max_tokens=30))
    image_tokens = 9  # 84 px are 6 patches, merged two by two
    assert reply.tokens_in > alone.tokens_in + 2 * image_tokens


def test_requests_of_the_same_time_are_generated_together_and_answered_as_alone(
    model: TransformersModel, tiny_qwen_folder: Path, generated: list[int]
) -> None:
    pairs = every_pair()[:6]
    samplings = [Sampling(HOT if seed % 2 else 0.0, 20, seed) for seed in range(6)]
    alone = [ask(model, pair, None, sampling) for pair, sampling in zip(pairs, samplings, strict=True)]
    assert generated == [1] * 6
    settings = ModelSettings(provider="transformers", model=str(tiny_qwen_folder), in_flight=6)
    together = ask_together(TransformersModel(settings, gather_s=TOGETHER_S), pairs, samplings)
    assert generated[6:] == [6]
    assert [reply.text for reply in together] == [reply.text for reply in alone]
    assert [reply.finish for reply in together] == [reply.finish for reply in alone]
    assert [reply.tokens_out for reply in together] == [reply.tokens_out for reply in alone]


def test_each_request_keeps_its_own_token_limit(tiny_qwen_folder: Path) -> None:
    model = TransformersModel(ModelSettings(provider="transformers", model=str(tiny_qwen_folder), in_flight=4))
    pairs = every_pair()[:4]
    samplings = [Sampling(max_tokens=size) for size in (4, 30, 30, 4)]
    replies = ask_together(model, pairs, samplings)
    assert [reply.finish for reply in replies] == [Finish.LENGTH, Finish.STOP, Finish.STOP, Finish.LENGTH]


def test_the_seed_decides_the_draw(model: TransformersModel) -> None:
    first, again, other = (ask(model, ("A", "red"), sampling=Sampling(HOT, 20, seed)).text for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_draws_follow_the_temperature() -> None:
    shares = torch.tensor([0.7, 0.2, 0.1])
    draws = 4000
    samplings = [Sampling(temperature=2.0, seed=seed) for seed in range(draws)]
    noisy = draw_by_seed(samplings)(torch.zeros(draws, 1), shares.log().repeat(draws, 1))
    counts = Counter(noisy.argmax(dim=1).tolist())
    flattened = shares.sqrt() / shares.sqrt().sum()
    for place, share in enumerate(flattened.tolist()):
        # five standard deviations
        assert counts[place] / draws == pytest.approx(share, abs=5 * math.sqrt(share * (1 - share) / draws))


def test_a_batch_too_large_for_the_memory_is_halved(
    tiny_qwen_folder: Path, generated: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = transformers.Qwen2_5_VLForConditionalGeneration
    counted = kind.generate

    def small(self: Any, **inputs: Any) -> Any:
        tokens = counted(self, **inputs)
        if len(inputs["input_ids"]) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nSee documentation")
        return tokens

    monkeypatch.setattr(kind, "generate", small)
    settings = ModelSettings(provider="transformers", model=str(tiny_qwen_folder), in_flight=4)
    pairs = every_pair()[:4]
    replies = ask_together(TransformersModel(settings, gather_s=TOGETHER_S), pairs, [Sampling(max_tokens=30)] * 4)
    assert [reply.text for reply in replies] == [answer_of(*pair) for pair in pairs]
    assert generated == [4, 2, 2]


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nSee documentation"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory"),
    ],
    ids=["cuda", "cpu"],
)
def test_a_request_too_large_alone_says_what_to_set(
    model: TransformersModel, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def full(self: Any, **inputs: Any) -> Any:
        raise error

    monkeypatch.setattr(transformers.Qwen2_5_VLForConditionalGeneration, "generate", full)
    with pytest.raises(ModelError, match=r"fit the memory of cpu: .*llocat.*; set max_side_px .* \(now 1568\)"):
        ask(model, ("A", "red"))


def test_a_request_longer_than_the_context_says_what_to_set(model: TransformersModel) -> None:
    with pytest.raises(ModelError, match=r"holds 4096 tokens, but the request has .* may have 5000"):
        ask(model, ("A", "red"), sampling=Sampling(max_tokens=5000))


def test_an_unreadable_picture_is_named(model: TransformersModel) -> None:
    picture = Picture(b"no image", "image/png", (84, 84))
    with pytest.raises(ModelError, match=f"the picture {picture.sha256[:12]} cannot be read as image/png"):
        model.complete([Message("user", QUESTION, (picture,))], None, Sampling())


def test_a_picture_that_the_model_refuses_fails_only_its_request(tiny_qwen_folder: Path) -> None:
    settings = ModelSettings(provider="transformers", model=str(tiny_qwen_folder), in_flight=2)
    model = TransformersModel(settings, gather_s=TOGETHER_S)
    thread = to_picture(np.zeros((4, 1000, 3), np.uint8), "image/png")
    with ThreadPoolExecutor(2) as threads:
        good = threads.submit(ask, model, ("O", "green"), None, Sampling(max_tokens=30))
        bad = threads.submit(model.complete, [Message("user", QUESTION, (thread,))], None, Sampling(max_tokens=30))
        assert good.result().text == answer_of("O", "green")
        with pytest.raises(ModelError, match="cannot answer this request: absolute aspect ratio must be smaller"):
            bad.result()


def test_questions_with_and_without_pictures_do_not_meet_in_a_batch(tiny_qwen_folder: Path) -> None:
    model = TransformersModel(ModelSettings(provider="transformers", model=str(tiny_qwen_folder), in_flight=2))
    with ThreadPoolExecutor(2) as threads:
        shown = threads.submit(ask, model, ("O", "green"), None, Sampling(max_tokens=30))
        told = threads.submit(model.complete, [Message("user", QUESTION)], None, Sampling(max_tokens=30))
        assert shown.result().text == answer_of("O", "green")
        assert told.result().tokens_out > 0


def load(model: str) -> None:
    TransformersModel(ModelSettings(provider="transformers", model=model))


def test_a_model_has_to_be_named() -> None:
    with pytest.raises(ModelError, match="no model is named; set model in"):
        load("")


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"holds no model: it has no config\.json"):
        load(str(tmp_path))


def test_a_folder_that_is_not_there_is_not_looked_for_on_the_hub() -> None:
    with pytest.raises(ModelError, match=r"there is no folder '\./no-such-model'"):
        load("./no-such-model")


def test_a_model_of_another_kind_is_refused(tmp_path: Path) -> None:
    transformers.BertConfig().save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="is a 'bert' model, which does not answer with text about pictures"):
        load(str(tmp_path))


def test_a_folder_whose_name_hides_how_boxes_are_counted_is_refused(tiny_qwen_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "my-model"
    shutil.copytree(tiny_qwen_folder, folder)
    with pytest.raises(ModelError, match=r"counts boxes as 'qwen2\.5-pixels', but its name tells '0-1000'; set coord"):
        load(str(folder))
    settings = ModelSettings(provider="transformers", model=str(folder), coordinates="qwen2.5-pixels")
    assert ask(TransformersModel(settings), ("A", "red")).text == answer_of("A", "red")


def test_weights_that_are_cut_short_are_refused(tiny_qwen_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / tiny_qwen_folder.name
    shutil.copytree(tiny_qwen_folder, folder)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ModelError, match=r"cannot be loaded from the folder: SafetensorError.*download it again"):
        load(str(folder))


def test_a_model_without_chat_template_is_refused(tiny_qwen_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / tiny_qwen_folder.name
    shutil.copytree(tiny_qwen_folder, folder)
    (folder / "chat_template.jinja").unlink()
    with pytest.raises(ModelError, match="has no chat template"):
        load(str(folder))


def test_without_a_network_the_hub_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match=r"'nobody/nothing' cannot be loaded from the hub .* name a folder"):
        load("nobody/nothing")


def test_without_the_packages_the_command_that_installs_them_is_named(
    tiny_qwen_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(ModelError, match=r"packages that are missing .*; install them with 'make models'"):
        load(str(tiny_qwen_folder))


SIDES = [28, 29, 41, 42, 43, 55, 56, 97, 255, 600, 767, 1001, 1568]


@pytest.mark.parametrize("width", SIDES)
def test_pictures_are_resized_as_the_coordinates_say(width: int) -> None:
    resizer = transformers.Qwen2VLImageProcessor(min_pixels=QWEN2_5_LEAST_PIXELS, max_pixels=QWEN2_5_MOST_PIXELS)
    for height in SIDES:
        _, rows, columns = resizer(torch.zeros(3, height, width, dtype=torch.uint8), return_tensors="pt")[
            "image_grid_thw"
        ][0].tolist()
        assert qwen2_5_input_wh((width, height)) == (14 * columns, 14 * rows), f"{width} x {height}"


@pytest.mark.parametrize("wh", [(4001, 3999), (12000, 61), (61, 12000), (9999, 1285), (3584, 3585)])
def test_pictures_beyond_the_bounds_are_resized_as_the_coordinates_say(wh: tuple[int, int]) -> None:
    resizer = transformers.Qwen2VLImageProcessor(min_pixels=QWEN2_5_LEAST_PIXELS, max_pixels=QWEN2_5_MOST_PIXELS)
    patches = resizer.get_number_of_image_patches(wh[1], wh[0])
    resized = qwen2_5_input_wh(wh)
    assert patches == resized[0] * resized[1] / 14**2


def test_a_copy_with_other_bounds_is_held_to_the_rule_that_boxes_are_read_by(
    tiny_qwen_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / tiny_qwen_folder.name
    shutil.copytree(tiny_qwen_folder, folder)
    saved = folder / "processor_config.json"
    config = json.loads(saved.read_text())
    config["image_processor"]["size"] = {"shortest_edge": 56 * 56, "longest_edge": 28 * 28}
    saved.write_text(json.dumps(config))
    model = TransformersModel(ModelSettings(provider="transformers", model=str(folder)))
    picture = to_picture(np.zeros((280, 280, 3), np.uint8))
    reply = model.complete([Message("user", QUESTION, (picture,))], None, Sampling(max_tokens=1))
    assert reply.tokens_in > (280 / 28) ** 2


@pytest.mark.parametrize("save", [save_qwen3, save_llava])
def test_other_families_are_asked_in_the_same_way(save: Callable[[Path], str], tmp_path: Path) -> None:
    torch.manual_seed(0)
    settings = ModelSettings(provider="transformers", model=str(tmp_path), in_flight=3, coordinates=save(tmp_path))
    model = TransformersModel(settings, TOGETHER_S)
    pictures = [draw_picture(*pair) for pair in every_pair()[:3]]

    def ask_about(count: int) -> Reply:
        return model.complete([Message("user", QUESTION, tuple(pictures[:count]))], SCHEMA, Sampling(0.0, 8))

    with ThreadPoolExecutor(3) as threads:
        replies = list(threads.map(ask_about, [1, 2, 3]))
    assert [(reply.finish, reply.tokens_out) for reply in replies] == [(Finish.LENGTH, 8)] * 3
    sizes = [reply.tokens_in for reply in replies]
    assert sizes[2] - sizes[1] == sizes[1] - sizes[0] > 1


def test_nothing_heavy_is_imported_before_a_model_is_loaded() -> None:
    code = "import sys, agents.lvlm.providers.transformers; print({'torch', 'transformers'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "set()\n"
