"""Providers of models by name: entry points of the group ``curator.models``, built-in ones and plug-ins alike."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

from agents.lvlm.model import Model
from curator.errors import CuratorError, ModelError, SettingsError
from curator.settings import ModelSettings

GROUP = "curator.models"


def provider_names() -> tuple[str, ...]:
    """Names that ``ModelSettings.provider`` may take here, sorted."""
    return tuple(sorted(entry_points(group=GROUP).names))


def make_model(settings: ModelSettings) -> Model:
    """The model that the settings name.

    Raises:
        SettingsError: no provider of that name, two of it, or settings that it cannot work with.
        ModelError: the provider's package cannot be imported or its model cannot be made.
    """
    found = list(entry_points(group=GROUP, name=settings.provider))
    if not found:
        raise SettingsError(
            f"no provider of models is called {settings.provider!r}, expected one of {', '.join(provider_names())}; "
            "a plug-in has to be installed in this environment"
        )
    if len(found) > 1:
        packages = " and ".join(sorted(_package(point) for point in found))
        raise SettingsError(f"the packages {packages} all call a provider {settings.provider!r}; uninstall all but one")
    point = found[0]
    try:
        model: Model = point.load()(settings)
    except CuratorError:
        raise
    except Exception as error:  # a plug-in may fail in any way; the error is kept as the cause
        raise ModelError(
            f"provider {settings.provider!r} of the package {_package(point)} cannot be used: "
            f"{type(error).__name__}: {error}; mend, update or uninstall that package"
        ) from error
    return model


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.value
