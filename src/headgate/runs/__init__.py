"""The engine: start, follow, stop, recover."""

from headgate.providers.slots import Slots
from headgate.runs.catalogue import Assistant, Catalogue, Several, Target
from headgate.runs.engine import Engine
from headgate.runs.errands import Errands
from headgate.runs.pool import Member, Pool
from headgate.runs.run import Follower, Run
from headgate.runs.settings import Settings
from headgate.runs.wishes import NO_HEDGE, NOTHING, Hedge, Wishes

__all__ = [
    "NOTHING",
    "NO_HEDGE",
    "Assistant",
    "Catalogue",
    "Engine",
    "Errands",
    "Follower",
    "Hedge",
    "Member",
    "Pool",
    "Run",
    "Settings",
    "Several",
    "Slots",
    "Target",
    "Wishes",
]
