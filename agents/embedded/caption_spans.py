"""Which text of a caption belongs to which of its panels."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise

from agents.embedded.caption_labels import Labels
from agents.embedded.caption_mentions import Mention, Place
from agents.embedded.caption_sentences import clauses, cut
from curator.figure import Span

# Opening words of sentences that speak of the whole figure where they follow the last panel's text.
_GENERAL = re.compile(
    r"[\[(]?(?:"
    r"(?:(?:the|all|black|white|red|blue|green|yellow|open|solid) )*(?:scale|bars?|arrow\w*|asterisk\w*|stars?)\b|"
    r"data\b|values?\b|results?\b|error\b|abbreviations?\b|(?:original )?magnifications?\b|all\b|[*#†\u2217]|"
    r"reproduced|adapted|modified|source data|see |statistic|significan|means?\b|each\b|experiments?\b|n\s?=|"
    r"different letters|unpaired|student|credit|exact|sections shown|pictures|images?\b|immunohistochemistry with|"
    r"blue|red|green|white|black|gr[ae]y|dashed|dotted|hatch|[\w-]+ and [\w-]+ are shown in)",
    re.IGNORECASE,
)
_GLOSSARY = re.compile(r"(?:[\w.'/ -]{1,12}, [^;,]{3,60}; ?){3}")  # "bo, basioccipital; bs, basisphenoid; ..."
# Sentences about numbers rather than pictures: they go on with the panel that was named last.
_STATISTIC = re.compile(
    r"(?:the )?(?:data|values?|results?|error bars?|\**\s?p[\s-]?(?:values?|<|=)|n\s?=|means?\b)", re.IGNORECASE
)
_EXCEPT = re.compile(r"\bexcept\b")
_SPEAKS = 0.15  # weight below which a mention is not taken for a reference to a panel: guess


class _Style(Enum):
    """How the labels met last were set."""

    NONE = "no label met yet"
    BLOCK = "a label opens its sentences"
    LISTED = "labels inside one sentence"


_WORD = re.compile(r"\S+")
_JOINT = re.compile(r"\s*(?:[,;]|(?:and|or|but|while|whereas|with|versus|vs)\b)(?:\s*(?:and|or|but)\b)?")
_SHORT = 4  # words: a label's own words this short share what stands before the first label's. Guess


@dataclass(slots=True)
class _Own:
    """Text collected so far."""

    lead: list[Span] = field(default_factory=list)
    tail: list[Span] = field(default_factory=list)
    panels: dict[int, list[Span]] = field(default_factory=dict)

    def give(self, indices: Iterable[int], span: Span) -> None:
        if span.start < span.end:
            for index in indices:
                self.panels[index].append(span)


def assign(
    caption: str, sentences: tuple[Span, ...], labels: Labels
) -> tuple[tuple[Span, ...], dict[int, tuple[Span, ...]], tuple[Span, ...]]:
    """(lead, own spans per label position, tail); spans of each in caption order, without overlap inside one list."""
    definers = _definers(labels)
    introducing = {mention.span for mention in definers.values()}
    spoken = [m for m in labels.mentions if (m.weight >= _SPEAKS and not m.doubtful) or m.span in introducing]
    starts = [mention.span.start for mention in spoken]
    last = max(mention.span.start for mention in definers.values())
    sentences = cut(sentences, [m.span.start for m in spoken if m.place is Place.SENTENCE])
    own = _Own(panels={index: [] for index in labels.order})
    everyone = set(labels.order)
    context: tuple[int, ...] = ()
    narrowed: tuple[int, ...] = ()
    style = _Style.NONE
    waiting: list[Span] = []
    in_tail = False
    openings: set[str] = set()
    for sentence in sentences:
        mentions = spoken[bisect_left(starts, sentence.start) : bisect_left(starts, sentence.end)]
        new = [m for m in mentions if any(definers[index] is m for index in labels.indices(m))]
        text = caption[sentence.start : sentence.end]
        refs = labels.union(mentions)
        opening = " ".join(text.split()[:2]).lower()
        if new:
            for span in waiting:
                own.give(context if new[0].place is Place.SENTENCE else labels.union(new), span)
            waiting.clear()
            prefix = Span(sentence.start, new[0].span.start)
            if (
                style is _Style.NONE
                and new[0].place is not Place.AFTER
                and caption[prefix.start : prefix.end].rstrip()[-1:] == ":"
            ):
                own.lead.append(prefix)
                sentence = Span(prefix.end, sentence.end)
            context, style = _introduce(caption, sentence, labels, new, own)
            narrowed = context
        elif refs and (
            style is _Style.NONE
            or sentence.start > last
            or set(refs) < set(context)
            or mentions[0].place is Place.SENTENCE
        ):
            if style is _Style.NONE and (set(refs) >= everyone or _EXCEPT.search(text)):
                own.lead.append(sentence)
            else:
                _refer(caption, sentence, labels, mentions, context, own)
            if set(refs) < set(context):
                narrowed = refs
        elif style is _Style.NONE:
            own.lead.append(sentence)
        elif sentence.start > last and (
            in_tail or style is _Style.LISTED or (opening not in openings and _is_general(text))
        ):
            in_tail = True
            own.tail.append(sentence)
        elif style is _Style.LISTED and sentence.start < last:
            waiting.append(sentence)
        else:
            own.give(narrowed if _STATISTIC.match(text) else context, sentence)
        if style is _Style.BLOCK:
            openings.add(opening)
    return (
        _merged(caption, own.lead),
        {index: _merged(caption, spans) for index, spans in own.panels.items()},
        _merged(caption, own.tail),
    )


def _is_general(text: str) -> bool:
    return _GENERAL.match(text) is not None or _GLOSSARY.match(text) is not None


def _definers(labels: Labels) -> dict[int, Mention]:
    """Per label, the mention that introduces it: the likeliest one, the more specific one, the first."""
    best: dict[int, tuple[float, Mention]] = {}
    for mention in labels.mentions:
        indices = labels.indices(mention)
        value = mention.weight - 0.1 * (len(indices) - 1) + 0.15 * (mention.place is Place.SENTENCE)
        for index in indices:
            first = 0.1 * (index not in best)
            if first or value > best[index][0] + 1e-9:
                best[index] = (value + first, mention)
    return {index: mention for index, (_, mention) in best.items()}


def _introduce(
    caption: str, sentence: Span, labels: Labels, new: list[Mention], own: _Own
) -> tuple[tuple[int, ...], _Style]:
    """Shares out a sentence that introduces labels; returns the labels that the next sentence goes on with."""
    after = sum(m.place is Place.AFTER for m in new)
    if new[0].place is Place.SENTENCE or after * 2 < len(new):
        prefix = _leading(caption, sentence, labels, new, own)
        if prefix:
            return labels.union(new), _Style.LISTED
        return labels.indices(new[-1]), _Style.BLOCK
    for clause in clauses(caption, sentence):
        inside = [m for m in new if clause.start <= m.span.start < clause.end]
        if inside:
            _trailing(caption, clause, labels, inside, own)
        else:
            own.give(labels.union(new), clause)
    return labels.union(new), _Style.LISTED


def _leading(caption: str, sentence: Span, labels: Labels, new: list[Mention], own: _Own) -> bool:
    """Text follows its label: "(A) one, (B) two"; what stands before the first is shared by all of the sentence.

    Returns whether something stands before the first.
    """
    opening = [m for m in new if m.place is not Place.AFTER] or new[:1]
    cuts = [m.span.start for m in opening] + [sentence.end]
    prefix = any(char.isalnum() for char in caption[sentence.start : cuts[0]])
    if prefix:
        own.give(labels.union(new), Span(sentence.start, cuts[0]))
    for start, end in pairwise(cuts):
        own.give(labels.union(m for m in new if start <= m.span.start < end), Span(start, end))
    return prefix


def _trailing(caption: str, clause: Span, labels: Labels, new: list[Mention], own: _Own) -> None:
    """Labels follow their text: "one (A) and two (B)"; what stands after the last is shared by all of the clause."""
    start = clause.start
    for index, mention in enumerate(new):
        between = Span(start, mention.span.end)
        if index:
            words = len(_WORD.findall(_JOINT.sub("", caption[start : mention.span.start])))
            if not _JOINT.match(caption, start, mention.span.start) and words > _SHORT:
                own.give(labels.union(new[:index]), between)  # "FLAIR (A) and T2W (B) images show ..., as does (C)"
            elif words <= _SHORT:
                own.give(labels.indices(mention), _without_last(caption, clause.start, new[0].span.start, words))
        own.give(labels.indices(mention), between)
        start = mention.span.end
    if any(char.isalnum() for char in caption[start : clause.end]):
        own.give(labels.union(new), Span(start, clause.end))


def _without_last(caption: str, start: int, end: int, words: int) -> Span:
    """The span without its last words: what "T1WI (A) and T2WI (B)" have in common before "T1WI"."""
    starts = [match.start() for match in _WORD.finditer(caption, start, end)]
    return Span(start, starts[-words] if 0 < words < len(starts) else start)


def _refer(
    caption: str, sentence: Span, labels: Labels, mentions: list[Mention], context: tuple[int, ...], own: _Own
) -> None:
    """Gives a sentence to the panels that it names, clause by clause where its clauses name different ones."""
    refs = labels.union(mentions)
    parts = clauses(caption, sentence)
    named = [[m for m in mentions if clause.start <= m.span.start < clause.end] for clause in parts]
    if len(parts) > 1 and all(named):
        for clause, inside in zip(parts, named, strict=True):
            own.give(labels.union(inside), clause)
    elif len(refs) == 1 and not set(refs) <= set(context) and mentions[0].place is not Place.SENTENCE:
        own.give({*refs, *context}, sentence)
    else:
        own.give(refs, sentence)


def _merged(caption: str, spans: list[Span]) -> tuple[Span, ...]:
    """The spans in order, trimmed, those joined that only space parts."""
    out: list[Span] = []
    for span in sorted(spans):
        start, end = span
        while start < end and caption[start].isspace():
            start += 1
        while end > start and caption[end - 1].isspace():
            end -= 1
        if start >= end:
            continue
        if out and not caption[out[-1].end : start].strip():
            out[-1] = Span(out[-1].start, max(end, out[-1].end))
        else:
            out.append(Span(start, end))
    return tuple(out)
