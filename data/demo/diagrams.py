"""Drawn panels: signalling pathways, study timelines, protein domains, flow charts, tables; and photographed plates."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from curator.figure import PanelKind
from curator.geometry import Size
from data.demo.fields import Rgb, Rng, blob, blur, fill, fractal, grain
from data.demo.picture import Picture, Thing, around
from data.demo.symbols import Face, arrow, circle, outline, polygon, text_wh, write

_PASTEL: tuple[tuple[int, int, int], ...] = (
    (190, 214, 240), (246, 208, 184), (200, 228, 196), (238, 206, 226), (250, 232, 176), (214, 206, 236),
)  # fmt: skip
_INK = (30, 30, 34)


def _sheet(wh: Size) -> Rgb:
    return np.full((wh[1], wh[0], 3), 255, np.uint8)


def _ellipse(canvas: Rgb, x: float, y: float, radii: tuple[float, float], color: tuple[int, int, int]) -> None:
    at, size = (round(x * 16), round(y * 16)), (round(radii[0] * 16), round(radii[1] * 16))
    cv2.ellipse(canvas, at, size, 0, 0, 360, color, -1, cv2.LINE_AA, 4)
    dark = (color[0] * 6 // 10, color[1] * 6 // 10, color[2] * 6 // 10)
    cv2.ellipse(canvas, at, size, 0, 0, 360, dark, 1, cv2.LINE_AA, 4)


def _named(
    canvas: Rgb, x: float, y: float, name: str, cap_px: float, color: tuple[int, int, int], square: bool
) -> float:
    """A protein with its name inside; returns half its width."""
    half = text_wh(name, cap_px)[0] / 2 + cap_px * 0.8
    if square:
        box = (round(x - half), round(y - cap_px * 1.2), round(x + half), round(y + cap_px * 1.2))
        canvas[max(0, box[1]) : box[3], max(0, box[0]) : box[2]] = color
        outline(canvas, (max(0, box[0]), max(0, box[1]), box[2], box[3]), _INK, 1)
    else:
        _ellipse(canvas, x, y, (half, cap_px * 1.35), color)
    write(canvas, name, (x, y), cap_px, _INK, "mm")
    return half


def pathway_picture(rng: Rng, wh: Size, ligand: str, receptor: str, chain: Sequence[str], cap_px: float) -> Picture:
    """A receptor in a lipid membrane, a cascade of proteins, a nucleus with DNA."""
    width, height = wh
    canvas = _sheet(wh)
    colors = [_PASTEL[i] for i in rng.permutation(len(_PASTEL))]
    level = height * 0.24
    canvas[round(level) :] = (252, 247, 238) if rng.random() < 0.6 else (244, 249, 252)
    head = max(2.0, cap_px * 0.3)
    for x in np.arange(head, width, head * 2.1).tolist():
        for side in (-1, 1):
            y = level + side * head * 2.6 + 3 * math.sin(x / width * 9)
            cv2.line(
                canvas, (round(x), round(y)), (round(x), round(y - side * head * 2.2)), (190, 170, 120), 1, cv2.LINE_AA
            )
            _ellipse(canvas, x, y, (head, head), (226, 190, 110))
    x = width * rng.uniform(0.3, 0.5)
    for side in (-1, 1):
        place = (x + side * cap_px * 0.5, level)
        leg = np.array([(-0.35, -4.2), (0.35, -4.2), (0.35, 3.2), (-0.35, 3.2)]) * cap_px + place
        polygon(canvas, np.clip(leg, 1, [width - 2, height - 2]), colors[0])
    write(canvas, receptor, (x + cap_px * 1.6, level - cap_px * 2.6), cap_px, _INK, "lm")
    for dx in (-0.5, 0.5):
        _ellipse(canvas, x + dx * cap_px, max(level - cap_px * 4.6, cap_px * 0.8), (cap_px * 0.7,) * 2, (214, 70, 60))
    write(canvas, ligand, (x - cap_px * 1.7, max(level - cap_px * 4.2, cap_px * 0.8)), cap_px, _INK, "rm")
    bottom = height * 0.8
    cv2.ellipse(
        canvas,
        (round(width * 0.5), round(height * 1.02)),
        (round(width * 0.44), round(height * 0.2)),
        0,
        180,
        360,
        (222, 226, 244),
        -1,
        cv2.LINE_AA,
    )
    cv2.ellipse(
        canvas,
        (round(width * 0.5), round(height * 1.02)),
        (round(width * 0.44), round(height * 0.2)),
        0,
        180,
        360,
        (110, 110, 160),
        1,
        cv2.LINE_AA,
    )
    along = np.linspace(width * 0.3, width * 0.62, 60)
    for phase, shade in ((0.0, (60, 90, 170)), (math.pi, (190, 70, 70))):
        wave = height * 0.93 + cap_px * 0.55 * np.sin(along / cap_px * 1.1 + phase)
        cv2.polylines(
            canvas, [np.round(np.stack([along, wave], 1) * 16).astype(np.int32)], False, shade, 2, cv2.LINE_AA, 4
        )
    write(canvas, "Nucleus", (width * 0.5, height * 0.865), cap_px * 0.85, (90, 90, 140), "mb")
    steps = np.linspace(level + cap_px * 5.2, bottom - cap_px * 2.0, len(chain))
    previous = (x, level + cap_px * 3.3)
    for k, (name, y) in enumerate(zip(chain, steps.tolist(), strict=True)):
        shift = width * 0.1 * (-1) ** k if k else 0.0
        at = (min(max(x + shift, width * 0.2), width * 0.8), y)
        tip = (at[0], at[1] - cap_px * 1.55)
        length = math.hypot(tip[0] - previous[0], tip[1] - previous[1])
        if length > cap_px:
            arrow(
                canvas,
                tip,
                math.atan2(tip[1] - previous[1], tip[0] - previous[0]),
                length,
                _INK,
                max(1.6, cap_px * 0.16),
            )
        half = _named(canvas, *at, name, cap_px, colors[(k + 1) % 6], k % 3 == 2)
        if rng.random() < 0.5:
            _ellipse(canvas, at[0] + half, at[1] - cap_px * 0.9, (cap_px * 0.55,) * 2, (250, 214, 60))
            write(canvas, "P", (at[0] + half, at[1] - cap_px * 0.9), cap_px * 0.62, _INK, "mm", "sans-bold")
        previous = (at[0], at[1] + cap_px * 1.5)
    tip = (previous[0], height * 0.85)
    if tip[1] - previous[1] > cap_px:
        arrow(canvas, tip, math.pi / 2, tip[1] - previous[1], _INK, max(1.6, cap_px * 0.16))
    return Picture(canvas, PanelKind.DIAGRAM)


def timeline_picture(rng: Rng, wh: Size, steps: Sequence[tuple[str, str]], cap_px: float) -> Picture:
    """A study timeline: days below a line, what happens above it; ``steps``: (day, event)."""
    width, height = wh
    canvas = _sheet(wh)
    y = height * 0.56
    left, right = width * 0.1, width * 0.9
    canvas[round(y) - 1 : round(y) + 2, round(left - width * 0.05) : round(right)] = _INK
    arrow(canvas, (min(width - 2.0, right + width * 0.06), y + 0.5), 0, width * 0.1, _INK, max(2.0, cap_px * 0.22))
    colors = [_PASTEL[i] for i in rng.permutation(len(_PASTEL))]
    for k, (day, event) in enumerate(steps):
        x = left + (right - left) * (k / (len(steps) - 1) * 0.92)
        canvas[round(y - cap_px * 0.6) : round(y + cap_px * 0.6), round(x) - 1 : round(x) + 1] = _INK
        write(canvas, day, (x, y + cap_px * 1.1), cap_px, _INK, "mt")
        high = y - cap_px * (3.2 if k % 2 == 0 else 6.2)
        room = min(high, y - cap_px * 3.2)
        half = text_wh(event, cap_px)[0] / 2 + cap_px * 0.6
        x_box = min(max(x, half + 2), width - half - 2)
        arrow(
            canvas,
            (x, y - cap_px * 0.8),
            math.pi / 2,
            y - cap_px * 0.8 - room,
            (110, 110, 115),
            max(1.4, cap_px * 0.13),
        )
        _named(canvas, x_box, max(room, cap_px * 1.5), event, cap_px, colors[k % 6], True)
    if height - y > cap_px * 5:
        for k in range(len(steps) - 1):
            x = left + (right - left) * ((k + 0.5) / (len(steps) - 1) * 0.92)
            _dish(canvas, x, y + (height - y) * 0.62, min(width / len(steps) * 0.3, (height - y) * 0.34), colors[k % 6])
    return Picture(canvas, PanelKind.DIAGRAM)


def _dish(canvas: Rgb, x: float, y: float, radius: float, color: tuple[int, int, int]) -> None:
    """A culture dish seen from the side and above."""
    _ellipse(canvas, x, y + radius * 0.22, (radius, radius * 0.3), (225, 225, 228))
    _ellipse(canvas, x, y, (radius, radius * 0.3), color)
    circle(canvas, (x, y), (radius * 1.02, radius * 0.33), (150, 150, 155), 1)


def domains_picture(rng: Rng, wh: Size, rows: Sequence[str], domains: Sequence[str], cap_px: float) -> Picture:
    """Protein constructs as bars with coloured domains and residue numbers."""
    width, height = wh
    canvas = _sheet(wh)
    names = max(text_wh(name, cap_px)[0] for name in rows) + cap_px * 1.2
    length = int(rng.integers(300, 1400))
    cuts = np.sort(rng.choice(np.arange(8, 97), 2 * len(domains), replace=False)) / 100
    colors = [_PASTEL[i] for i in rng.permutation(len(_PASTEL))]
    pitch = height / (len(rows) + 0.6)
    for k, name in enumerate(rows):
        y = pitch * (k + 0.75)
        left, right = names, width - text_wh("1400", cap_px * 0.8)[0] - cap_px
        cut = 1.0 if k == 0 else float(cuts[-1 - 2 * (k % len(domains))])
        write(canvas, name, (names - cap_px * 0.7, y), cap_px, _INK, "rm")
        canvas[
            round(y - cap_px * 0.35) : round(y + cap_px * 0.35), round(left) : round(left + (right - left) * cut)
        ] = (205, 205, 208)
        for d, domain in enumerate(domains):
            start, end = float(cuts[2 * d]), float(cuts[2 * d + 1])
            if end > cut:
                continue
            box = (left + (right - left) * start, y - cap_px, left + (right - left) * end, y + cap_px)
            canvas[round(box[1]) : round(box[3]), round(box[0]) : round(box[2])] = colors[d % 6]
            outline(canvas, box, _INK, 1)
            if text_wh(domain, cap_px * 0.8)[0] < box[2] - box[0] - 4:
                write(canvas, domain, ((box[0] + box[2]) / 2, y), cap_px * 0.8, _INK, "mm")
            if k == 0:
                write(canvas, str(int(start * length)), (box[0], y + cap_px * 1.4), cap_px * 0.7, _INK, "mt")
        write(canvas, str(int(cut * length)), (left + (right - left) * cut + cap_px * 0.4, y), cap_px * 0.8, _INK, "lm")
    return Picture(canvas, PanelKind.DIAGRAM)


def flow_chart_picture(
    rng: Rng, wh: Size, boxes: Sequence[str], arms: Sequence[str], excluded: str, cap_px: float
) -> Picture:
    """Enrolment of a trial: boxes from top to bottom, who left at the side, then the arms side by side."""
    width, height = wh
    canvas = _sheet(wh)
    rows = len(boxes) + 1
    pitch = height / rows
    thick = max(1.5, cap_px * 0.14)
    for k, text in enumerate(boxes):
        y = pitch * (k + 0.5)
        _named(canvas, width / 2, y, text, cap_px, (255, 255, 255), True)
        if k:
            arrow(canvas, (width / 2, y - cap_px * 1.3), math.pi / 2, pitch - cap_px * 2.6, _INK, thick)
            half = text_wh(excluded, cap_px)[0] / 2 + cap_px * 0.8
            side = min(width - half - 2, width * 0.8)
            arrow(canvas, (side - half, y - pitch / 2), 0, side - half - width / 2, _INK, thick)
            _named(canvas, side, y - pitch / 2, excluded, cap_px, (255, 255, 255), True)
    y = pitch * (rows - 0.5)
    split = pitch * (rows - 1.0)
    canvas[round(pitch * (rows - 1.5) + cap_px * 1.2) : round(split), round(width / 2) : round(width / 2) + 2] = _INK
    places = [width * (k + 0.5) / len(arms) for k in range(len(arms))]
    canvas[round(split) : round(split) + 2, round(places[0]) : round(places[-1]) + 1] = _INK
    for x, text in zip(places, arms, strict=True):
        arrow(canvas, (x, y - cap_px * 1.3), math.pi / 2, max(cap_px, y - cap_px * 1.3 - split), _INK, thick)
        _named(canvas, x, y, text, cap_px, (240, 244, 250), True)
    return Picture(canvas, PanelKind.DIAGRAM)


def table_picture(rng: Rng, wh: Size, head: Sequence[str], rows: Sequence[Sequence[str]], cap_px: float) -> Picture:
    """A typeset table with three rules or grey bands."""
    width, height = wh
    canvas = _sheet(wh)
    pitch = height / (len(rows) + 1)
    cap_px = min(cap_px, pitch * 0.45)
    face: Face = "serif" if rng.random() < 0.4 else "sans"
    bold: Face = "serif-bold" if face == "serif" else "sans-bold"
    places = [width * (0.015 if k == 0 else 0.34 + 0.66 * (k - 0.5) / (len(head) - 1)) for k in range(len(head))]
    banded = rng.random() < 0.4
    for r, row in enumerate([head, *rows]):
        y = pitch * (r + 0.5)
        if banded and r % 2:
            canvas[round(pitch * r) : round(pitch * (r + 1))] = (236, 240, 246)
        for k, text in enumerate(row):
            write(canvas, text, (places[k], y), cap_px, _INK, "lm" if k == 0 else "mm", bold if r == 0 else face)
    for y in (0, pitch, height - 2):
        canvas[round(y) : round(y) + 2, :] = _INK
    return Picture(canvas, PanelKind.TABLE)


def plate_picture(rng: Rng, wh: Size, colonies: int, light: bool) -> Picture:
    """A photographed culture plate with colonies; ``light``: stained violet on a pale plate."""
    width, height = wh
    size = min(wh)
    radius = size * 0.46
    cx, cy = width / 2, height / 2
    base = np.array([232, 228, 232] if light else [196, 178, 132], np.float32)
    desk = np.array([206, 204, 208] if light else [34, 34, 38], np.float32)
    x, y = np.meshgrid(np.arange(width) - cx, np.arange(height) - cy)
    far = np.hypot(x, y).astype(np.float32) / radius
    inside = np.clip((1 - far) * radius / 1.5, 0, 1)[:, :, None]
    shade = 1 + 0.1 * (x / size)[:, :, None] - 0.1 * (y / size)[:, :, None] + 0.012 * grain(rng, wh, 1.5)[:, :, None]
    photo = desk * (1 - inside) + base * inside
    for place, width_share, gain in ((0.985, 0.008, 38), (0.94, 0.006, -34), (0.92, 0.008, 24)):
        photo += (gain * np.exp(-(((far - place) / width_share) ** 2)))[:, :, None]
    ink = np.zeros((height, width), np.float32)
    for _ in range(colonies):
        reach, turn = radius * 0.86 * math.sqrt(rng.random()), rng.uniform(0, 6.3)
        spot = size * 0.011 * rng.lognormal(0, 0.35)
        at = (cx + reach * math.cos(turn), cy + reach * math.sin(turn))
        fill(ink, blob(rng, at, (spot, spot), 0, 0.08 if not light else 0.2, 16), rng.uniform(0.6, 1.0))
    ink = blur(ink, 0.7) * (1 + 0.1 * fractal(rng, wh, 6, 2))
    color = np.array([88, 52, 138] if light else [240, 234, 214], np.float32)
    photo = photo * (1 - ink[:, :, None]) + color * ink[:, :, None]
    glare = np.exp(-((x + size * 0.2) ** 2 + (y + size * 0.24) ** 2) / (size * 0.09) ** 2)
    rgb = np.clip(photo * shade + 16 * glare[:, :, None], 0, 255).astype(np.uint8)
    box = around(cx + radius * 0.2, cy - radius * 0.1, radius * 0.22, wh)
    return Picture(
        rgb, PanelKind.PHOTO, (Thing(box, "representative colony", "representative colonies"),) if box else ()
    )
