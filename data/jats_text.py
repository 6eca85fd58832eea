"""Text out of JATS markup: captions with their bold letters, plain fields, and sentences."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from lxml import etree

from curator.figure import Span

# Elements that start and end a line on paper: their text must not run into their neighbour's.
_BLOCKS = frozenset(
    (
        *("title", "subtitle", "p", "break", "label", "attrib", "sec", "speech", "statement", "boxed-text"),
        *("list", "list-item", "def", "def-item", "term", "disp-quote", "verse-line"),
        *("disp-formula", "disp-formula-group", "table", "tr", "td", "th"),
    )
)
# Elements without words of the caption: other ways to say the same, files, or notes about the markup.
_SILENT = frozenset(
    (
        *("alt-text", "long-desc", "object-id", "permissions", "processing-meta", "annotation", "annotation-xml"),
        *("graphic", "inline-graphic", "media", "supplementary-material", "fig", "fig-group", "table-wrap"),
    )
)
# Invisible characters that split a word for every search: soft hyphen, zero-width space, word joiner,
# MathML's invisible operators, byte order mark.
_INVISIBLE = re.compile("[\u00ad\u200b\u2060-\u2064\ufeff]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_TEX_BODY = re.compile(r"\\begin\{document\}(.*?)(?:\\end\{document\}|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class MarkedText:
    """Plain text with single spaces, and the spans of it that were set bold."""

    text: str
    bold_spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class _Run:
    """Raw characters that share their marks."""

    text: str
    bold: bool = False
    refs: tuple[str, ...] = ()
    """Ids that an enclosing <xref> names."""


def local_name(element: etree._Element) -> str:
    """Tag without namespace; empty for a comment, instruction or entity."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def plain_text(text: str) -> str:
    """White space as single spaces, invisible and control characters gone, the rest verbatim.

    >>> plain_text(" <script>\\n alert(1)</script> ")
    '<script> alert(1)</script>'
    """
    return " ".join(_CONTROL.sub(" ", _INVISIBLE.sub("", text)).split())


def element_text(element: etree._Element | None) -> str:
    """Plain text of an element; empty where there is none."""
    return "" if element is None else plain_text("".join(run.text for run in _runs(element)))


def marked_text(elements: Iterable[etree._Element]) -> MarkedText:
    """The elements' texts, one after the other, with offsets of what is bold."""
    runs = [run for element in elements for run in (_Run(" "), *_runs(element))]
    text, sources = _collapse(runs)
    return MarkedText(text, _bold_spans(text, [runs[source].bold for source in sources]))


def citing_sentences(element: etree._Element) -> Iterator[tuple[str, frozenset[str]]]:
    """(sentence, ids that its <xref>s name) for each sentence of a block that names any."""
    runs = list(_runs(element))
    text, sources = _collapse(runs)
    for start, end in sentence_spans(text):
        cited = {ref for source in set(sources[start:end]) for ref in runs[source].refs}
        if cited:
            yield text[start:end], frozenset(cited)


def _runs(
    element: etree._Element, bold: bool = False, refs: tuple[str, ...] = (), math: bool = False
) -> Iterator[_Run]:
    """Text of the element in document order, with its marks.

    Recursive: the parser refuses trees deeper than 256 (see ``data.jats``).
    """
    name = local_name(element)
    if not name:
        # An entity that nobody declared stays readable as it was written; comments and instructions have no words.
        if element.tag is etree.Entity:
            yield _Run(element.text or "", bold, refs)
        return
    if name in _SILENT:
        return
    if name == "tex-math":
        yield _Run(_tex_body(element), bold, refs)
        return
    if name == "alternatives":
        best = min(element, key=lambda child: _ALTERNATIVE_RANK.get(local_name(child), 1), default=None)
        if best is not None:
            yield from _runs(best, bold, refs, math)
        return
    bold = bold or name in ("bold", "b", "strong") or (name == "styled-content" and "bold" in element.get("style", ""))
    math = math or name == "math"
    if name == "xref":
        refs = (*refs, *element.get("rid", "").split())
    edge = " " if name in _BLOCKS else ""
    text = element.text or ""
    # Inside formulas the white space between elements is layout; elsewhere it is text.
    yield _Run(edge + _MATH_PREFIX.get(name, "") + (text.strip() if math else text), bold, refs)
    for child in element:
        yield from _runs(child, bold, refs, math)
        if name == "mfrac" and child.getnext() is not None:
            yield _Run("/", bold, refs)
        if child.tail and not math:
            yield _Run(child.tail, bold, refs)
    if edge:
        yield _Run(edge)


