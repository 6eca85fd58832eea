"""Which text of a caption belongs to which of its panels."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable
from enum import Enum
from itertools import pairwise

from agents.embedded.caption_glossaries import opens_glossary
from agents.embedded.caption_labels import Labels
from agents.embedded.caption_mentions import Form, Mention, Place
from agents.embedded.caption_sentences import clauses, cut
from curator.figure import Span

# Opening words of sentences that speak of the whole figure where they follow the last panel's text.
_GENERAL = re.compile(
    r"[\[(]?(?:"
    r"(?:(?:the|all|black|white|red|blue|green|yellow|open|solid) )*"
    r"(?:scale|bars?(?=[\s,:=]+(?:indicat|represent|equal|correspond|are|is|\d|[=:]))|"
    r"arrow\w*|asterisk\w*|stars?|(?:dashed|dotted|broken) lines?)\b|"
    r"data\b|values?\b|results?\b|error\b|abbreviations?\b|(?:original )?magnifications?\b|all\b|[*#†\u2217]|"
    r"for clarity|(?:micro|photo)graphs?\b|photos?\b|drawings?\b|courtesy|reproduced|adapted|modified|source data|"
    r"see |statistic|significan|means?\b|each\b|experiments?\b|n\s?=|"
    r"different letters|unpaired|student|credit|exact|sections shown|pictures|images?\b|immunohistochemistry with|"
    r"(?:blue|red|green|white|black|gr[ae]y|dashed|dotted|hatch\w*)\b|[\w-]+ and [\w-]+ are shown in)",
    re.IGNORECASE,
)
# Sentences about numbers rather than pictures: they go on with the panel that was named last.
_STATISTIC = re.compile(
    r"(?:the )?(?:data|values?|results?|error bars?|[*#\u2217]*,?\s?p[\s-]?(?:values?|<|=)|n\s?=|means?\b)",
    re.IGNORECASE,
)
_EXCEPT = re.compile(r"\bexcept\b")
_VERB = re.compile(
    r"\b(?:(?P<plural>show|reveal|demonstrate|depict|illustrate|indicate|display|confirm|are|were|have)|"
    r"is|was|has|(?:show|reveal|depict|display|confirm|demonstrate|illustrate|indicate)s|showed|revealed|demonstrated)\b"
)
_WORD = re.compile(r"\S+")
_JOINT = re.compile(
    r"\s*(?:[,;]|(?:and|or|but|while|whereas|with|versus|vs)\b)(?:\s*(?:and|or|but)\b)?\s*", re.IGNORECASE
)
_AND = re.compile(r",\s|\s(?:and|or|but)\s")
_PREPOSITIONS = frozenset(("in", "of", "on", "with", "at", "from", "by", "for", "to", "after", "before", "under"))
_SHORT = 4  # words: a label's own words this few share what stands before the first label's. Measured: 2 to 9 alike

# What makes a mention the one that introduces a label, beside its weight: guesses, so ordered that a later, more
# specific "A." beats the "(A-D)" of the title, and neither loses to a reference.
_FIRST_BONUS = 0.1
_OPENING_BONUS = 0.15
_DOUBT_COST = 0.1
_SHARED_COST = 0.15  # for each further label of the mention
_LEAD_IN = 6  # characters before the labels that open a clause: space, and, bracket
_ITEM = 6  # words: panels described in so few are items of a list, and what follows the last is no more about it. Guess


_BETWEEN = " \t\n([\u00a0"


class _Style(Enum):
    """How the labels met last were set."""

    NONE = "no label met yet"
    BLOCK = "a label opens its sentences"
    LISTED = "labels inside one sentence"


def assign(
    caption: str, sentences: tuple[Span, ...], labels: Labels
) -> tuple[tuple[Span, ...], dict[int, tuple[Span, ...]], tuple[Span, ...]]:
    """(lead, own spans per label position, tail); spans of each in caption order, without overlap inside one list."""
    definers = _definers(labels)
    introducing = {mention.span for mention in definers.values()}
    spoken = [m for m in labels.mentions if m.speaks or m.span in introducing]
    starts = [mention.span.start for mention in spoken]
    reader = _Reader(caption, labels, last=max(mention.span.start for mention in definers.values()))
    for sentence in cut(sentences, [m.span.start for m in spoken if m.place is Place.SENTENCE]):
        mentions = spoken[bisect_left(starts, sentence.start) : bisect_left(starts, sentence.end)]
        new = [m for m in mentions if m.span in introducing]
        if new:
            reader.introduce(sentence, new, mentions)
        elif not mentions or not reader.refer(sentence, mentions):
            reader.go_on(sentence)
    return (
        _merged(caption, reader.lead),
        {index: _merged(caption, spans) for index, spans in reader.own.items()},
        _merged(caption, reader.tail),
    )


def _follows(mention: Mention) -> bool:
    """Whether the mention is a label behind its words."""
    return mention.place is Place.AFTER and mention.form is Form.BRACKETS


def _definers(labels: Labels) -> dict[int, Mention]:
    """Per label, the mention that introduces it: the likeliest one, the more specific one, the first."""
    best: dict[int, tuple[float, Mention]] = {}
    for mention in labels.mentions:
        indices = labels.indices(mention)
        value = mention.weight - _SHARED_COST * (len(indices) - 1) + _OPENING_BONUS * (mention.place is Place.SENTENCE)
        value -= _DOUBT_COST * mention.doubtful
        for index in indices:
            first = _FIRST_BONUS * (index not in best)
            if first or value > best[index][0] + 1e-9:
                best[index] = (value + first, mention)
    return {index: mention for index, (_, mention) in best.items()}


class _Reader:
    """Goes through the sentences and gives each to the panels, the lead or the tail."""

    def __init__(self, caption: str, labels: Labels, last: int) -> None:
        self.lead: list[Span] = []
        self.own: dict[int, list[Span]] = {index: [] for index in labels.order}
        self.tail: list[Span] = []
        self._caption = caption
        self._labels = labels
        self._last = last
        """Where the last label is introduced."""
        self._style = _Style.NONE
        self._context: tuple[int, ...] = ()
        """The labels that the text is about."""
        self._narrowed: tuple[int, ...] = ()
        """Those of them that a sentence named last."""
        self._in_tail = False
        self._openings: set[str] = set()
        """First words of the sentences met under single labels."""

    def introduce(self, sentence: Span, new: list[Mention], mentions: list[Mention]) -> None:
        """Shares out a sentence that introduces labels."""
        if self._style is _Style.NONE and new[0].place is not Place.AFTER:
            title = Span(sentence.start, new[0].span.start)
            if new[0].form is Form.BARE or self._text(title).rstrip().endswith(":"):
                # "Erg in adult tissues: (A) bone marrow, (B) liver"; "Two beetles a Carabus niger b Carabus albus"
                self.lead.append(title)
                sentence = Span(title.end, sentence.end)
        if self._share_group(sentence, mentions):
            return
        after = sum(m.place is Place.AFTER for m in new)
        self._context = self._labels.union(new)
        self._style = _Style.LISTED
        openers = self._clause_openers(sentence, mentions)
        if all(m in openers for m in new) and self._share_by_clause(sentence, openers):
            self._style = _Style.BLOCK
            self._context = self._labels.indices(new[-1])
        elif new[0].place is not Place.SENTENCE and after * 2 >= len(new):
            self._share_before_labels(sentence, new)
        elif not self._share_after_labels(sentence, new):
            self._style = _Style.BLOCK
            if not all(m.form is Form.BRACKETS for m in new[1:]) or len(new) == 1:
                self._context = self._labels.indices(new[-1])
            self._openings.add(self._opening(sentence))
        self._narrowed = self._context

    def _share_group(self, sentence: Span, mentions: list[Mention]) -> bool:
        """Shares out "(B-D) Growth of (B) wild type, (C) mutant and (D) rescue"; False for any other sentence."""
        group, *others = mentions
        singles = [m for m in others if m.place is Place.CLAUSE and len(self._labels.indices(m)) == 1]
        named, inner = self._labels.indices(group), self._labels.union(singles)
        if group.place is not Place.SENTENCE or len(named) < 2 or len(inner) < 2 or not set(named) & set(inner):
            return False
        self._give(set(named) - set(inner), Span(sentence.start, singles[0].span.start))
        self._share_after_labels(sentence, singles)
        self._context = self._narrowed = self._labels.union(mentions)
        self._style = _Style.LISTED
        return True

    def refer(self, sentence: Span, mentions: list[Mention]) -> bool:
        """Gives a sentence to the panels that it names; False where it only mentions them in passing."""
        refs = self._labels.union(mentions)
        if self._style is _Style.NONE and (len(refs) == len(self.own) or _EXCEPT.search(self._text(sentence))):
            return False
        within = set(refs) <= set(self._context)
        passing = self._style is not _Style.NONE and sentence.start < self._last and not within
        if passing and mentions[0].place is not Place.SENTENCE:
            return False
        if self._share_by_clause(sentence, mentions):
            pass
        elif len(refs) == len(mentions) > 1 and all(_follows(mention) for mention in mentions):
            self._share_before_labels(sentence, mentions)  # "Wild type is shown in (C), and the mutant in (D)."
        elif len(refs) == 1 and not set(refs) <= set(self._context) and mentions[0].place is not Place.SENTENCE:
            self._give({*refs, *self._context}, sentence)
        else:
            self._give(refs, sentence)
        if within:
            self._narrowed = refs
        return True

    def go_on(self, sentence: Span) -> None:
        """Gives a sentence that names no panel to those that the text is about, to the lead or to the tail."""
        ended = sentence.start > self._last
        if self._style is _Style.NONE:
            self.lead.append(sentence)
        elif ended and (
            self._in_tail or self._style is _Style.LISTED or self._is_general(sentence) or self._is_after_list()
        ):
            # After numbers the last panel's text may still go on.
            self._in_tail = self._in_tail or _STATISTIC.match(self._text(sentence)) is None
            self.tail.append(sentence)
        else:
            for statistic in self.tail:  # the panel's text goes on, so they were about this panel
                self._give(self._narrowed, statistic)
            self.tail.clear()
            self._give(self._narrowed if _STATISTIC.match(self._text(sentence)) else self._context, sentence)
            self._openings.add(self._opening(sentence))

    def _is_after_list(self) -> bool:
        """All panels so far are items of a list, a few words each."""
        words = (sum(len(self._text(span).split()) for span in spans) for spans in self.own.values())
        return len(self.own) > 2 and all(count <= _ITEM for count in words)

    def _is_general(self, sentence: Span) -> bool:
        """It speaks of the whole figure, and no single panel before had a sentence like it."""
        text = self._text(sentence)
        general = _GENERAL.match(text) is not None or opens_glossary(text)
        return general and self._opening(sentence) not in self._openings

    def _clause_openers(self, sentence: Span, mentions: list[Mention]) -> list[Mention]:
        """The mentions that open a clause: "A, D from above; B, E from below"."""
        named = self._by_clause(sentence, mentions)
        return [inside[0] for part, inside in named if inside and inside[0].span.start - part.start <= _LEAD_IN]

    def _share_by_clause(self, sentence: Span, mentions: list[Mention]) -> bool:
        """Gives each clause to the panels that it names; False, and nothing given, where not all clauses name some."""
        named = self._by_clause(sentence, mentions)
        if len(named) < 2 or not all(inside for _, inside in named):
            return False
        for part, inside in named:
            self._give(self._labels.union(inside), part)
        return True

    def _by_clause(self, sentence: Span, mentions: list[Mention]) -> list[tuple[Span, list[Mention]]]:
        starts = [mention.span.start for mention in mentions]
        parts = clauses(self._caption, sentence)
        return [(part, mentions[bisect_left(starts, part.start) : bisect_left(starts, part.end)]) for part in parts]

    def _share_after_labels(self, sentence: Span, new: list[Mention]) -> bool:
        """Text follows its label: "(A) one, (B) two"; what stands before the first is shared by all of the sentence.

        Returns whether something stands before the first.
        """
        opening = [m for m in new if m.place is not Place.AFTER] or new[:1]
        cuts = [m.span.start for m in opening] + [sentence.end]
        prefix = Span(sentence.start, cuts[0])
        shared = any(char.isalnum() for char in self._text(prefix))
        if shared:
            self._give(self._labels.union(new), prefix)
        predicate = self._shared_predicate([Span(*pair) for pair in pairwise(cuts)])
        if predicate is not None:
            self._give(self._labels.union(opening[:-1]), predicate)
        for mention, (start, end) in zip(opening, pairwise(cuts), strict=True):
            self._give(self._labels.indices(mention), Span(start, end))
            begin = mention.span.end
            for later in (m for m in new if mention.span.start < m.span.start < end):
                joints = list(_AND.finditer(self._caption, begin, later.span.start))
                self._give(self._labels.indices(later), Span(joints[-1].end() if joints else begin, later.span.end))
                begin = later.span.end
        return shared

    def _shared_predicate(self, pieces: list[Span]) -> Span | None:
        """What several labelled subjects have in common: "(A) MR image and (B) scanogram reveal a cyst"."""
        if len(pieces) < 2 or any(_VERB.search(self._text(piece)) for piece in pieces[:-1]):
            return None
        verb = _VERB.search(self._text(pieces[-1]))
        if verb is None or verb["plural"] is None:
            return None
        return Span(pieces[-1].start + verb.start(), pieces[-1].end)

    def _share_before_labels(self, sentence: Span, new: list[Mention]) -> None:
        """Labels follow their text: "one (A) and two (B)"; what stands after the last is shared by the clause."""
        for clause in clauses(self._caption, sentence):
            inside = [m for m in new if clause.start <= m.span.start < clause.end]
            if not inside:
                self._give(self._labels.union(new), clause)
                continue
            start = clause.start
            for index, mention in enumerate(inside):
                if index:
                    start = self._share_between(clause, inside, index, start)
                self._give(self._labels.indices(mention), Span(start, mention.span.end))
                start = mention.span.end
            if any(char.isalnum() for char in self._caption[start : clause.end]):
                self._give(self._labels.union(inside), Span(start, clause.end))

    def _share_between(self, clause: Span, inside: list[Mention], index: int, start: int) -> int:
        """What a later label of the clause has in common with those before; returns where its own words start."""
        end = inside[index].span.start
        joint = _JOINT.match(self._caption, start, end)
        words = self._caption[joint.end() if joint else start : end].split()
        if joint is None and len(words) > _SHORT:
            # "FLAIR (A) and T2W (B) images show oedema, as does CT (C)"
            self._give(self._labels.union(inside[:index]), Span(start, inside[index].span.end))
        elif len(words) <= _SHORT and not any(word.lower() in _PREPOSITIONS for word in words[1:]):
            # "Low signal on T1WI (A) and T2WI (B)": B shares what stands before as many words of A's
            starts = [m.start() for m in _WORD.finditer(self._caption, clause.start, inside[0].span.start)]
            common = starts[-len(words)] if 0 < len(words) < len(starts) else clause.start
            if common > clause.start:
                self._give(self._labels.indices(inside[index]), Span(clause.start, common))
                return joint.end() if joint else start
        return start

    def _give(self, indices: Iterable[int], span: Span) -> None:
        for index in indices:
            self.own[index].append(span)

    def _text(self, span: Span) -> str:
        return self._caption[span.start : span.end]

    def _opening(self, sentence: Span) -> str:
        return " ".join(self._caption[sentence.start : min(sentence.end, sentence.start + 60)].split()[:2]).lower()


def _merged(caption: str, spans: list[Span]) -> tuple[Span, ...]:
    """The spans in order, without commas before and opening brackets after them, those joined that only these part."""
    out: list[Span] = []
    for span in sorted(spans):
        start, end = span
        while start < end and (caption[start].isspace() or caption[start] in ",;"):
            start += 1
        while end > start and (caption[end - 1].isspace() or caption[end - 1] in "(["):
            end -= 1
        if start >= end:
            continue
        if out and not caption[out[-1].end : start].strip(_BETWEEN):
            out[-1] = Span(out[-1].start, max(end, out[-1].end))
        else:
            out.append(Span(start, end))
    return tuple(out)
