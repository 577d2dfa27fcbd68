"""The engine: start, follow, stop, recover."""

from headgate.runs.catalogue import Catalogue, Target
from headgate.runs.engine import Engine, Settings
from headgate.runs.run import Follower, Run
from headgate.runs.wishes import NOTHING, Wishes

__all__ = ["NOTHING", "Catalogue", "Engine", "Follower", "Run", "Settings", "Target", "Wishes"]
