"""JATS XML to article fields and figures."""

from pathlib import Path

import pytest

from curator.errors import ArticleError
from data.jats import JatsArticle, parse_jats

SHARED = Path(__file__).resolve().parents[2].parent / "shared"

FRONT = """<front><journal-meta><journal-title-group><journal-title>Cells</journal-title></journal-title-group>
</journal-meta><article-meta><article-id pub-id-type="doi">https://doi.org/10.1/abc</article-id>
<article-id pub-id-type="pmc">123</article-id><title-group><article-title>On <italic>E. coli</italic></article-title>
</title-group>{permissions}</article-meta></front>"""


def article(body: str, permissions: str = "", doctype: str = "") -> JatsArticle:
    xml = (
        f'{doctype}<article xmlns:xlink="http://www.w3.org/1999/xlink" '
        'xmlns:ali="http://www.niso.org/schemas/ali/1.0/">'
        f"{FRONT.format(permissions=permissions)}{body}</article>"
    )
    return parse_jats(xml.encode(), "a.xml")


def fig(figure_id: str, inside: str = '<graphic xlink:href="g1"/>', caption: str = "<p>Text.</p>") -> str:
    return f'<fig id="{figure_id}"><label>Figure 1</label><caption>{caption}</caption>{inside}</fig>'


def hrefs(read: JatsArticle) -> list[list[tuple[str, ...]]]:
    return [[graphic.hrefs for graphic in figure.graphics] for figure in read.figures]


def test_an_article_keeps_its_fields() -> None:
    read = article("<body/>")
    assert (read.pmcid, read.doi, read.title, read.journal) == ("PMC123", "10.1/abc", "On E. coli", "Cells")


def test_a_figure_keeps_label_caption_bold_letters_and_doi() -> None:
    inside = '<object-id pub-id-type="doi">10.1/abc.g001</object-id><graphic xlink:href="g1.tif"/>'
    (figure,) = article(fig("f1", inside, "<title>Growth</title><p>(<bold>A</bold>) Cells.</p>")).figures
    assert (figure.id, figure.label, figure.caption) == ("f1", "Figure 1", "Growth (A) Cells.")
    assert [figure.caption[start:end] for start, end in figure.bold_spans] == ["A"]
    assert figure.doi == "10.1/abc.g001"


def test_figures_are_found_in_body_floats_groups_boxes_and_responses_but_not_in_translations() -> None:
    read = article(
        f"<body><sec><p>x {fig('in-p')}</p></sec><boxed-text>{fig('box')}</boxed-text></body>"
        f"<floats-group>{fig('float')}</floats-group>"
        f"<sub-article article-type='reply'><body>{fig('reply')}</body></sub-article>"
        f"<sub-article article-type='translation'><body>{fig('translated')}</body></sub-article>"
    )
    assert [figure.id for figure in read.figures] == ["in-p", "box", "float", "reply"]


def test_a_group_lends_its_label_and_caption_to_its_figures() -> None:
    read = article(
        "<fig-group><label>Figure 5</label><caption><p>Shared.</p></caption>"
        '<fig id="a"><caption><p><bold>A</bold> own.</p></caption><graphic xlink:href="a"/></fig></fig-group>'
    )
    assert (read.figures[0].label, read.figures[0].caption) == ("Figure 5", "Shared. A own.")
    assert read.figures[0].bold_spans == ((8, 9),)


def test_each_graphic_is_an_image_and_alternatives_are_one() -> None:
    graphics = '<graphic xlink:href="a"/><graphic xlink:href="b"/>'
    choice = '<alternatives><graphic xlink:href="c.tif"/><graphic xlink:href="c.jpg"/></alternatives>'
    assert hrefs(article(fig("f1", graphics + choice))) == [[("a",), ("b",), ("c.tif", "c.jpg")]]


def test_formula_pictures_in_captions_and_videos_are_no_images_of_the_figure() -> None:
    caption = '<p><disp-formula><graphic xlink:href="eq"/></disp-formula><inline-graphic xlink:href="in"/>x</p>'
    read = article(fig("f1", '<media mimetype="video" xlink:href="v.mp4"/>', caption))
    assert hrefs(read) == [[]]


def test_image_supplements_are_figures_and_other_supplements_are_not() -> None:
    read = article(
        '<supplementary-material id="s1"><label>Figure S1</label><media xlink:href="s1.tif">'
        "<caption><p>Inside media.</p></caption></media></supplementary-material>"
        '<supplementary-material id="s2"><media mimetype="image" xlink:href="s2"/></supplementary-material>'
        '<supplementary-material id="s3" xlink:href="s3.png"/>'
        '<supplementary-material id="s4"><media xlink:href="table.xlsx"/></supplementary-material>'
    )
    assert [(figure.id, figure.caption) for figure in read.figures] == [("s1", "Inside media."), ("s2", ""), ("s3", "")]
    assert all(graphic.supplement for figure in read.figures for graphic in figure.graphics)


