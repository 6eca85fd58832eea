"""Plots by matplotlib: bars, lines, dots, boxes, survival curves, flow cytometry, histograms, heat maps.

matplotlib is imported only when the first plot is drawn; one figure object is used again and again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from curator.figure import PanelKind
from curator.geometry import Size
from data.demo.fields import Rgb, Rng
from data.demo.picture import Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SCHEMES: tuple[tuple[str, ...], ...] = (
    ("#4c72b0", "#dd8452", "#55a868", "#c44e52", "#8172b3"),
    ("#222222", "#8c8c8c", "#c8c8c8", "#5a5a5a", "#e6e6e6"),
    ("#1f4e9c", "#c9252b", "#2e8b3d", "#f0a30a", "#7b3294"),
    ("#66c2a5", "#fc8d62", "#8da0cb", "#e78ac3", "#a6d854"),
    ("#ffffff", "#3b6fb6", "#b9cbe6", "#0d2b5c", "#7f9fce"),
    ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00"),
)
"""Bar and line colours: common software's defaults, greys, and a colour-blind safe set (Okabe and Ito 2008)."""


@dataclass(frozen=True, slots=True)
class PlotStyle:
    """What all plots of one figure share."""

    text_px: float
    colors: tuple[str, ...]
    framed: bool
    serif: bool

    @classmethod
    def sampled(cls, rng: Rng, text_px: float) -> PlotStyle:
        colors = SCHEMES[int(rng.integers(len(SCHEMES)))]
        return cls(text_px, colors, bool(rng.random() < 0.25), bool(rng.random() < 0.12))


