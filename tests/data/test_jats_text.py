"""Text out of JATS markup."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from data.jats_text import citing_sentences, element_text, marked_text, plain_text, sentence_spans


def element(inside: str) -> etree._Element:
    return etree.fromstring(f'<p xmlns:mml="http://www.w3.org/1998/Math/MathML">{inside}</p>')


@pytest.mark.parametrize(
    ("inside", "text"),
    [
        ("log<sub>2</sub> of 10<sup>3</sup>", "log2 of 103"),
        ("see <xref rid='f1'>Fig. 1</xref>, left", "see Fig. 1, left"),
        ("one<break/>two", "one two"),
        (
            "before <list><list-item><p>a</p></list-item><list-item><p>b</p></list-item></list> after",
            "before a b after",
        ),
        ("&lt;script&gt;alert(1)&lt;/script&gt;", "<script>alert(1)</script>"),
        ("<![CDATA[<b onclick='x'>]]> <!-- hidden --> seen", "<b onclick='x'> seen"),
        ("a\u00ad\u200bb\ufeff\u2009c\u00a0d", "ab c d"),
        ("<mml:math><mml:mi>N</mml:mi>\n <mml:mo>=</mml:mo>\n <mml:mn>7</mml:mn></mml:math> fish", "N=7 fish"),
        ("<mml:math><mml:mfrac><mml:mi>a</mml:mi><mml:mi>b</mml:mi></mml:mfrac></mml:math>", "a/b"),
        ("<mml:math><mml:msqrt><mml:mi>x</mml:mi></mml:msqrt></mml:math>", "√x"),
        (
            "<alternatives><tex-math>$\\alpha$</tex-math><mml:math><mml:mi>π</mml:mi></mml:math></alternatives>!",
            "π!",
        ),
        ("<tex-math>\\documentclass{x}\\begin{document}$\\beta$\\end{document}</tex-math>", "\\beta"),
        ("see<media><caption><p>Click here</p></caption></media> it", "see it"),
    ],
    ids=[
        *("subscripts", "references", "breaks", "lists", "scripts", "cdata-and-comments", "invisible-characters"),
        *("mathml", "fractions", "roots", "alternatives", "tex", "files"),
    ],
)
def test_markup_becomes_the_words_a_reader_sees(inside: str, text: str) -> None:
    assert element_text(element(inside)) == text


def test_a_missing_element_has_no_text() -> None:
    assert element_text(None) == ""


def test_control_characters_become_spaces() -> None:
    assert plain_text("a\x00b\x07 c") == "a b c"


def test_bold_letters_keep_their_offsets_through_white_space() -> None:
    caption = marked_text(
        [element("Title."), element("\n  (<bold>A</bold>)  one <bold> B </bold>two\n(<b>C</b>,<b>D</b>)")]
    )
    assert caption.text == "Title. (A) one B two (C,D)"
    assert [caption.text[start:end] for start, end in caption.bold_spans] == ["A", "B", "C", "D"]


def test_bold_text_inside_other_markup_is_one_span() -> None:
    caption = marked_text([element("<bold>big <italic>and</italic> bold</bold> not")])
    assert [caption.text[start:end] for start, end in caption.bold_spans] == ["big and bold"]


_WORDS = st.text(alphabet="ab \u00a0\u200b\n(.", max_size=6)


@given(st.lists(st.tuples(_WORDS, st.booleans()), max_size=8))
def test_spans_cover_exactly_the_bold_characters(parts: list[tuple[str, bool]]) -> None:
    caption = marked_text([element("".join(f"<bold>{text}</bold>" if bold else text for text, bold in parts))])
    expected = [bold for text, bold in parts for char in text if not char.isspace() and char != "\u200b"]
    inside = {at for start, end in caption.bold_spans for at in range(start, end)}
    assert [at in inside for at, char in enumerate(caption.text) if char != " "] == expected
    assert caption.text == " ".join(caption.text.split())
    assert all(caption.text[start] != " " != caption.text[end - 1] for start, end in caption.bold_spans)


@pytest.mark.parametrize(
    "sentence",
    [
        "Cells grew (Fig. 2A) as shown by Wu et al. (2004) before.",
        "As in Figs. S1 and S2, E. Coli and J. Smith agree.",
        "Growth, i.e. Division, rose to 2.5 vs. 3.1.",
        "Is it so?",
    ],
)
def test_abbreviations_do_not_end_a_sentence(sentence: str) -> None:
    text = f"Before it. {sentence} After it (Fig. 1). \u201cLast\u201d one"
    assert [text[start:end] for start, end in sentence_spans(text)] == [
        "Before it.",
        sentence,
        "After it (Fig. 1).",
        "\u201cLast\u201d one",
    ]


def test_only_sentences_that_cite_are_told_with_what_they_cite() -> None:
    block = element(
        "No. One here (<xref rid='f1 f2'>Figs. 1, 2</xref>). Nothing here. <xref rid='t1'>Table 1</xref> too."
    )
    assert list(citing_sentences(block)) == [
        ("No. One here (Figs. 1, 2).", frozenset({"f1", "f2"})),
        ("Table 1 too.", frozenset({"t1"})),
    ]
