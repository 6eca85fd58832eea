"""Blots and gels: western blots with lane table, protein names and sizes; DNA on agarose."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from curator.figure import PanelKind
from curator.geometry import Size
from data.demo.fields import Image, Rng, blur, expose, fractal, grain, to_rgb
from data.demo.picture import Picture, Thing
from data.demo.symbols import text_wh, write


def _lane_bands(rng: Rng, wh: Size, lanes: Sequence[float], y: float, thick: float, smile: float) -> Image:
    """Ink of one protein over all lanes; ``lanes``: amount in each, 0 to 1."""
    width, height = wh
    x, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    pitch = width / len(lanes)
    ink = np.zeros((height, width), np.float32)
    for lane, amount in enumerate(lanes):
        if amount < 0.02:
            continue
        middle = pitch * (lane + 0.5) + rng.normal(0, pitch * 0.02)
        across = (x - middle) / (pitch * 0.4 * rng.uniform(0.93, 1.05))
        bow = y + smile * across**2 * thick + rng.normal(0, thick * 0.1) + rng.normal(0, thick * 0.12) * across
        flat = 1 / (1 + np.exp(np.clip((np.abs(across) - 0.86) * 16, -30, 30)))
        fat = thick * (0.6 + 0.5 * amount)
        down = rows - bow
        body = np.exp(-((down / np.where(down > 0, fat * 1.1, fat * 0.8)) ** 2))
        smear = 0.1 * np.exp(-np.abs(down) / (thick * 2.5))
        ink += amount * flat * (body + smear)
    return ink


def strip(rng: Rng, wh: Size, lanes: Sequence[float], extra: bool) -> Image:
    """A cut of a western blot, light background 0.85 to 0.95; ``extra``: a weak unspecific band below."""
    width, height = wh
    thick = height * rng.uniform(0.1, 0.15)
    smile = rng.uniform(-0.5, 0.2)
    ink = _lane_bands(rng, wh, lanes, height * rng.uniform(0.42, 0.55), thick, smile)
    if extra:
        ink += _lane_bands(rng, wh, [rng.uniform(0.1, 0.3)] * len(lanes), height * 0.85, thick * 0.6, smile)
    ground = 0.11 + 0.03 * fractal(rng, wh, max(8.0, width / 4), 2) + 0.012 * grain(rng, wh, 3)
    return expose(rng, (1 - np.clip(ground + ink * 0.85, 0, 0.97)).astype(np.float32), 900, 0.012, 0.7)


def blot_picture(
    rng: Rng,
    wh: Size,
    rows: Sequence[tuple[str, str, Sequence[float]]],
    conditions: Sequence[tuple[str, Sequence[str]]],
    cap_px: float,
) -> Picture:
    """A western blot on white.

    ``rows``: protein name, size in kDa and amounts per lane, top to bottom; ``conditions``: name and the sign of each
    lane ("+", "-", "0", "24"), written above the lanes.
    """
    width, height = wh
    canvas = np.full((height, width, 3), 255, np.uint8)
    names = max(text_wh(name, cap_px)[0] for name, _, _ in rows)
    heads = max((text_wh(name, cap_px)[0] for name, _ in conditions), default=0)
    left = round(max(heads, text_wh("250", cap_px * 0.8)[0] + cap_px * 1.2) + cap_px)
    right = round(width - names - cap_px * 0.9)
    if right - left < width * 0.3:  # long names on a narrow panel: let the lanes keep a third
        right = round(left + width * 0.3)
    lanes = len(rows[0][2])
    pitch = (right - left) / lanes
    y = round(cap_px * 0.3)
    for name, signs in conditions:
        write(canvas, name, (left - cap_px * 0.6, y + cap_px * 0.5), cap_px, anchor="rm")
        for lane, sign in enumerate(signs):
            size = cap_px if text_wh(sign, cap_px)[0] < pitch * 0.95 else cap_px * 0.8
            write(canvas, sign, (left + pitch * (lane + 0.5), y + cap_px * 0.5), size, anchor="mm")
        y += round(cap_px * 1.7)
    if conditions and rng.random() < 0.4:
        canvas[y : y + max(1, round(cap_px / 10)), left:right] = 0
    y += round(cap_px * 0.4)
    gap = max(3, round(cap_px * 0.45))
    tall = max(10, round(min((height - y - gap * len(rows)) / len(rows), pitch * 1.5 + cap_px * 1.5)))
    framed = rng.random() < 0.75
    things: list[Thing] = []
    for index, (name, kda, amounts) in enumerate(rows):
        top = y + index * (tall + gap)
        loading = index == len(rows) - 1
        image = strip(rng, (right - left, tall), amounts, not loading and bool(rng.random() < 0.3))
        canvas[top : top + tall, left:right] = to_rgb(image)
        if framed:
            canvas[[top, top + tall - 1], left:right] = 0
            canvas[top : top + tall, [left, right - 1]] = 0
        middle = top + tall / 2
        write(canvas, name, (right + cap_px * 0.5, middle), cap_px, anchor="lm")
        write(canvas, kda, (left - cap_px * 0.95, middle), cap_px * 0.8, anchor="rm")
        tick = round(cap_px * 0.5)
        canvas[round(middle) - 1 : round(middle) + 1, left - tick - 2 : left - 3] = 0
        strongest = int(np.argmax(amounts))
        if not loading:
            box = (
                left + pitch * strongest + 1,
                float(top + 1),
                left + pitch * (strongest + 1) - 1,
                float(top + tall - 1),
            )
            things.append(Thing(box, f"{name} band", f"{name} bands"))
    return Picture(canvas, PanelKind.GEL, tuple(things))


def agarose_picture(rng: Rng, wh: Size, lanes: int, product: str, cap_px: float) -> Picture:
    """PCR products on a dark gel: a ladder at the left, numbered lanes; the product bands are the things."""
    width, height = wh
    top = round(cap_px * 1.8)
    left = round(text_wh("1000", cap_px * 0.8)[0] + cap_px * 0.8)
    canvas = np.full((height, width, 3), 255, np.uint8)
    gel_wh = (width - left, height - top)
    count = lanes + 1
    pitch = gel_wh[0] / count
    thick = max(1.5, gel_wh[1] * 0.012)
    light = np.zeros((gel_wh[1], gel_wh[0]), np.float32)
    steps = (("1000", 0.2), ("750", 0.3), ("500", 0.45), ("250", 0.68), ("100", 0.85))
    for text, place in steps:
        light += _lane_bands(rng, gel_wh, [0.6, *([0.0] * lanes)], gel_wh[1] * place, thick, -0.2)
        write(canvas, text, (left - cap_px * 0.4, top + gel_wh[1] * place), cap_px * 0.8, anchor="rm")
    where = rng.uniform(0.38, 0.62)
    amounts = [0.0] + [float(rng.choice([0.0, 0.85])) * rng.uniform(0.6, 1.0) for _ in range(lanes)]
    amounts[int(rng.integers(1, count))] = 0.9
    light += _lane_bands(rng, gel_wh, amounts, gel_wh[1] * where, thick * 1.3, -0.2)
    light += _lane_bands(rng, gel_wh, [0.0] + [0.12] * lanes, gel_wh[1] * 0.95, thick * 3, 0)
    wells = _lane_bands(rng, gel_wh, [0.12] * count, gel_wh[1] * 0.05, thick * 0.8, 0)
    ground = 0.13 + 0.03 * fractal(rng, gel_wh, gel_wh[0] / 2, 2) + blur(light, 12) * 0.15
    seen = expose(rng, (ground + light * 0.85 - wells * 0.3).astype(np.float32), 250, 0.012, 0.8)
    canvas[top:, left:] = to_rgb(seen)
    for lane in range(count):
        text = "M" if lane == 0 else str(lane)
        write(canvas, text, (left + pitch * (lane + 0.5), top - cap_px * 0.5), cap_px, anchor="mb")
    strongest = int(np.argmax(amounts))
    y = top + gel_wh[1] * where
    box = (left + pitch * strongest, y - thick * 4, min(width - 1.0, left + pitch * (strongest + 1)), y + thick * 4)
    return Picture(canvas, PanelKind.GEL, (Thing(box, f"{product} amplicon", f"{product} amplicons"),))