# MathML first (its text reads as printed), then whatever has words, then TeX, then pictures of the formula.
_ALTERNATIVE_RANK = {"math": 0, "tex-math": 2, "inline-graphic": 3, "graphic": 3, "media": 3}
_MATH_PREFIX = {"msqrt": "√", "mroot": "√"}


def _tex_body(element: etree._Element) -> str:
    source = "".join(str(part) for part in element.itertext())
    body = _TEX_BODY.search(source)
    return (body.group(1) if body else source).strip().strip("$")


def _collapse(runs: list[_Run]) -> tuple[str, list[int]]:
    """Plain text of the runs, and for each of its characters the index of its run."""
    kept: list[str] = []
    sources: list[int] = []
    for index, run in enumerate(runs):
        for char in _CONTROL.sub(" ", _INVISIBLE.sub("", run.text)):
            if not char.isspace():
                kept.append(char)
                sources.append(index)
            elif kept and kept[-1] != " ":
                kept.append(" ")
                sources.append(index)
    if kept and kept[-1] == " ":
        kept.pop()
        sources.pop()
    return "".join(kept), sources


def _bold_spans(text: str, bold: list[bool]) -> tuple[Span, ...]:
    spans: list[Span] = []
    for is_bold, group in groupby(range(len(text)), key=lambda at: bold[at]):
        if not is_bold:
            continue
        positions = [at for at in group if text[at] != " "]
        if positions:
            spans.append(Span(positions[0], positions[-1] + 1))
    return tuple(spans)


# A full stop after one of these rarely ends a sentence, though a capital may follow: "Fig. S2", "et al. (2004)".
_ABBREVIATIONS = frozenset(
    (
        *("fig", "figs", "eq", "eqs", "ref", "refs", "tab", "suppl", "supp", "sect", "sec", "vol", "no", "nos", "pp"),
        *("al", "et", "cf", "vs", "ca", "approx", "e.g", "i.e", "viz", "resp", "sp", "spp", "var", "subsp", "ssp"),
        *("dr", "prof", "mr", "mrs", "ms", "st", "jr", "inc", "ltd", "co", "corp", "dept", "univ"),
    )
)
_STOP = re.compile("[.!?][\"'\u201d\u2019)\\]]*\\s+(?=[\"'\u201c\u2018(\\[]?[A-Z0-9\u00c0-\u00de\u0391-\u03a9])")
_LONGEST_WORD = 12  # characters looked at before a full stop: more than any abbreviation has
_LAST_WORD = re.compile(r"[^\s(\[]+$")


def sentence_spans(text: str) -> list[Span]:
    """Spans of the sentences of a plain text; "Fig. 2A", "et al. (2004)", "J. Smith" and "i.e." do not end one.

    >>> text = "See Fig. 2A by Wu et al. (2004). It grows."
    >>> [text[start:end] for start, end in sentence_spans(text)]
    ['See Fig. 2A by Wu et al. (2004).', 'It grows.']
    """
    spans: list[Span] = []
    start = 0
    for stop in _STOP.finditer(text):
        if text[stop.start()] == "." and _is_abbreviation(
            text[max(start, stop.start() - _LONGEST_WORD) : stop.start()]
        ):
            continue
        spans.append(Span(start, start + len(text[start : stop.end()].rstrip())))
        start = stop.end()
    if start < len(text):
        spans.append(Span(start, len(text)))
    return spans


def _is_abbreviation(before: str) -> bool:
    found = _LAST_WORD.search(before)
    if not found:
        return False
    word = found.group()
    return word.casefold() in _ABBREVIATIONS or (len(word) == 1 and word.isalpha() and word.isupper())
