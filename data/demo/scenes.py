"""Which artist draws which content."""

from __future__ import annotations

from collections.abc import Callable

from curator.geometry import Size
from data.demo import composite_scenes, data_scenes, image_scenes, plot_scenes
from data.demo.fields import Rng
from data.demo.layout import Content
from data.demo.scene import Scene, Style
from data.demo.story import Story

_ARTISTS: dict[Content, Callable[[Rng, Size, Story, Style, int], Scene]] = {
    Content.CULTURE: image_scenes.culture_scene,
    Content.CHANNELS: image_scenes.channels_scene,
    Content.NEURONS: image_scenes.neurons_scene,
    Content.TISSUE: image_scenes.tissue_scene,
    Content.ELECTRON: image_scenes.electron_scene,
    Content.CHEST: image_scenes.chest_scene,
    Content.BRAIN: image_scenes.brain_scene,
    Content.ULTRASOUND: image_scenes.ultrasound_scene,
    Content.PLATE: image_scenes.plate_scene,
    Content.BLOT: data_scenes.blot_scene,
    Content.AGAROSE: data_scenes.agarose_scene,
    Content.PLOT: plot_scenes.plot_scene,
    Content.DIAGRAM: data_scenes.diagram_scene,
    Content.TABLE: data_scenes.table_scene,
    Content.PLOTS: composite_scenes.plots_scene,
    Content.QUANTIFIED: composite_scenes.quantified_scene,
    Content.MAGNIFIED: composite_scenes.magnified_scene,
}


def draw_scene(rng: Rng, content: Content, wh: Size, story: Story, style: Style, turn: int) -> Scene:
    """One panel's content at ``wh`` px; ``turn``: how many panels of this content came before (picks the arm)."""
    return _ARTISTS[content](rng, wh, story, style.fitted(wh), turn)
