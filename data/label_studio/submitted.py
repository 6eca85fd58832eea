"""What submitting means: whoever submits a figure in Label Studio without another choice has accepted what was shown.

It counts less than a decision on one node: where anybody decided otherwise in the meantime, that stands. So it is no
part of the merge, in which each side would have to give way to it.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace

from curator.figure import FigureState, State
from data.label_studio.merge import Merged
from data.label_studio.version import Version


def accepted_by_submit(merged: Merged, shown: Set[str]) -> Merged:
    """The same with open nodes that were ``shown`` accepted, on both sides, and the figure where none is left open."""
    if merged.ours.state != FigureState.PROPOSED or merged.theirs.state != FigureState.PROPOSED:
        return merged
    theirs = merged.theirs.hierarchy.by_id()
    agreed = {
        node.id
        for node in merged.ours.hierarchy.nodes()
        if node.id in shown and node.state == State.PROPOSED and theirs.get(node.id) == node
    }
    left = [node for node in merged.ours.hierarchy.nodes() if node.state == State.PROPOSED and node.id not in agreed]
    state = FigureState.PROPOSED if left or merged.conflicts else FigureState.ACCEPTED

    def accepted(version: Version) -> Version:
        nodes = [
            replace(node, state=State.ACCEPTED) if node.id in agreed else node for node in version.hierarchy.nodes()
        ]
        return replace(version, hierarchy=version.hierarchy.with_nodes(nodes), state=state)

    return Merged(accepted(merged.ours), accepted(merged.theirs), accepted(merged.base), merged.conflicts)
