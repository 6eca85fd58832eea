"""A ``TrainConfig`` as JSON and back."""

from __future__ import annotations

import json

from pydantic import ValidationError

from curator.codec import adapter, faults_of, to_doc
from curator.errors import TrainingError
from trainer.config import TrainConfig


def config_to_json(config: TrainConfig) -> str:
    """All fields, indented, fit to be edited and given to ``curator train --config``."""
    return json.dumps(to_doc(config), indent=1) + "\n"


def config_from_json(text: str) -> TrainConfig:
    """The configuration that ``config_to_json`` wrote, or a person.

    Raises:
        TrainingError: no JSON; a field that is unknown, missing or of another type (each is named).
    """
    try:
        config: TrainConfig = adapter(TrainConfig).validate_json(text)
    except ValidationError as error:
        raise TrainingError(
            f"the training configuration is not valid: {faults_of(error)}; `curator train --show-config` prints a "
            f"valid one"
        ) from error
    return config