def test_figures_without_ids_or_with_the_same_id_get_their_own() -> None:
    read = article(fig("f1") + fig("f1") + '<fig><graphic xlink:href="x"/></fig>')
    assert [figure.id for figure in read.figures] == ["f1", "f1-again", "fig-3"]


CC = "http://creativecommons.org/licenses/by/4.0/"


@pytest.mark.parametrize(
    ("permissions", "expected"),
    [
        (f'<permissions><license xlink:href="{CC}"><license-p>Words</license-p></license></permissions>', CC),
        (f"<permissions><license><ali:license_ref>{CC}</ali:license_ref></license></permissions>", CC),
        (
            f'<permissions><license><license-p>See <ext-link xlink:href="{CC}">it</ext-link>.</license-p></license>'
            "</permissions>",
            CC,
        ),
        ("<permissions><license><license-p>Ask  us.</license-p></license></permissions>", "Ask us."),
        ("<copyright-statement>Us. Creative Commons.</copyright-statement>", "Us. Creative Commons."),
        ("", None),
    ],
    ids=["attribute", "license-ref", "link-in-text", "words", "copyright-line", "none"],
)
def test_the_licence_is_the_url_else_the_words(permissions: str, expected: str | None) -> None:
    assert article("<body/>", permissions).license == expected


def test_a_graphical_abstract_does_not_lend_the_article_its_licence() -> None:
    abstract = fig("ga", "<permissions><copyright-statement>© Artist</copyright-statement></permissions>")
    read = article("<body/>", f"<abstract>{abstract}</abstract>")
    assert (read.license, read.figures[0].license) == (None, "© Artist")


