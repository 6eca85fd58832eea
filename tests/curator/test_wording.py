import pytest

from curator.wording import normalised


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A well-defined, 0.5-cm Nodule (arrow)!", "a well defined 0.5 cm nodule arrow"),
        ("CD4+ and CD8\u2212 cells; the cell\u2019s nucleus", "cd4+ and cd8- cells the cells nucleus"),
        ("\uff21\u00a0B", "a b"),
        (" ...", ""),
    ],
)
def test_texts_are_compared_in_lower_case_without_punctuation(text: str, expected: str) -> None:
    assert normalised(text) == expected