@cache
def _sheet() -> tuple[Any, Any]:
    """One figure and its Agg canvas, kept: making them costs more than most plots. No global state of pyplot."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(dpi=100)
    return figure, FigureCanvasAgg(figure)


def plot_picture(wh: Size, style: PlotStyle, draw: Callable[[Axes], None], title: str = "") -> Picture:
    """Draws one pair of axes that fills ``wh`` with its ticks and labels."""
    import matplotlib as mpl

    points = style.text_px / 0.73 * 72 / 100  # cap height in px -> font size at 100 dpi
    settings: Any = {  # matplotlib types the keys as literals
        "font.family": "STIXGeneral" if style.serif else "DejaVu Sans",
        "font.size": points,
        "axes.titlesize": points * 1.05,
        "axes.labelsize": points,
        "xtick.labelsize": points * 0.9,
        "ytick.labelsize": points * 0.9,
        "legend.fontsize": points * 0.82,
        "axes.linewidth": max(0.6, points / 10),
        "xtick.major.width": max(0.6, points / 10),
        "ytick.major.width": max(0.6, points / 10),
        "axes.spines.top": style.framed,
        "axes.spines.right": style.framed,
        "legend.frameon": False,
        "legend.handlelength": 1.1,
        "mathtext.fontset": "dejavusans",
    }
    with mpl.rc_context(settings):
        figure, canvas = _sheet()
        figure.clear()
        figure.set_size_inches(wh[0] / 100, wh[1] / 100)
        axes = figure.add_axes((0.2, 0.2, 0.7, 0.7))
        draw(axes)
        if title:
            axes.set_title(title)
        _fit(axes, canvas.get_renderer(), wh)
        canvas.draw()
        rgb: Rgb = np.asarray(canvas.buffer_rgba())[:, :, :3].copy()
    return Picture(rgb, PanelKind.PLOT)


def _fit(axes: Axes, renderer: Any, wh: Size) -> None:
    """Moves the axes so that their labels fill the sheet: what tight_layout does, at a third of its time."""
    box = axes.get_tightbbox(renderer)
    inner = axes.get_window_extent(renderer)
    if box is None:
        return
    left, bottom = inner.x0 - box.x0 + 2, inner.y0 - box.y0 + 2
    right, top = box.x1 - inner.x1 + 2, box.y1 - inner.y1 + 2
    width, height = wh[0] - left - right, wh[1] - bottom - top
    if width > 0.25 * wh[0] and height > 0.25 * wh[1]:
        axes.set_position((left / wh[0], bottom / wh[1], width / wh[0], height / wh[1]))


def _ticks(axes: Axes, places: Sequence[float], names: Sequence[str], wh: Size, text_px: float) -> None:
    """Category names below the axis, slanted where they would run into each other."""
    tight = sum(len(name) for name in names) * text_px * 0.85 > wh[0] * 0.6
    axes.set_xticks(list(places), list(names))
    if tight:
        for label in axes.get_xticklabels():
            label.set_rotation(40)
            label.set_horizontalalignment("right")
            label.set_rotation_mode("anchor")


def _bracket(axes: Axes, x0: float, x1: float, y: float, step: float, stars: str) -> None:
    axes.plot([x0, x0, x1, x1], [y, y + step * 0.3, y + step * 0.3, y], color="black", lw=0.9)
    axes.text((x0 + x1) / 2, y + step * 0.25, stars, ha="center", va="bottom" if stars == "ns" else "baseline")


def bars(rng: Rng, wh: Size, style: PlotStyle, groups: Sequence[str], series: Sequence[str], ylabel: str) -> Picture:
    """Means with error bars, single points on some, significance brackets."""
    means = rng.uniform(0.25, 1.0, (len(series), len(groups))) * (100 if "%" in ylabel else rng.choice([1, 1, 4]))
    means[0, 0] = means.max() * rng.uniform(0.25, 1.0)
    errors = means * rng.uniform(0.05, 0.16, means.shape)
    dots = rng.random() < 0.45

    def draw(axes: Axes) -> None:
        wide = 0.78 / len(series)
        for k, name in enumerate(series):
            x = np.arange(len(groups)) + (k - (len(series) - 1) / 2) * wide
            one = len(series) == 1
            color = [style.colors[i % 5] for i in range(len(groups))] if one else style.colors[k % 5]
            axes.bar(
                x, means[k], wide * 0.88, yerr=errors[k], color=color, edgecolor="black", linewidth=0.8, label=name,
                capsize=max(2, wh[0] / 160), error_kw={"elinewidth": 0.9, "capthick": 0.9},
            )  # fmt: skip
            if dots:
                for at, mean, error in zip(x, means[k], errors[k], strict=True):
                    axes.plot(
                        at + rng.uniform(-0.2, 0.2, 4) * wide,
                        rng.normal(mean, error, 4),
                        "o",
                        ms=2.6,
                        mfc="none",
                        mec="#333333",
                        mew=0.7,
                    )
        top = float((means + errors).max())
        pairs = [(0, i) for i in range(1, len(groups))][:2] if len(series) == 1 else []
        for level, (a, b) in enumerate(pairs):
            _bracket(axes, a, b, top * (1.08 + 0.13 * level), top * 0.08, str(rng.choice(["*", "**", "***", "ns"])))
        if len(series) > 1:
            for i in range(len(groups)):
                if rng.random() < 0.6:
                    axes.text(i, top * 1.04, str(rng.choice(["*", "**", "***"])), ha="center")
            axes.legend(loc="lower left", bbox_to_anchor=(0, 0.99), ncols=len(series), columnspacing=0.9)
        axes.set_ylim(0, top * (1.16 + 0.13 * len(pairs)))
        axes.set_ylabel(ylabel)
        _ticks(axes, range(len(groups)), groups, wh, style.text_px)

    return plot_picture(wh, style, draw)


def lines(rng: Rng, wh: Size, style: PlotStyle, series: Sequence[str], xlabel: str, ylabel: str) -> Picture:
    """Time courses or dose responses with error bars."""
    x = np.array([0, 2, 4, 8, 12, 24, 48])[: int(rng.integers(5, 8))].astype(float)
    rising = rng.random() < 0.6

    def draw(axes: Axes) -> None:
        for k, name in enumerate(series):
            rate = rng.uniform(0.03, 0.25)
            y = 1 - np.exp(-rate * x) if rising else np.exp(-rate * x)
            y = 100 * y * rng.uniform(0.6, 1.0) + rng.normal(0, 2.2, len(x))
            axes.errorbar(
                x, y, yerr=rng.uniform(2, 7, len(x)), color=_dark(style.colors[k % 5]), marker="os^Dv"[k % 5],
                ms=4, lw=1.3, capsize=2.2, label=name,
            )  # fmt: skip
        axes.set_xlabel(xlabel)
        axes.set_ylabel(ylabel)
        axes.set_ylim(bottom=min(0, axes.get_ylim()[0]))
        axes.legend(loc="best")

    return plot_picture(wh, style, draw)


def _dark(color: str) -> str:
    """White and pale bar colours are no line colours."""
    return "#111111" if int(color[1:3], 16) > 200 and int(color[3:5], 16) > 180 else color


def correlation(rng: Rng, wh: Size, style: PlotStyle, xlabel: str, ylabel: str) -> Picture:
    """A scatter with its regression line."""
    n = int(rng.integers(25, 160))
    x = rng.normal(5, 1.6, n)
    y = rng.uniform(0.4, 1.0) * rng.choice([-1, 1]) * (x - 5) + rng.normal(0, 0.9, n) + 6
    slope, start = np.polyfit(x, y, 1)
    r = float(np.corrcoef(x, y)[0, 1])

    def draw(axes: Axes) -> None:
        axes.plot(x, y, "o", ms=3.4, color=_dark(style.colors[0]), alpha=0.75, mec="none")
        ends = np.array([x.min(), x.max()])
        axes.plot(ends, slope * ends + start, "-", color="black", lw=1.3)
        axes.text(0.04, 0.95, f"r = {r:.2f}\nP < 0.001", transform=axes.transAxes, va="top")
        axes.set_xlabel(xlabel)
        axes.set_ylabel(ylabel)

    return plot_picture(wh, style, draw)


def boxes(rng: Rng, wh: Size, style: PlotStyle, groups: Sequence[str], ylabel: str) -> Picture:
    """Box plots with all points over them."""
    data = [rng.normal(rng.uniform(2, 6), rng.uniform(0.5, 1.2), int(rng.integers(12, 30))) for _ in groups]

    def draw(axes: Axes) -> None:
        drawn = axes.boxplot(data, widths=0.55, patch_artist=True, showfliers=False, medianprops={"color": "black"})
        for k, patch in enumerate(drawn["boxes"]):
            patch.set_facecolor(style.colors[k % 5])
            patch.set_alpha(0.75)
        for k, values in enumerate(data, 1):
            axes.plot(k + rng.uniform(-0.14, 0.14, len(values)), values, "o", ms=2.4, color="#222222", alpha=0.6)
        top = max(float(v.max()) for v in data)
        if len(groups) > 1:
            _bracket(axes, 1, 2, top * 1.06, top * 0.08, str(rng.choice(["*", "**", "****", "ns"])))
        axes.set_ylim(top=top * 1.24)
        axes.set_ylabel(ylabel)
        _ticks(axes, range(1, len(groups) + 1), groups, wh, style.text_px)

    return plot_picture(wh, style, draw)


def survival(rng: Rng, wh: Size, style: PlotStyle, groups: Sequence[str], ylabel: str) -> Picture:
    """Kaplan-Meier curves with censoring ticks and the log-rank P."""

    def draw(axes: Axes) -> None:
        for k, name in enumerate(groups[:2]):
            n = int(rng.integers(30, 70))
            times = np.sort(rng.exponential((70, 32)[k] * rng.uniform(0.8, 1.3), n))
            alive = 100 * (1 - np.arange(1, n + 1) / n)
            shown = times < 60
            x = np.concatenate([[0], times[shown], [60]])
            y = np.concatenate([[100], alive[shown], [alive[shown][-1] if shown.any() else 100]])
            color = _dark(style.colors[k])
            axes.step(x, y, where="post", color=color, lw=1.5, label=f"{name} (n = {n})")
            late = rng.choice(len(x) - 1, 4, replace=False) + 1
            axes.plot(x[late], y[late], "|", color=color, ms=6)
        axes.text(0.05, 0.07, f"Log-rank P = {rng.choice([0.002, 0.013, 0.031, 0.0007])}", transform=axes.transAxes)
        axes.set_xlim(0, 61)
        axes.set_ylim(0, 105)
        axes.set_xlabel("Time (months)")
        axes.set_ylabel(ylabel)
        axes.legend(loc="upper right")

    return plot_picture(wh, style, draw)


def cytometry(rng: Rng, wh: Size, style: PlotStyle, xlabel: str, ylabel: str) -> Picture:
    """A two-colour flow cytometry plot with quadrants and their percentages."""
    share = rng.dirichlet([4, 1.5, 1.5, 2])
    centres = ((1.4, 1.3), (3.6, 1.4), (1.4, 3.5), (3.6, 3.6))
    counts = rng.multinomial(2600, share)
    x, y = (
        np.concatenate([rng.normal(c[axis], 0.42, n) for c, n in zip(centres, counts, strict=True)]) for axis in (0, 1)
    )

    def draw(axes: Axes) -> None:
        density, x_edges, y_edges = np.histogram2d(x, y, bins=26, range=[[0, 5], [0, 5]])
        column = np.clip(np.digitize(x, x_edges) - 1, 0, 25)
        row = np.clip(np.digitize(y, y_edges) - 1, 0, 25)
        axes.scatter(x, y, c=np.sqrt(density[column, row]), s=2, cmap="jet", linewidths=0)
        axes.axhline(2.5, color="black", lw=0.9)
        axes.axvline(2.5, color="black", lw=0.9)
        corners = (
            (0.03, 0.03, "left", "bottom"),
            (0.97, 0.03, "right", "bottom"),
            (0.03, 0.97, "left", "top"),
            (0.97, 0.97, "right", "top"),
        )
        for (at_x, at_y, ha, va), part in zip(corners, share, strict=True):
            axes.text(at_x, at_y, f"{100 * part:.1f}%", transform=axes.transAxes, ha=ha, va=va)
        axes.set_xlim(0, 5)
        axes.set_ylim(0, 5)
        axes.set_xticks(range(6), ["0", *(f"$10^{k}$" for k in range(1, 6))])
        axes.set_yticks(range(6), ["0", *(f"$10^{k}$" for k in range(1, 6))])
        axes.set_xlabel(xlabel)
        axes.set_ylabel(ylabel)

    return plot_picture(wh, style, draw)


def histogram(rng: Rng, wh: Size, style: PlotStyle, xlabel: str, series: Sequence[str]) -> Picture:
    """Two overlapping distributions."""

    def draw(axes: Axes) -> None:
        for k, name in enumerate(series[:2]):
            values = rng.normal(rng.uniform(14, 22), rng.uniform(1.6, 3.2), 900)
            axes.hist(
                values, 34, color=_dark(style.colors[k]), alpha=0.55, label=name, edgecolor="white", linewidth=0.3
            )
        axes.set_xlabel(xlabel)
        axes.set_ylabel("Count")
        axes.legend(loc="upper right")

    return plot_picture(wh, style, draw)


def heat_map(rng: Rng, wh: Size, style: PlotStyle, genes: Sequence[str], groups: Sequence[str]) -> Picture:
    """Expression of genes (rows) in replicates of two groups (columns)."""
    columns = int(rng.integers(3, 6))
    change = rng.choice([-1.2, -0.6, 0.7, 1.3], len(genes))[:, None] * np.repeat([0.0, 1.0], columns)[None]
    values = change + rng.normal(0, 0.4, (len(genes), 2 * columns))
    values -= values.mean(axis=1, keepdims=True)

    def draw(axes: Axes) -> None:
        shown = axes.imshow(values, cmap="RdBu_r", vmin=-1.6, vmax=1.6, aspect="auto", interpolation="nearest")
        axes.set_yticks(range(len(genes)), list(genes))
        axes.set_xticks([(columns - 1) / 2, columns * 1.5 - 0.5], list(groups[:2]))
        axes.tick_params(length=0)
        axes.axvline(columns - 0.5, color="white", lw=2)
        bar = axes.inset_axes((1.04, 0.55, 0.05, 0.45))
        axes.figure.colorbar(shown, cax=bar, ticks=[-1, 0, 1])
        bar.set_ylabel("Z score")

    return plot_picture(wh, style, draw)
