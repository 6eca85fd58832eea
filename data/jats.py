"""JATS XML (and its parent, NLM 2.x) to article fields and figures; pure: bytes in, values out.

The XML is untrusted: no DTD is loaded, nothing is fetched, no entity is expanded by the parser, and the parser's own
limits (depth 256, text nodes of 10 MB) stay on. Element names are matched without their namespace, since PMC's OAI
service sets one and publishers do not.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from html.entities import html5

from lxml import etree

from curator.errors import ArticleError
from curator.figure import Span
from data.jats_text import citing_sentences, element_text, local_name, marked_text

MAX_XML_BYTES = 32 * 2**20
"""Guess: fifteen times the largest article met (2 MB); a megabyte of XML takes about 20 MB of memory."""

_XLINK_HREF = "{http://www.w3.org/1999/xlink}href"
_MENTION_LIMIT = 50  # guess: a review may cite its one figure in hundreds of sentences; the first ones say enough


@dataclass(frozen=True, slots=True)
class JatsGraphic:
    """One image that a figure names."""

    hrefs: tuple[str, ...]
    """Names of the same image in several versions (<alternatives>), as written; usually one."""
    supplement: bool = False


@dataclass(frozen=True, slots=True)
class JatsFigure:
    """One <fig>, or one <supplementary-material> that is an image."""

    id: str
    label: str
    caption: str
    bold_spans: tuple[Span, ...]
    graphics: tuple[JatsGraphic, ...]
    """Empty for a figure whose content is a video, a table or nothing."""
    mentions: tuple[str, ...]
    license: str | None
    """The figure's own licence; None where the article's holds."""
    doi: str | None


@dataclass(frozen=True, slots=True)
class JatsArticle:
    pmcid: str | None
    doi: str | None
    title: str
    journal: str
    license: str | None
    figures: tuple[JatsFigure, ...]


def parse_jats(xml: bytes, name: str) -> JatsArticle:
    """Article fields and figures, in document order; ``name`` is used in messages.

    Translations (<sub-article article-type="translation">) are left out: they repeat the figures.

    Raises:
        ArticleError: not XML, not an article, too large, or with entities that could do harm.
    """
    root = _article_element(parse_xml(xml, name), name)
    front = _first(root, "front")
    front = root if front is None else front
    meta = _first(front, "article-meta")
    meta = front if meta is None else meta
    figure_elements = [element for element in _own(root) if _is_figure(element)]
    ids = _unique_ids(figure_elements)
    mentions = _mentions(root)
    return JatsArticle(
        pmcid=_pmcid(meta),
        doi=_article_doi(meta),
        title=element_text(_first(meta, "article-title")),
        journal=element_text(_first(front, "journal-title"))
        or element_text(_first(front, "abbrev-journal-title"))
        or element_text(_first(front, "journal-id")),
        license=_license(meta),
        figures=tuple(
            _figure(element, figure_id, mentions.get(element.get("id", ""), ()))
            for element, figure_id in zip(figure_elements, ids, strict=True)
        ),
    )


def is_article(xml: bytes) -> bool:
    """A JATS article starts in these first bytes of a file (cheap: decides which files are worth parsing)."""
    return re.search(rb"<(?:[\w.-]+:)?article[\s>]", xml) is not None


# --- XML, safely --------------------------------------------------------------------------------------------------

# Each alternative ends at the end of the file at the latest, so that no input makes the search quadratic.
_REFERENCE = re.compile(rb"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!ENTITY.*?(?:>|\Z)|&([A-Za-z][A-Za-z0-9]{0,31});", re.DOTALL)
_DECLARATION = re.compile(rb"""<!ENTITY\s+(?:%\s+)?([^\s"'>]+)\s+(?:(?:SYSTEM|PUBLIC)\b|"([^"]*)"|'([^']*)')""")
_CHARACTER = re.compile(rb"(?:&#x?[0-9A-Fa-f]+;|[^<&%]){0,16}")  # guess: a letter and its accents
_XML_OWN = (b"amp", b"lt", b"gt", b"quot", b"apos")


def parse_xml(xml: bytes, name: str) -> etree._Element:
    """Root element. Named characters (&nbsp; &alpha;) read as in HTML and MathML, whose names come from the ISO sets.

    They are replaced before parsing, since the parser knows them only from a DTD, and expands no entity at all.

    Raises:
        ArticleError: not well-formed, too large, or with entities that could do harm.
    """
    if len(xml) > MAX_XML_BYTES:
        raise ArticleError(
            f"{name}: {len(xml):,} bytes of XML, expected at most {MAX_XML_BYTES:,}; "
            "if it is one article, remove embedded data from it"
        )
    characters = _declared_characters(xml, name)

    def replacement(reference: re.Match[bytes]) -> bytes:
        entity = reference.group(1)
        if entity is None or entity in _XML_OWN:
            return reference.group()
        return characters.get(entity) or _named_character(entity) or reference.group()

    parser = etree.XMLParser(load_dtd=False, no_network=True, resolve_entities=False, huge_tree=False)
    try:
        return etree.fromstring(_REFERENCE.sub(replacement, xml), parser)
    except etree.XMLSyntaxError as error:
        raise ArticleError(f"{name}: not readable XML: {error.msg}; fetch the file again or repair it") from error


def _named_character(entity: bytes) -> bytes:
    return "".join(f"&#{ord(char)};" for char in html5.get(entity.decode("ascii") + ";", "")).encode("ascii")


def _declared_characters(xml: bytes, name: str) -> dict[bytes, bytes]:
    """Entities that the document itself declares: a published article has characters at most, the rest is an attack."""
    found: dict[bytes, bytes] = {}
    for declaration in _DECLARATION.finditer(xml):
        entity = declaration.group(1).decode("ascii", "replace")
        content = declaration.group(2) if declaration.group(2) is not None else declaration.group(3)
        if content is None:
            raise ArticleError(
                f"{name}: declares the external entity {entity!r}, which could read files of this machine; "
                "expected an article without external entities; remove its <!ENTITY> declaration"
            )
        if not _CHARACTER.fullmatch(content):
            raise ArticleError(
                f"{name}: declares the entity {entity!r} as {content[:40].decode('ascii', 'replace')!r}, "
                "which could grow without end; expected single characters; remove its <!ENTITY> declaration"
            )
        found[declaration.group(1)] = content
    return found


def _article_element(root: etree._Element, name: str) -> etree._Element:
    if local_name(root) == "article":
        return root
    inside = [element for element in root.iter() if local_name(element) == "article"]
    if len(inside) == 1:  # OAI-PMH and E-utilities wrap the article in an envelope
        return inside[0]
    raise ArticleError(
        f"{name}: the root element is <{local_name(root)}> with {len(inside)} <article> elements in it, expected one "
        "<article>; is it JATS?"
    )


# --- the article's fields -----------------------------------------------------------------------------------------


def _first(root: etree._Element, name: str) -> etree._Element | None:
    return next((element for element in root.iter() if local_name(element) == name), None)


def _child(parent: etree._Element, name: str) -> etree._Element | None:
    return next((element for element in parent if local_name(element) == name), None)


def _ids(meta: etree._Element) -> Iterator[tuple[str, str]]:
    for element in meta:
        if local_name(element) == "article-id":
            yield element.get("pub-id-type", ""), element_text(element)


def _pmcid(meta: etree._Element) -> str | None:
    for kind, value in _ids(meta):
        found = re.fullmatch(r"(?:PMC)?(\d+)(?:\.\d+)?", value, re.IGNORECASE)
        if kind in ("pmc", "pmcid", "pmcaid") and found:
            return "PMC" + found.group(1)
    return None


def _article_doi(meta: etree._Element) -> str | None:
    return next((_bare_doi(value) for kind, value in _ids(meta) if kind == "doi" and value), None)


def _bare_doi(value: str) -> str:
    return re.sub(r"^(?:https?://(?:dx\.)?doi\.org/|doi:\s*)", "", value, flags=re.IGNORECASE)


def _license(owner: etree._Element) -> str | None:
    """The licence's URL where it has one, else its words; the copyright line where there is no licence.

    Looked for in the owner's own <permissions> (NLM 2.x: beside them), not in those of figures inside it.
    """
    stated = [
        element
        for child in owner
        if local_name(child) in ("permissions", "license", "copyright-statement")
        for element in child.iter()
    ]
    named = [(local_name(element), element) for element in stated]
    for name, element in named:
        if name == "license" and (href := element.get(_XLINK_HREF, "").strip()).startswith("http"):
            return href
    for name, element in named:
        if name == "license_ref" and (href := element_text(element)):
            return href
    for element in stated:
        if "creativecommons.org/" in (href := element.get(_XLINK_HREF, "")):
            return href.strip()
    for wanted in ("license", "copyright-statement"):
        for name, element in named:
            if name == wanted and (words := element_text(element)):
                return words
    return None


# --- figures ------------------------------------------------------------------------------------------------------

_IMAGE_SUFFIX = re.compile(r"\.(?:jpe?g|png|gif|tiff?|bmp|webp)$", re.IGNORECASE)


def _own(root: etree._Element) -> Iterator[etree._Element]:
    """All elements in document order, without those of translations."""
    for element in root:
        if local_name(element) == "sub-article" and element.get("article-type") == "translation":
            continue
        yield from element.iter()


def _is_figure(element: etree._Element) -> bool:
    name = local_name(element)
    return name == "fig" or (name == "supplementary-material" and bool(_graphics(element)))


def _unique_ids(elements: list[etree._Element]) -> list[str]:
    """The elements' ids; "fig-N" (N counts figures) where there is none, "-again" where one is used twice."""
    used: set[str] = set()
    found: list[str] = []
    for number, element in enumerate(elements, start=1):
        figure_id = element.get("id") or f"fig-{number}"
        while figure_id in used:
            figure_id += "-again"
        used.add(figure_id)
        found.append(figure_id)
    return found


def _figure(element: etree._Element, figure_id: str, mentions: tuple[str, ...]) -> JatsFigure:
    group = element.getparent()
    owners = [element] if group is None or local_name(group) != "fig-group" else [group, element]
    captions = [found for owner in owners if (found := _caption(owner)) is not None]
    labels = [label for owner in reversed(owners) if (label := element_text(_child(owner, "label")))]
    caption = marked_text(captions)
    return JatsFigure(
        id=figure_id,
        label=labels[0] if labels else "",
        caption=caption.text,
        bold_spans=caption.bold_spans,
        graphics=_graphics(element),
        mentions=mentions,
        license=_license(element),
        doi=_figure_doi(element),
    )


def _caption(owner: etree._Element) -> etree._Element | None:
    """A supplement may keep its caption in its <media>."""
    own = _child(owner, "caption")
    media = _child(owner, "media")
    return own if own is not None or media is None else _child(media, "caption")


def _graphics(figure: etree._Element) -> tuple[JatsGraphic, ...]:
    """Images of the figure itself: not those of formulas in its caption, nor of figures inside it."""
    supplement = local_name(figure) == "supplementary-material"
    found: list[JatsGraphic] = []
    stack = list(reversed(figure))
    if supplement and (href := figure.get(_XLINK_HREF)) and _names_image(figure, href):
        found.append(JatsGraphic((href,), supplement))
    while stack:
        element = stack.pop()
        name = local_name(element)
        if name == "alternatives":
            hrefs = tuple(href for child in element if (href := _image_href(child)))
            if hrefs:
                found.append(JatsGraphic(hrefs, supplement))
        elif href := _image_href(element):
            found.append(JatsGraphic((href,), supplement))
        elif name not in ("caption", "fig", "supplementary-material", "table-wrap", "disp-formula"):
            stack.extend(reversed(element))
    return tuple(found)


def _image_href(element: etree._Element) -> str | None:
    href = element.get(_XLINK_HREF, "").strip()
    if not href:
        return None
    if local_name(element) == "graphic":
        return href
    return href if local_name(element) == "media" and _names_image(element, href) else None


def _names_image(element: etree._Element, href: str) -> bool:
    return element.get("mimetype") == "image" or _IMAGE_SUFFIX.search(href) is not None


def _figure_doi(figure: etree._Element) -> str | None:
    for child in figure:
        if local_name(child) == "object-id" and child.get("pub-id-type") == "doi" and child.text:
            return _bare_doi(child.text.strip())
    return None


def _mentions(root: etree._Element) -> dict[str, tuple[str, ...]]:
    """For each id, the sentences of the running text whose cross references name it, first come first."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    blocks: dict[etree._Element, None] = {}
    for xref in root.iter():
        if local_name(xref) == "xref" and xref.get("rid") and (block := _block_of(xref)) is not None:
            blocks[block] = None
    for block in blocks:
        for sentence, ids in citing_sentences(block):
            for figure_id in ids:
                if len(found[figure_id]) < _MENTION_LIMIT:
                    found[figure_id][sentence] = None
    return {figure_id: tuple(sentences) for figure_id, sentences in found.items()}


def _block_of(xref: etree._Element) -> etree._Element | None:
    """The outermost paragraph or heading around a reference; None inside a caption, which is no running text.

    A paragraph may hold a whole figure (SciELO): the search stops at the figure, not at that paragraph.
    """
    block: etree._Element | None = None
    for element in xref.iterancestors():
        name = local_name(element)
        if name in ("caption", "fig", "fig-group", "table-wrap"):
            return None
        if name in ("p", "title", "td", "th"):
            block = element
    return block
