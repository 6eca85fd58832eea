"""A client of the API of a Curator that runs elsewhere: ``from data.client import Client``."""

from data.client.client import Client
from data.client.transport import RefusedError
from data.client.values import Job, Listed, RemoteFigure, RemoteMining, Whoami

__all__ = ["Client", "Job", "Listed", "RefusedError", "RemoteFigure", "RemoteMining", "Whoami"]
