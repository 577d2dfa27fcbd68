"""One channel: what was said on it, who is on it, and how they are woken."""

from typing import Protocol

from headgate.channels.frames import MAX_FORMS, Frames
from headgate.channels.log import Ledger, Log
from headgate.channels.messages import Form, Gap
from headgate.channels.names import ChannelId
from headgate.channels.presence import Change, Presence, Roll
from headgate.runs.crowd import FEW, Crowd


class Listener(Protocol):
    """A connection, as its channels know it."""

    who: Presence

    def wake(self, is_news: bool) -> None:
        """Something happened."""


class Channel:
    """Exists while somebody is on it, or something that was said on it is kept."""

    __slots__ = ("_crowd", "_forms", "_ledger", "_roll", "_told", "_watching", "here", "id", "log", "watchers")

    def __init__(self, id: ChannelId, ledger: Ledger, lost: int) -> None:
        self.id = id
        self._ledger = ledger
        self.log = Log(ledger, lost)
        self.here: dict[Listener, None] = {}
        """Who is on it, in the order they came."""
        self.watchers: dict[Listener, None] = {}
        """Those of them who want to know who comes and goes."""
        # Made when they are needed: most channels are one tab's own and have none of them.
        self._roll: Roll | None = None
        self._crowd: Crowd | None = None
        self._watching: Crowd | None = None
        self._told: tuple[tuple[str, int, int, int], bytes] | None = None
        """What somebody was told last of comings and goings; most watchers are told the same."""
        self._forms: dict[str, Frames] | None = None

    @property
    def is_used(self) -> bool:
        """Whether there is a reason for it."""
        return len(self.here) > 0 or len(self.log) > 0

    @property
    def gap(self) -> Gap:
        """What somebody is told who has missed something."""
        oldest = self.log.oldest
        return Gap(len(self.log), None if oldest is None else oldest.at)

    def frames(self, form: Form) -> Frames:
        """Its messages in one form."""
        forms = self._forms
        if forms is None or (form.name not in forms and len(forms) >= MAX_FORMS):
            forms = self._forms = {}
        found = forms.get(form.name)
        if found is None:
            found = forms[form.name] = Frames(self.id, form, self._ledger.epoch)
        return found

    def expire(self, before: float) -> None:
        """Let go of what was said before that time."""
        self.log.expire(before)
        if len(self.log) == 0:
            self._forms = None

    def wake(self) -> None:
        """Something was said."""
        if len(self.here) > FEW:
            if self._crowd is None:
                self._crowd = Crowd(self.here)
            self._crowd.wake()
            return
        for listener in self.here:
            listener.wake(True)

    # Who is here.

    def enter(self, listener: Listener, *, watches: bool) -> None:
        """Somebody comes."""
        self.here[listener] = None
        if watches:
            self.watchers[listener] = None
        self._tell(listener.who, is_here=True)

    def exit(self, listener: Listener) -> None:
        """Somebody goes."""
        del self.here[listener]
        self.watchers.pop(listener, None)
        if not self.watchers:
            self._roll = self._told = None
        self._tell(listener.who, is_here=False)
        if not self.here:
            self._forms = None

    @property
    def changes(self) -> int:
        """How many comings and goings there were, as far as anybody watches."""
        return 0 if self._roll is None else self._roll.number

    def presence(self, form: Form, place: int) -> bytes:
        """Who came and went since, and how many are here."""
        key = (form.name, place, self.changes, len(self.here))
        if self._told is None or self._told[0] != key:
            changes = None if self._roll is None else self._roll.after(place)
            self._told = key, form.presence(self.id, tuple(changes or ()), len(self.here))
        return self._told[1]

    def _tell(self, who: Presence, *, is_here: bool) -> None:
        if not self.watchers:
            return
        if self._roll is None:
            self._roll = Roll()
        self._roll.add(Change(who, is_here))
        if len(self.watchers) > FEW:
            # Thousands may come or go at once, and each of them would be told to all others.
            if self._watching is None:
                self._watching = Crowd(self.watchers)
            self._watching.wake()
            return
        for watcher in self.watchers:
            watcher.wake(True)
