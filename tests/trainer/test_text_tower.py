from __future__ import annotations

import logging

import pytest

torch = pytest.importorskip("torch", reason="training needs 'make models'")
pytest.importorskip("open_clip", reason="training needs 'make models'")

from tests.trainer.models import a_config  # noqa: E402
from trainer.model import make_model  # noqa: E402
from trainer.text_tower import encode_tokens  # noqa: E402

TEXTS = ["arrow", "a caption of many words and not of few", "red disc", "", "the other caption of many words"]


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)  # open_clip warns of each random start


def test_texts_are_encoded_in_groups_of_like_length_without_their_padding() -> None:
    model, _, tokenizer = make_model(a_config("curator-tiny"))
    seen: list[tuple[int, int]] = []
    model.clip.ln_final.register_forward_hook(lambda module, inputs, output: seen.append(tuple(output.shape[:2])))
    encode_tokens(model.clip, tokenizer(TEXTS))
    assert seen == [(2, 11), (2, 4), (1, 2)]  # start and end count: 9 and 6 words; 2 and 1; none


def test_features_and_gradients_of_groups_are_those_of_padded_texts_in_their_order() -> None:
    model, _, tokenizer = make_model(a_config("curator-tiny"))
    model.double()  # so that the order of additions does not show
    weights, random = list(model.clip.transformer.parameters()), torch.Generator().manual_seed(1)
    weights += [model.clip.token_embedding.weight, model.clip.positional_embedding]
    wanted = torch.randn((len(TEXTS), model.dim), generator=random, dtype=torch.float64)
    tokens = tokenizer(TEXTS)
    expected, found = model.clip.encode_text(tokens), encode_tokens(model.clip, tokens)
    torch.testing.assert_close(found, expected)
    for ours, theirs in zip(
        torch.autograd.grad((found * wanted).sum(), weights),
        torch.autograd.grad((expected * wanted).sum(), weights),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs)
