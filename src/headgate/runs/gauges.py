"""What the engine has at hand, for those who look at it now and then."""

from headgate.metrics import Meters
from headgate.runs.archive import Archive
from headgate.runs.live import Live
from headgate.runs.room import RoomWatch


def watch(meters: Meters, live: Live, archive: Archive, room: RoomWatch) -> None:
    """Say where to look."""
    meters.live.read_one(lambda: len(live.runs))
    meters.followers.read_one(
        lambda: sum(len(run.followers) for run in live) + sum(len(run.followers) for run in archive.at_hand)
    )
    meters.backlog.read_one(lambda: sum(len(run.events) - run.shown for run in live))
    meters.used.read_one(lambda: room.last.used)
    meters.free.read(lambda: [] if room.last.free is None else [((), room.last.free)])
    meters.written.read_one(lambda: room.last.written)
    meters.delivering.read_one(lambda: room.last.waiting)
