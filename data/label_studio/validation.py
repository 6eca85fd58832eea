"""Label Studio's own judgement of what we would send it: its import takes anything, and fails later in the editor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from curator.errors import InputError

if TYPE_CHECKING:
    from label_studio_sdk.label_interface.interface import LabelInterface

_MOST = 3  # faults named in one message


def check_config(config: str) -> None:
    """Raises where Label Studio would refuse the labelling configuration.

    Raises:
        InputError: says what is wrong with it.
    """
    _interface(config)


def check_task(task: Mapping[str, Any], config: str, earlier: Sequence[Any] = ()) -> None:
    """Raises where the task, its predictions or annotations do not fit the configuration of the project they go to.

    Rows that stand there already (``earlier``) are not judged: they came from there.

    Raises:
        InputError: names what does not fit.
    """
    interface = _interface(config)
    data: Any = {"data": dict(task["data"])}  # the library judges rows only where it is asked for them one by one
    if not interface.validate_task(data):
        wanted = sorted(thing.value_name for thing in interface.objects)
        raise InputError(f"the task lacks data that the labelling configuration shows: expected {wanted!r}")
    for part in (*task.get("predictions", ()), *task.get("annotations", ())):
        check_part(part, config, earlier)


def check_part(part: Mapping[str, Any], config: str, earlier: Sequence[Any] = ()) -> None:
    """As ``check_task`` for one prediction or annotation."""
    interface = _interface(config)
    stood = [_without_meta(row) for row in earlier]
    ours = [row for row in part["result"] if _without_meta(row) not in stood]
    ends = {row[key] for row in ours for key in ("id", "from_id", "to_id") if key in row}
    # a relation is judged with the shapes that it links, also those that stood there
    shapes = [row for row in part["result"] if row.get("id") in ends or row in ours]
    faults = interface.validate_prediction({**part, "result": shapes}, return_errors=True)  # type: ignore[no-untyped-call]
    faults = [fault for fault in _flat(faults) if fault]
    if faults:
        raise InputError(
            f"Label Studio would not take {len(faults)} of our rows: {'; '.join(faults[:_MOST])}. "
            "Does the project have Curator's labelling configuration?"
        )


def _without_meta(row: Any) -> Any:
    """The row without what Curator remembers in it, which changes with each writing."""
    return {key: value for key, value in row.items() if key != "meta"} if isinstance(row, dict) else row


def _flat(faults: Any) -> list[str]:
    """The messages; relations give a tuple (whether valid, messages) instead of a list."""
    if isinstance(faults, str):
        return [faults]
    return [message for fault in faults if not isinstance(fault, bool) for message in _flat(fault)]


@lru_cache(maxsize=8)
def _interface(config: str) -> LabelInterface:
    # takes two seconds to import, so only where something is sent
    from label_studio_sdk.label_interface.interface import LabelInterface

    try:
        interface = LabelInterface(config)
        interface.validate()  # type: ignore[no-untyped-call]
    except Exception as error:  # the library raises a dozen kinds, also of lxml and jsonschema
        raise InputError(f"Label Studio would refuse the labelling configuration: {error}") from error
    return interface
