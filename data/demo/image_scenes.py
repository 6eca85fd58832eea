"""Panels that a microscope, scanner or camera took, with the words for them."""

# ruff: noqa: RUF001  (captions are printed with Greek letters, primes and dashes)
from __future__ import annotations

import cv2
import numpy as np

from curator.figure import MarkerKind, PanelKind
from curator.geometry import Box, Size, intersection
from data.demo import diagrams
from data.demo.electron import electron_picture
from data.demo.fields import Rgb, Rng
from data.demo.fluorescence import Culture, Stain, culture_picture, merge, neuron_picture
from data.demo.histology import tissue_picture
from data.demo.picture import Picture, Thing
from data.demo.pointers import DrawnMarker, Sign
from data.demo.radiology import SEQUENCES, brain_picture, chest_pictures, ultrasound_picture
from data.demo.scene import Scene, Style, arm, length_text
from data.demo.story import Story, days, listed, one_of
from data.demo.symbols import PALETTE, outline, write

_ZOOM = 2.5  # of insets; guess


def culture_scene(rng: Rng, wh: Size, story: Story, style: Style, turn: int) -> Scene:
    field_of_view = Culture(rng, wh, style.spacing_px(wh), int(rng.integers(0, 4)), int(rng.integers(0, 3)))
    two = rng.random() < 0.3
    stains: list[Stain] = ["nuclei", *style.stains[: 2 if two else 1]]
    colors = ["blue", *style.colors[: 2 if two else 1]]
    picture = culture_picture(rng, field_of_view, stains, colors)
    names = [f"{name} ({color})" for name, color in zip(style.names, colors[1:], strict=False)]
    if style.stain_names:
        _stain_names(
            picture.rgb, [*style.names[: len(names)], "DAPI"], [*colors[1:], "blue"], style.text_px, (0, 0), wh
        )
    busy: list[Box] = []
    if style.stain_names:
        busy.append((0.0, 0.0, float(wh[0]), style.text_px * 2.4))
    drawn: tuple[DrawnMarker, ...] = ()
    details: tuple[str, ...] = ()
    if style.inset and min(wh) >= 220:
        picture, boxed, inset = _with_inset(rng, picture, style.text_px)
        drawn, details = (boxed,), ("The inset shows a magnified view of the boxed area",)
        busy += [inset, boxed.box_xyxy]
    stained = f"stained for {listed(names)} and with DAPI (blue)"
    group = arm(story, turn)
    how = one_of(rng, ("Representative confocal image", "Immunofluorescence", "Confocal microscopy"))
    return Scene(
        picture,
        f"{how} of {story.cells} cells ({group}) {stained}",
        f"Representative confocal images of {story.cells} cells stained for {style.names[0]} and DAPI",
        details,
        length_text(rng, story, (10, 20, 25, 50)),
        short={"DAPI": "4′,6-diamidino-2-phenylindole"},
        drawn=drawn,
        busy=tuple(busy),
    )


def _with_inset(rng: Rng, picture: Picture, cap_px: float) -> tuple[Picture, DrawnMarker, Box]:
    """The picture with a part boxed and shown enlarged in its lower left corner; the box, and where the inset lies."""
    height, width = picture.rgb.shape[:2]
    side = round(min(height, width) * 0.36)
    part = round(side / _ZOOM)
    top = round(cap_px * 2.6)
    places = [
        (
            int(rng.integers(side + 12, max(side + 13, width - part - 12))),
            int(rng.integers(top, max(top + 1, round(height * 0.75) - part))),
        )
        for _ in range(12)
    ]  # an author enlarges where there is most to see
    x, y = max(places, key=lambda at: float(picture.rgb[at[1] : at[1] + part, at[0] : at[0] + part].std()))
    rgb = picture.rgb.copy()
    crop = cv2.resize(rgb[y : y + part, x : x + part], (side, side), interpolation=cv2.INTER_CUBIC)
    inset = (4.0, float(height - side - 4), float(side + 4), float(height - 4))
    rgb[height - side - 4 : height - 4, 4 : side + 4] = crop
    outline(rgb, inset, (255, 255, 255), 2)
    box = outline(rgb, (x - 2, y - 2, x + part + 2, y + part + 2), (255, 255, 255), 2)
    thing = Thing((float(x), float(y), float(x + part), float(y + part)), "boxed area", "boxed areas")
    kept = tuple(t for t in picture.things if not intersection(t.box_xyxy, inset))
    sign = Sign(MarkerKind.BOX, "white", 16.0, False, False)
    return Picture(rgb, picture.kind, kept), DrawnMarker(sign, box, None, thing), inset


