"""Settings: read once from the project's ``curator.toml`` and the environment, then passed down."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from curator.codec import adapter, faults_of
from curator.errors import SettingsError

FILE_NAME = "curator.toml"
_PREFIX = "CURATOR_"


@dataclass(frozen=True, slots=True)
class MiningSettings:
    """How marker-guided and text-guided regions are fused (Panel2Patch, stage II); shares of the panel's diagonal."""

    tau: Annotated[float, Field(ge=0, le=1)] = 0.15
    """A text box is kept when its centre lies this near to a marker's. The paper gives no value; guess."""
    dilation: Annotated[float, Field(gt=0, le=1)] = 0.08
    """Half side of the window around a marker without a text box. Guess."""
    nms_iou: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Regions that overlap more are one. The usual threshold."""


@dataclass(frozen=True, slots=True)
class PmcSettings:
    """Where articles are fetched from, and how politely."""

    base_url: str = "https://pmc-oa-opendata.s3.amazonaws.com"
    """The PMC Cloud Service, or a mirror of it."""
    requests_per_s: Annotated[float, Field(gt=0, le=10)] = 3.0
    """NCBI asks for at most 3."""
    contact: str = ""
    """An e-mail address for the User-Agent, so that NCBI can write before it blocks."""
    allow_retracted: bool = False


@dataclass(frozen=True, slots=True)
class ImageSettings:
    """What an image may be at most."""

    max_pixels: Annotated[int, Field(gt=0)] = 200_000_000


@dataclass(frozen=True, slots=True)
class Settings:
    mining: MiningSettings = field(default_factory=MiningSettings)
    pmc: PmcSettings = field(default_factory=PmcSettings)
    images: ImageSettings = field(default_factory=ImageSettings)


def load_settings(project: Path, environ: Mapping[str, str]) -> Settings:
    """Defaults, then ``curator.toml`` of the project, then variables such as ``CURATOR_PMC_CONTACT``.

    Raises:
        SettingsError: an unknown section or key, a value out of range, or a file that is no TOML.
    """
    path = project / FILE_NAME
    sections: dict[str, dict[str, Any]] = {}
    if path.is_file():
        try:
            sections = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path} is not valid TOML: {error}") from error
    for section in Settings.__dataclass_fields__:
        prefix = f"{_PREFIX}{section.upper()}_"
        for name, value in environ.items():
            if name.startswith(prefix):
                sections.setdefault(section, {})[name.removeprefix(prefix).lower()] = value
    for kind in (MiningSettings, PmcSettings, ImageSettings):
        adapter(kind)  # so that the nested ones refuse unknown keys too
    try:
        settings: Settings = adapter(Settings).validate_python(sections)
    except ValidationError as error:
        raise SettingsError(
            f"settings in {path} or the environment are wrong: {faults_of(error)}; see docs/settings.md"
        ) from error
    return settings
