"""Whether a project is whole: database, event log, hierarchies, images."""

from data.check.check import Checked, check_project, rebuild_search
from data.check.flaw import Flaw

__all__ = ["Checked", "Flaw", "check_project", "rebuild_search"]
