"""Label Studio: hierarchies as its tasks and back, which is pure, and what keeps both sides in step.

Only ``client`` speaks to the server. ``sync`` makes a pass over the project, ``step`` brings one figure into step.
"""
