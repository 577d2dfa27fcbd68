"""A real Headgate in a process of its own, for the tests that need one."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

START_LIMIT = 20.0


class Serving:
    """A running `headgate serve`."""

    def __init__(self, process: "subprocess.Popen[str]", url: str, folder: Path) -> None:
        self.process, self.url, self.folder = process, url, folder

    @property
    def port(self) -> int:
        """Where it listens on 127.0.0.1."""
        return int(self.url.rpartition(":")[2])

    def kill(self) -> None:
        """kill -9: it gets no chance to say anything."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM, and wait; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(START_LIMIT)

    def log(self) -> str:
        """What it wrote to its standard error so far."""
        return (self.folder / "stderr.txt").read_text()


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without anything that would configure a provider, and `more`."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV", "SSL_CERT_FILE", "PYTHONWARNINGS")
    clean = {name: os.environ[name] for name in kept if name in os.environ}
    source = str(Path(__file__).parent.parent / "src")
    return {**clean, "PYTHONPATH": source, "PYTHONUNBUFFERED": "1", **(more or {})}


def start(
    folder: Path, config: str = "", env: Mapping[str, str] | None = None, port: int = 0, before: str = ""
) -> Serving:
    """
    Start one in that folder; a second one there finds the first one's store.

    `before` is Python that runs first, to make its constants small enough to be waited for.
    """
    (folder / "headgate.toml").write_text(config)
    errors: IO[str] = (folder / "stderr.txt").open("a")
    program = ["-c", f"{before}\nfrom headgate.cli import main\nmain()"] if before else ["-m", "headgate"]
    command = [sys.executable, *program, "serve", "--port", str(port)]
    process = subprocess.Popen(
        command, cwd=folder, env=environment(env), stdout=subprocess.PIPE, stderr=errors, text=True
    )
    errors.close()
    assert process.stdout is not None
    for line in process.stdout:
        if " listens on " in line:
            url = line.split(" listens on ")[1].split()[0]
            return Serving(process, url, folder)
    process.stdout.close()
    process.wait()
    raise AssertionError(f"it did not start: {(folder / 'stderr.txt').read_text()}")


@contextmanager
def serving(
    config: str = "", env: Mapping[str, str] | None = None, folder: Path | None = None, before: str = "", port: int = 0
) -> Iterator[Serving]:
    """One for the length of a `with`; its traceback-free log is checked at the end."""
    with tempfile.TemporaryDirectory() as made:
        server = start(folder or Path(made), config, env, port, before)
        try:
            yield server
        finally:
            if server.process.poll() is None:
                server.kill()
            if server.process.stdout is not None:
                server.process.stdout.close()
            log = server.log()
        assert "Traceback" not in log, log
