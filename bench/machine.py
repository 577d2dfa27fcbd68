"""The machine that was measured on, as far as the figures depend on it."""

import os
import platform
import sqlite3
import subprocess
import time
from datetime import date
from importlib import metadata
from pathlib import Path

from bench import litellm
from bench.fleet import WORK, scratch
from bench.options import Options
from bench.servers import nginx_program
from bench.tables import middle
from headgate import __version__

COMMITS = 100


def describe(options: Options) -> str:
    """One line for each thing worth knowing, as a Markdown list."""
    busy, (together, alone) = _busy(), _commits()
    versions = [f"Headgate {__version__}", _nginx()]
    if any(kind.is_slow for kind in options.kinds):
        versions.append(f"LiteLLM {litellm.version()}")
    python = f"{platform.python_implementation()} {platform.python_version()}"
    lines = [
        f"measured on {date.today()}" + (", quickly: too short to quote" if options.quick else ""),
        ", ".join(versions),
        f"{os.cpu_count()} cores ({platform.machine()}), Linux {platform.release().partition('-')[0]}",
        f"{python}, uvloop {metadata.version('uvloop')}, SQLite {sqlite3.sqlite_version}",
        f"{_file_system()}: an SQLite commit with fsync takes {together:.1f} ms, {alone:.1f} ms after a pause",
        f"{busy:.0%} of the processors were busy with other things just before",
    ]
    return "\n".join(f"- {line}" for line in lines)


def _nginx() -> str:
    said = subprocess.run([nginx_program(), "-v"], capture_output=True, text=True, check=False, timeout=10).stderr
    return said.strip().rpartition(":")[2].strip().replace("/", " ")


def _busy(seconds: float = 2.0) -> float:
    def look() -> tuple[int, int]:
        fields = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
        # The fourth and fifth are idle, and idle while waiting for a disk.
        return sum(fields), fields[3] + fields[4]

    all_before, idle_before = look()
    time.sleep(seconds)
    all_after, idle_after = look()
    return 1 - (idle_after - idle_before) / max(all_after - all_before, 1)


def _commits() -> tuple[float, float]:
    """Milliseconds for a small commit, back to back and after a pause."""
    with scratch() as folder:
        connection = sqlite3.connect(folder / "probe.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE rows (row BLOB)")

        def commit(pause: float) -> float:
            time.sleep(pause)
            begun = time.perf_counter()
            connection.execute("INSERT INTO rows VALUES (?)", (b"x" * 1000,))
            return (time.perf_counter() - begun) * 1000

        figures = middle(commit(0) for _ in range(COMMITS)), middle(commit(0.05) for _ in range(COMMITS // 4))
        connection.close()
        return figures


def _file_system() -> str:
    """The kind of the file system that the stores are on."""
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    above = {str(path) for path in (WORK, *WORK.parents)}
    return max((len(place), kind) for place, kind in mounts if place in above)[1]