@pytest.mark.parametrize("part", ["<![CDATA[", "<!ENTITY a 'b", "A. ", "&", "<!ENTITY "])
def test_no_text_takes_more_than_its_length_in_time(part: str) -> None:
    # A search that starts over at every occurrence would never come back from these.
    many = part * (500_000 // len(part))
    xref = '<xref ref-type="fig" rid="f1">Fig. 1</xref>'
    if part == "A. ":
        assert article(f"<body><p>{many}{xref}</p></body>" + fig("f1")).figures[0].mentions
    else:
        with pytest.raises(ArticleError):
            article(fig("f1", caption=f"<p>{many}</p>"))


def test_a_figure_with_its_own_permissions_has_its_own_licence() -> None:
    own = "<permissions><copyright-statement>© Another Press</copyright-statement></permissions>"
    read = article(
        fig("f1", own + '<graphic xlink:href="g"/>') + fig("f2"),
        f'<permissions><license xlink:href="{CC}"/></permissions>',
    )
    assert [figure.license for figure in read.figures] == ["© Another Press", None]


def test_mentions_are_the_sentences_of_the_text_that_cite_the_figure() -> None:
    read = article(
        '<body><sec><title>Results</title><p>First. Cells grew (<xref ref-type="fig" rid="f1">Fig. 1A</xref>). Then '
        f'not. <xref ref-type="fig" rid="f1">Figure 1</xref> again.{fig("f1")}</p></sec></body>'
        + fig("f2", caption='<p>As in <xref ref-type="fig" rid="f1">Fig. 1</xref>.</p>')
    )
    assert read.figures[0].mentions == ("Cells grew (Fig. 1A).", "Figure 1 again.")
    assert read.figures[1].mentions == ()


def test_namespaces_and_envelopes_are_looked_through() -> None:
    inside = FRONT.format(permissions="") + fig("f1").replace("xlink:", "l:")
    xml = (
        '<OAI-PMH><record><article xmlns="https://jats.nlm.nih.gov/ns/archiving/1.3/" '
        f'xmlns:l="http://www.w3.org/1999/xlink">{inside}</article></record></OAI-PMH>'
    )
    read = parse_jats(xml.encode(), "a.xml")
    assert read.pmcid == "PMC123"
    assert hrefs(read) == [[("g1",)]]


# --- hostile and broken XML ---------------------------------------------------------------------------------------

JATS_DTD = '<!DOCTYPE article PUBLIC "-//NLM//DTD JATS v1.1//EN" "JATS-archivearticle1.dtd"{inside}>'


@pytest.mark.parametrize("doctype", ["", JATS_DTD.format(inside="")], ids=["no-doctype", "dtd-not-loaded"])
def test_named_characters_read_without_their_dtd(doctype: str) -> None:
    read = article(fig("f1", caption="<p>&alpha;&nbsp;&plusmn;&thinsp;5&hairsp;&mu;m &lt;b&gt;</p>"), doctype=doctype)
    assert read.figures[0].caption == "\u03b1 ± 5 μm <b>"


def test_a_named_character_that_nobody_knows_stays_as_written() -> None:
    read = article(fig("f1", caption="<p>5 &strange; m</p>"), doctype=JATS_DTD.format(inside=""))
    assert read.figures[0].caption == "5 &strange; m"


def test_cdata_is_left_alone() -> None:
    assert article(fig("f1", caption="<p><![CDATA[a &alpha; b]]></p>")).figures[0].caption == "a &alpha; b"


def test_an_entity_bomb_is_refused() -> None:
    laughs = "".join(f'<!ENTITY lol{n} "{f"&lol{n - 1};" * 10}">' for n in range(1, 10))
    with pytest.raises(ArticleError) as refused:
        article(fig("f1", caption="<p>&lol9;</p>"), doctype=JATS_DTD.format(inside=f'[<!ENTITY lol0 "lol">{laughs}]'))
    assert str(refused.value) == (
        "a.xml: declares the entity 'lol1' as '&lol0;&lol0;&lol0;&lol0;&lol0;&lol0;&lol', "
        "which could grow without end; expected single characters; remove its <!ENTITY> declaration"
    )


def test_an_external_entity_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    with pytest.raises(ArticleError) as refused:
        article(fig("f1", caption="<p>&x;</p>"), doctype=JATS_DTD.format(inside=f'[<!ENTITY x SYSTEM "{secret}">]'))
    assert str(refused.value) == (
        "a.xml: declares the external entity 'x', which could read files of this machine; "
        "expected an article without external entities; remove its <!ENTITY> declaration"
    )


def test_an_external_parameter_entity_is_refused(tmp_path: Path) -> None:
    dtd = tmp_path / "evil.dtd"
    dtd.write_text('<!ENTITY x "secret">')
    with pytest.raises(ArticleError, match="declares the external entity 'p'"):
        article(fig("f1"), doctype=JATS_DTD.format(inside=f'[<!ENTITY % p SYSTEM "{dtd}"> %p;]'))


def test_another_encoding_hides_no_entity_from_us(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    doctype = JATS_DTD.format(inside=f'[<!ENTITY x SYSTEM "{tmp_path}/secret">]')
    xml = (
        f'{doctype}<article xmlns:xlink="http://www.w3.org/1999/xlink">{fig("f1", caption="<p>a &x; b</p>")}</article>'
    )
    assert parse_jats(xml.encode("utf-16"), "a.xml").figures[0].caption == "a &x; b"


def test_a_declared_single_character_is_allowed() -> None:
    read = article(fig("f1", caption="<p>5 &mue;m</p>"), doctype=JATS_DTD.format(inside='[<!ENTITY mue "&#956;">]'))
    assert read.figures[0].caption == "5 μm"


@pytest.mark.parametrize(
    ("xml", "message"),
    [
        (b"", "a.xml: not readable XML: Document is empty, line 1, column 1; fetch the file again or repair it"),
        (
            b"<article><body>",
            "a.xml: not readable XML: Premature end of data in tag body line 1, line 1, column 16; "
            "fetch the file again or repair it",
        ),
        (
            b"<manifest/>",
            "a.xml: the root element is <manifest> with 0 <article> elements in it, expected one <article>; "
            "is it JATS?",
        ),
        (
            b"<s><article/><article/></s>",
            "a.xml: the root element is <s> with 2 <article> elements in it, expected one <article>; is it JATS?",
        ),
    ],
    ids=["empty", "cut-off", "not-jats", "two-articles"],
)
def test_what_is_no_article_is_refused(xml: bytes, message: str) -> None:
    with pytest.raises(ArticleError) as refused:
        parse_jats(xml, "a.xml")
    assert str(refused.value) == message


def test_markup_nested_without_end_is_refused() -> None:
    with pytest.raises(ArticleError, match=r"^a\.xml: not readable XML: Excessive depth in document"):
        article(fig("f1", caption="<p>" + "<italic>" * 3000 + "x" + "</italic>" * 3000 + "</p>"))


def test_markup_as_deep_as_the_parser_allows_is_read() -> None:
    depth = 240
    read = article(fig("f1", caption="<p>" + "<italic>" * depth + "x" + "</italic>" * depth + "</p>"))
    assert read.figures[0].caption == "x"


def test_xml_of_absurd_size_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data.jats.MAX_XML_BYTES", 1000)
    with pytest.raises(ArticleError) as refused:
        parse_jats(b" " * 1001, "a.xml")
    assert str(refused.value) == (
        "a.xml: 1,001 bytes of XML, expected at most 1,000; if it is one article, remove embedded data from it"
    )
