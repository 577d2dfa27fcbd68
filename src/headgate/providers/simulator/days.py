"""Days as people say them: tomorrow, on Friday, in two weeks, 2027-03-01 at 9:30."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_COUNTS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "ten": 10}
_UNITS = {"day": 1, "week": 7}

_DAY = (
    r"today|tonight|the day after tomorrow|tomorrow|next week"
    rf"|(?:(?:this|next) )?(?:{'|'.join(_WEEK)})"
    rf"|in (?:[0-9]{{1,3}}|{'|'.join(_COUNTS)}) (?:days?|weeks?)"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}"
)
_HOUR = r"(?: at ([0-9]{1,2})(?::([0-9]{2}))? ?(am|pm)?)?"
_DUE = re.compile(rf"(?:^|[,\s]+)(?:(?:due|by|until|till|before|for|on|to)\s+){{0,2}}({_DAY}){_HOUR}$", re.IGNORECASE)


class Due(NamedTuple):
    """A text without its day, and the day, as ISO 8601 has it."""

    text: str
    due: str


def parted(text: str, now: int) -> Due | None:
    """What the text says, if it ends with a day; `now` is in Unix seconds."""
    found = _DUE.search(text)
    if found is None:
        return None
    day = _day(found[1].lower(), datetime.fromtimestamp(now, UTC).date())
    hour = _hour(found)
    if day is None or hour is None:
        return None
    return Due(text[: found.start()], datetime.combine(day, hour, UTC).isoformat().replace("+00:00", "Z"))


def _day(words: str, today: date) -> date | None:
    match words.split():
        case ["today" | "tonight"]:
            return today
        case ["tomorrow"]:
            return today + timedelta(1)
        case ["the", *_]:
            return today + timedelta(2)
        case ["next", "week"]:
            return today + timedelta(7)
        case ["in", count, unit]:
            days = _COUNTS.get(count) or int(count)
            return today + timedelta(days * _UNITS[unit.rstrip("s")])
        case [*_, name] if name in _WEEK:
            # A day of that name is never today.
            return today + timedelta((_WEEK.index(name) - today.weekday() - 1) % 7 + 1)
    try:
        return date.fromisoformat(words)
    except ValueError:
        return None


def _hour(found: "re.Match[str]") -> time | None:
    hour, minute, half = int(found[2] or 0), int(found[3] or 0), (found[4] or "").lower()
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None
