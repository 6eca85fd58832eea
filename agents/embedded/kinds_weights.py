"""Weights of the panel-kind model: one row a feature of ``kinds``, one column a kind.

Measured: multinomial logistic regression on 409 panels of 14 articles and textbooks, their kinds given by hand, and 67
real pictures of open image libraries (fluorescence, MR, CT, photographs), every article weighted by the root of its
panels, L2 penalty 3 towards 0 (towards 0.5-1.25, a guess, where words of the caption speak for its own kind). Each
article left out in turn, 0.84 of kinds and 0.94 of photographic yes or no are right; a probability above 0.9 is given
to 0.50 of the panels, and 0.97 of those are right. That flatters: the features were chosen on the same articles, and
one to four of 30 features chosen without the article left out came to 0.79-0.82 and 0.91-0.92 (without ``cells`` and
``hues``, with ruled rows: 0.82 and 0.92).
"""

from curator.figure import PanelKind

KINDS = (
    PanelKind.MICROSCOPY,
    PanelKind.RADIOLOGY,
    PanelKind.PHOTO,
    PanelKind.GEL,
    PanelKind.PLOT,
    PanelKind.DIAGRAM,
    PanelKind.TABLE,
)

WEIGHTS: dict[str, tuple[float, ...]] = {
    # microscopy radiology photo gel plot diagram table
    "one": (3.90, -0.67, 3.81, -3.23, 0.46, -0.96, -3.31),
    "white": (-1.78, -0.42, 0.26, 1.15, 1.63, 0.07, -0.91),
    "black": (2.80, 1.52, -1.75, -0.46, -1.04, -1.05, -0.02),
    "mean": (-2.67, -1.86, 1.33, 0.50, 1.25, 1.35, 0.09),
    "spread": (-5.14, 5.63, 3.20, 0.82, -1.77, -1.50, -1.23),
    "entropy": (-1.65, 1.83, 3.22, 0.15, -3.33, -0.50, 0.28),
    "next_colours": (2.03, 5.60, -4.65, -1.89, -4.09, 0.40, 2.60),
    "rim_white": (0.22, -1.91, -0.68, 0.54, 0.25, 1.90, -0.32),
    "chroma": (-0.35, -5.15, 1.70, -2.34, 5.12, -0.05, 1.07),
    "coloured": (2.10, -2.34, -0.67, -0.23, -0.35, 1.01, 0.49),
    "stain": (10.12, 0.01, -3.76, 0.79, -2.71, -3.46, -0.99),
    "glow": (-1.68, -2.10, 4.28, -0.52, 4.19, -2.93, -1.24),
    "hues": (-0.47, -2.04, 0.73, -1.14, 2.47, 0.84, -0.38),
    "grey_middle": (2.54, 1.93, -0.78, 0.82, -1.68, -1.44, -1.40),
    "flat": (-0.61, -0.36, -2.93, 1.12, -0.78, 4.14, -0.59),
    "edges": (4.27, -1.20, -5.71, -1.38, -0.81, 2.21, 2.62),
    "upright_edges": (1.40, -1.65, 0.08, 1.65, 4.75, -5.22, -1.00),
    "level_edges": (-2.02, -1.38, -5.11, 8.96, -1.62, -2.53, 3.71),
    "rough": (0.09, -0.60, -1.60, -1.26, -0.65, 2.78, 1.24),
    "rough_inside": (-0.02, -0.10, -0.35, -0.19, 0.92, -0.07, -0.19),
    "marks": (0.45, -1.00, -2.36, 0.54, 0.60, 0.21, 1.56),
    "marks_share": (-1.67, -0.15, -1.52, 1.62, 0.93, -1.61, 2.40),
    "blocks": (2.13, -0.67, -0.69, -0.04, 1.22, -1.75, -0.20),
    "cells": (-0.61, -0.09, -1.00, -0.05, 0.92, -1.94, 2.77),
    "says_gel": (-0.79, -0.14, -0.35, 1.48, 0.16, -0.05, -0.30),
    "says_plot": (0.12, -0.05, -0.30, 0.00, 1.47, -1.00, -0.24),
    "says_diagram": (-0.63, -0.06, -0.47, -0.34, 0.67, 1.04, -0.21),
    "says_table": (-0.26, -0.06, -0.12, -0.24, -0.37, -0.63, 1.69),
    "says_microscopy": (1.97, -0.37, 0.01, 0.16, -0.24, -1.04, -0.48),
    "says_radiology": (-0.81, 1.89, 0.09, -0.32, -0.33, -0.34, -0.18),
    "says_photo": (-0.67, -0.32, 0.71, -0.58, 0.55, 0.50, -0.18),
    "first_gel": (-0.61, -0.13, -0.42, 2.20, -0.49, -0.29, -0.27),
    "first_plot": (0.28, -0.05, -0.38, 0.73, 1.00, -1.28, -0.30),
    "first_diagram": (-0.58, -0.04, -0.27, -0.65, -0.97, 2.73, -0.21),
    "first_table": (-0.26, -0.06, -0.12, -0.24, -0.37, -0.63, 1.69),
    "first_microscopy": (1.55, -0.44, 0.19, -0.22, 0.20, -0.85, -0.44),
    "first_radiology": (-0.81, 1.89, 0.09, -0.32, -0.33, -0.34, -0.18),
    "first_photo": (-0.86, -0.44, 0.74, -0.42, -0.15, 1.36, -0.22),
}
