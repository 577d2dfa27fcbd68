"""Subtitles: what was said when, as SubRip (srt) and WebVTT (vtt)."""

from collections.abc import Sequence

from headgate.events import Segment


def srt(segments: Sequence[Segment]) -> str:
    """As SubRip."""
    blocks = [
        f"{number}\n{_time(each.start, ',')} --> {_time(each.end, ',')}\n{_line(each.text)}\n"
        for number, each in enumerate(segments, 1)
    ]
    return "\n".join(blocks) + "\n"


def vtt(segments: Sequence[Segment]) -> str:
    """As WebVTT."""
    blocks = [f"{_time(each.start, '.')} --> {_time(each.end, '.')}\n{_line(each.text)}\n" for each in segments]
    return "\n".join(["WEBVTT\n", *blocks]) + "\n"


def _time(seconds: float, point: str) -> str:
    whole = round(seconds * 1000)
    minutes, milliseconds = divmod(whole, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{milliseconds // 1000:02}{point}{milliseconds % 1000:03}"


def _line(text: str) -> str:
    """An arrow or an empty line would end the text."""
    return " ".join(text.split()).replace("-->", "->")
