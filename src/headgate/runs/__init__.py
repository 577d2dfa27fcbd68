"""The engine: start, follow, stop, recover."""

from headgate.runs.catalogue import Catalogue, Several, Target
from headgate.runs.engine import Engine, Settings
from headgate.runs.pool import Member, Pool
from headgate.runs.run import Follower, Run
from headgate.runs.slots import Slots
from headgate.runs.wishes import NOTHING, Wishes

__all__ = [
    "NOTHING",
    "Catalogue",
    "Engine",
    "Follower",
    "Member",
    "Pool",
    "Run",
    "Settings",
    "Several",
    "Slots",
    "Target",
    "Wishes",
]
