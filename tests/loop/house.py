"""A server with the functions in `deeds`, and models that play scripts."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.loop.models import MODELS
from tests.loop.models.base import Script
from tests.serving import Serving, start

DEEDS = Path(__file__).parent / "deeds"

FUNCTIONS = f"""
[functions.python]
modules = ["deeds"]
folders = ["{DEEDS}"]
"""


class House(NamedTuple):
    """All of it."""

    server: Serving
    scripts: dict[str, Script]
    folder: Path
    config: str

    def deeds(self) -> list[str]:
        """What the functions wrote down."""
        diary = self.folder / "diary"
        return diary.read_text().splitlines() if diary.exists() else []

    def open(self, gate: str) -> None:
        """Let through who waits there."""
        (self.folder / gate).touch()

    def again(self) -> "House":
        """The same house after its server was killed, with a new one on the same store."""
        self.server.kill()
        return self._replace(server=_start(self.folder, self.config))


@contextmanager
def house(folder: Path, models: Sequence[str] = ("chat",), more: str = "") -> Iterator[House]:
    """One for the length of a `with`; no server of it leaves a traceback."""
    with ExitStack() as stack:
        scripts = {name: stack.enter_context(Script(MODELS[name], (), name)) for name in models}
        config = FUNCTIONS + more + "[providers.simulator]\n" + "".join(each.section() for each in scripts.values())
        first = House(_start(folder, config), scripts, folder, config)
        try:
            yield first
        finally:
            for server in _STARTED.pop(folder):
                if server.process.poll() is None:
                    server.kill()
                assert server.process.stdout is not None
                server.process.stdout.close()
        # What a function raises is logged; nothing else may be.
        assert first.server.log().count("Traceback") == first.deeds().count("fail"), first.server.log()


_STARTED: dict[Path, list[Serving]] = {}


def _start(folder: Path, config: str) -> Serving:
    server = start(folder, config, {"DEEDS": str(folder / "diary")})
    _STARTED.setdefault(folder, []).append(server)
    return server
