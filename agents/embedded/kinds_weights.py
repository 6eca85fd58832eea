"""Weights of the panel-kind model: one row a feature of ``kinds``, one column a kind.

Measured: multinomial logistic regression on 311 panels of 14 articles and textbooks and 67 real pictures of open image
libraries (fluorescence, MR, CT, photographs), every article weighted by the root of its panels, L2 penalty 5 towards 0
(towards 0.5-1.25, a guess, where words of the caption speak for its own kind). Each article left out in turn, on the
190 panels marked by hand: 0.89 of kinds and 0.91 of photographic yes or no are right; of those given a
probability above 0.9, 0.98.
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
    # microscop radiology photo gel plot diagram table
    "one": (3.51, -0.34, 3.40, -2.18, -0.84, -0.65, -2.89),
    "white": (-1.42, -0.57, -0.06, 0.84, 1.42, 0.11, -0.32),
    "black": (2.21, 1.14, -1.53, -0.37, -0.65, -0.74, -0.05),
    "mean": (-2.21, -1.21, 1.05, 0.52, 0.87, 0.81, 0.17),
    "spread": (-4.59, 4.39, 2.13, -0.17, -0.87, 0.13, -1.02),
    "entropy": (-1.02, 1.13, 2.49, -0.26, -2.21, -0.12, -0.01),
    "next_colours": (2.21, 5.37, -3.73, -0.70, -4.39, 0.18, 1.07),
    "rim_white": (0.27, -1.73, -0.69, 0.41, 0.92, 1.45, -0.63),
    "chroma": (-0.82, -4.61, 1.82, -2.75, 6.00, 0.96, -0.61),
    "coloured": (1.12, -1.91, 0.04, -0.61, 0.27, 2.02, -0.94),
    "stain": (8.61, -0.13, -3.43, 0.19, -2.74, -2.25, -0.25),
    "glow": (-0.77, -2.39, 3.27, -1.56, 4.37, -1.76, -1.16),
    "grey_middle": (1.79, 2.05, -0.52, 0.62, -2.15, -1.32, -0.47),
    "flat": (-0.38, -0.01, -2.39, 0.94, 0.19, 2.92, -1.27),
    "edges": (3.52, -1.11, -3.79, -0.76, -2.20, 0.85, 3.49),
    "upright_edges": (1.28, -1.15, 0.92, -0.16, 6.45, -7.31, -0.03),
    "level_edges": (-1.90, -1.74, -4.22, 5.69, -1.20, -1.07, 4.44),
    "rough": (-0.18, -0.72, -1.23, -0.88, -0.71, 2.08, 1.64),
    "rough_inside": (-0.16, -0.14, -0.32, -0.23, 0.78, 0.06, 0.01),
    "row_lines": (0.37, 0.17, 0.08, 1.54, -0.71, -1.00, -0.45),
    "marks": (0.47, -1.07, -2.00, -0.14, 2.03, -0.16, 0.87),
    "marks_share": (-1.32, -0.31, -1.23, 1.80, -0.09, 0.01, 1.14),
    "blocks": (1.84, -0.58, -0.84, -0.30, 0.85, -1.20, 0.23),
    "says_gel": (-0.74, -0.17, -0.39, 1.86, -0.00, -0.24, -0.31),
    "says_plot": (0.06, -0.09, -0.37, -0.14, 1.12, -0.31, -0.27),
    "says_diagram": (-0.61, -0.11, -0.30, -0.17, 0.57, 0.83, -0.21),
    "says_table": (-0.14, -0.14, -0.14, -0.14, -0.14, -0.14, 0.86),
    "says_microscopy": (1.27, -0.51, 0.21, -0.01, 0.01, -0.58, -0.40),
    "says_radiology": (-0.71, 1.60, 0.12, -0.29, -0.23, -0.33, -0.14),
    "says_photo": (-0.51, -0.30, 1.33, -0.38, 0.63, -0.66, -0.11),
    "first_gel": (-0.50, -0.14, -0.41, 1.81, -0.24, -0.24, -0.27),
    "first_plot": (0.16, -0.12, -0.30, 0.64, 0.49, -0.54, -0.33),
    "first_diagram": (-0.66, -0.09, -0.33, -0.61, -0.07, 1.97, -0.22),
    "first_table": (-0.14, -0.14, -0.14, -0.14, -0.14, -0.14, 0.86),
    "first_microscopy": (0.80, -0.61, 0.47, 0.01, 0.27, -0.55, -0.38),
    "first_radiology": (-0.71, 1.60, 0.12, -0.29, -0.23, -0.33, -0.14),
    "first_photo": (-0.51, -0.30, 1.33, -0.38, 0.63, -0.66, -0.11),
}