def _stain_names(
    rgb: Rgb, names: list[str], colors: list[str], cap_px: float, corner: tuple[int, int], wh: Size
) -> None:
    """Writes the stains in their colours along the upper right of a tile whose corner is given."""
    x = corner[0] + wh[0] - cap_px * 0.8
    for name, color in zip(reversed(names), reversed(colors), strict=True):
        shade = {"blue": (110, 140, 255)}.get(color, PALETTE.get(color, (255, 255, 255)))
        if color == "grey":
            shade = (255, 255, 255)
        box = write(rgb, name, (x, corner[1] + cap_px * 0.8), cap_px, shade, "rt")
        x = box[0] - cap_px * 0.8
        if x < corner[0] + wh[0] * 0.35:
            return


def channels_scene(rng: Rng, wh: Size, story: Story, style: Style, turn: int) -> Scene:
    """One field in single channels and merged, side by side under one letter; now and then two rows of conditions."""
    width, height = wh
    rows = 2 if height > 360 and rng.random() < 0.5 else 1
    tiles = 4 if width * rows / height > 3.4 else 3
    gap = int(rng.choice([0, 2, 3, 4]))
    strip = round(style.text_px * 1.8) if rows == 2 and rng.random() < 0.6 else 0  # for names beside and above
    tile = ((width - strip - gap * (tiles - 1)) // tiles, (height - strip - gap * (rows - 1)) // rows)
    canvas = np.full((height, width, 3), 255, np.uint8)
    things: list[Thing] = []
    stains: list[Stain] = [*style.stains[: tiles - 2], "nuclei"]
    colors = [*style.colors[: tiles - 2], "blue"]
    names = [*style.names[: tiles - 2], "DAPI"]
    arms = [arm(story, row) for row in range(rows)]
    grey = rng.random() < 0.3
    for row in range(rows):
        view = Culture(rng, tile, style.spacing_px(tile), int(rng.integers(0, 3)), int(rng.integers(0, 2)))
        lights = [view.light(stain) for stain in stains]
        y = strip + row * (tile[1] + gap)
        for k in range(tiles):
            x = strip + k * (tile[0] + gap)
            whole = k == tiles - 1
            shown = lights if whole else lights[k : k + 1]
            painted = colors if whole else ["grey"] if grey else colors[k : k + 1]
            canvas[y : y + tile[1], x : x + tile[0]] = merge(rng, shown, painted)
            if row == 0:
                _name_tile(canvas, "Merge" if whole else names[k], (x, y), tile, style.text_px, strip > 0)
        if strip:
            write(canvas, arms[row], (1, y + tile[1] / 2), style.text_px, anchor="lm", turned=True)
        clear = style.text_px * 2.4 if row == 0 else 0.0  # below the name of the tile
        last = strip + (tiles - 1) * (tile[0] + gap)
        things += [thing.moved(last, y) for thing in view.things() if thing.box_xyxy[1] > clear]
    who = f"{story.cells} cells" + (f" ({listed(arms)})" if rows > 1 else "")
    stained = listed([f"{name} ({color})" for name, color in zip(names[:-1], colors[:-1], strict=True)])
    topic = f"{story.cells} cells were fixed and stained for {stained} and DAPI (blue)"
    if rng.random() < 0.5:
        topic = f"Immunostaining of {who} for {stained}; nuclei were counterstained with DAPI (blue)"
    return Scene(
        Picture(canvas, PanelKind.MICROSCOPY, tuple(things)),
        topic,
        f"Single channels and merged images of {story.cells} cells",
        details=("Merged images are shown on the right",) if rng.random() < 0.4 else (),
        scale=length_text(rng, story, (5, 10, 20)),
    )


def _name_tile(canvas: Rgb, name: str, corner: tuple[int, int], tile: Size, cap_px: float, above: bool) -> None:
    """Writes a tile's name above it, or white into its upper right corner."""
    x, y = corner
    if above:
        write(canvas, name, (x + tile[0] / 2, y - cap_px * 0.4), cap_px, anchor="mb")
    else:
        write(canvas, name, (x + tile[0] - cap_px * 0.7, y + cap_px * 0.7), cap_px, (255, 255, 255), "rt")


def neurons_scene(rng: Rng, wh: Size, story: Story, style: Style, turn: int) -> Scene:
    name = ("MAP2", "TUJ1", "GFP")[story.subject % 3]
    color = style.colors[0]
    picture = neuron_picture(rng, wh, color)
    group = arm(story, turn)
    age = one_of(rng, (7, 10, 14))
    topic = (
        f"Cultured hippocampal neurons ({group}) stained for {name} ({color}) and DAPI (blue) at {age} days in vitro"
    )
    return Scene(
        picture,
        topic,
        f"Cultured hippocampal neurons stained for {name} and DAPI",
        scale=length_text(rng, story, (50, 100)),
    )


def tissue_scene(rng: Rng, wh: Size, story: Story, style: Style, turn: int) -> Scene:
    share = float(rng.uniform(0.1, 0.7)) if style.brown else None
    picture = tissue_picture(rng, wh, story.tissue, style.nuclei_px(wh), share)
    group = arm(story, turn)
    organ = story.spelled(story.organ)
    stain = f"{style.brown} immunohistochemistry" if style.brown else story.spelled("haematoxylin and eosin")
    topic = one_of(
        rng,
        (
            f"{organ.capitalize()} of the {group} group ({stain}, ×{one_of(rng, (100, 200, 400))})",
            f"Representative section of the {organ} ({group}), {stain}",
            f"Histology of the {organ} in the {group} group",
        ),
    )
    if story.clinical:
        topic = f"Histology of the biopsy specimen ({stain}, original magnification ×{one_of(rng, (100, 200, 400))})"
    extra = (f"Brown, {style.brown}-positive cells",) if style.brown and rng.random() < 0.5 else ()
    return Scene(
        picture,
        topic,
        f"Representative sections of the {organ} ({stain})",
        extra,
        scale=length_text(rng, story, (50, 100, 200)),
    )


def electron_scene(rng: Rng, wh: Size, story: Story, style: Style, turn: int) -> Scene:
    topic = f"Transmission electron micrograph of {_one_cell(story)} ({arm(story, turn)})"
    return Scene(
        electron_picture(rng, wh), topic, f"Transmission electron micrographs of {story.cells} cells",
        scale=one_of(rng, (f"1 {story.micron}", "500 nm", f"2 {story.micron}")),
    )  # fmt: skip


def _one_cell(story: Story) -> str:
    return f"{'an' if story.cells[0] in 'AEHU' and story.cells != 'U2OS' else 'a'} {story.cells} cell"


def chest_scene(rng: Rng, wh: Size, story: Story, style: Style, turn: int) -> Scene:
    window = "lung" if rng.random() < 0.7 else "mediastinal"
    picture = chest_pictures(rng, wh, ("lung",) if window == "lung" else ("mediastinal",))[0]
    when = days(rng, 2)[turn % 2]
    contrast = one_of(rng, ("unenhanced", "contrast-enhanced", "thin-section"))
    article = "An" if contrast == "unenhanced" else "A"
    topic = one_of(
        rng,
        (
            f"Axial {contrast} chest CT ({window} window) at {when}",
            f"{article} {contrast} CT image of the chest in the {window} window obtained at {when}",
        ),
    )
    return Scene(picture, topic, f"Axial chest CT images ({window} window)", short={"CT": "computed tomography"})


def brain_scene(rng: Rng, wh: Size, story: Story, style: Style, turn: int) -> Scene:
    sequence = SEQUENCES[turn % 3]
    patient = np.random.default_rng([story.subject, turn // 3])  # the same head and lesion in all sequences
    picture = brain_picture(patient, wh, sequence)
    topic = f"Axial {sequence}{'' if sequence == 'FLAIR' else '-weighted'} magnetic resonance image of the brain"
    if turn > 2:
        topic += f" at {('3', '6', '12', '18')[turn // 3 % 4]} months"
    return Scene(
        picture,
        topic,
        "Axial magnetic resonance images of the brain",
        short={"FLAIR": "fluid-attenuated inversion recovery"},
    )


def ultrasound_scene(rng: Rng, wh: Size, story: Story, style: Style, turn: int) -> Scene:
    picture = ultrasound_picture(rng, wh)
    plane = ("Transverse", "Longitudinal", "Oblique")[turn % 3]
    topic = f"{plane} ultrasound image of the {story.examined}"
    if turn > 2:
        topic += f" after {('1', '3', '6', '12')[turn // 3 % 4]} months"
    return Scene(picture, topic, f"Ultrasound images of the {story.examined}")


def plate_scene(rng: Rng, wh: Size, story: Story, style: Style, turn: int) -> Scene:
    light = bool(rng.random() < 0.5)
    picture = diagrams.plate_picture(rng, wh, int(rng.integers(15, 240)), light)
    group = arm(story, turn)
    stain = "Crystal violet-stained colonies" if light else "Colonies on agar"
    return Scene(picture, f"{stain} formed by {story.cells} cells ({group})", f"{stain} formed by {story.cells} cells")
