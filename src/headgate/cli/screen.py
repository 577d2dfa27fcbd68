"""What a person sees: the answer on stdout, everything about it on stderr."""

import re
import sys

_DIM, _PLAIN = "\x1b[2m", "\x1b[0m"
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def complain(message: str) -> None:
    """Say what went wrong, on one line for each sentence that has its own."""
    for line in message.splitlines():
        print(f"headgate: {line}", file=sys.stderr)


def safe(text: str) -> str:
    """Foreign text without what a terminal would obey: a model may write escape sequences."""
    return _CONTROLS.sub("", text)


class Screen:
    """Prints an answer piece by piece, and remembers whether the line is still open."""

    def __init__(self) -> None:
        # A terminal or a locale that cannot show a character is no reason to lose the answer.
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")
        self.is_terminal = sys.stdout.isatty()
        self._open = ""
        """What the unfinished line belongs to: text or reasoning."""

    def text(self, piece: str) -> None:
        """A piece of the answer."""
        self._write("text", piece)

    def reasoning(self, piece: str) -> None:
        """A piece of what the model thinks, which is only for eyes."""
        if self.is_terminal:
            self._write("reasoning", piece)

    def note(self, message: str) -> None:
        """A remark about the answer."""
        self.end()
        print(f"[{safe(message)}]", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Finish the line."""
        if self._open:
            sys.stdout.write("\n")
            sys.stdout.flush()
        self._open = ""

    def _write(self, kind: str, piece: str) -> None:
        if self._open and self._open != kind:
            sys.stdout.write("\n")
        self._open = kind
        if self.is_terminal:
            piece = safe(piece)
            piece = f"{_DIM}{piece}{_PLAIN}" if kind == "reasoning" else piece
        sys.stdout.write(piece)
        sys.stdout.flush()
