"""Whether a project is whole: database, event log, hierarchies, images."""

from data.check.check import Checked, check_project, rebuild_search
from data.check.finding import Finding

__all__ = ["Checked", "Finding", "check_project", "rebuild_search"]
