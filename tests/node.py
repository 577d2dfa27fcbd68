"""Programs in Node.js, and through it a real browser: the clients that others write their pages with."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent / "js"
LIMIT = 90.0


def node(program: str, **given: Any) -> Any:
    """
    Run one of the programs in tests/js on what it is given, and return what it tells.

    A test whose program cannot run here is skipped; but never in CI.
    """
    need(shutil.which("node") is not None, "Node.js")
    need(any((FOLDER / "node_modules").glob(".installed-*")), "npm's packages in tests/js")
    command = ["node", program, json.dumps(given)]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=LIMIT, check=False)
    assert (done.returncode, done.stderr) == (0, ""), (
        f"{program} ended with {done.returncode}: {done.stderr}\n{done.stdout}"
    )
    return json.loads(done.stdout)


def chromium() -> str:
    """Where the browser is."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    need(found is not None, "Chromium")
    return str(found)


def need(is_there: bool, what: str) -> None:
    """Skip the test without it; but never in CI."""
    if is_there:
        return
    sentence = f"{what} is not set up; scripts/test does that."
    if os.environ.get("CI") == "true":
        pytest.fail(sentence)
    pytest.skip(sentence)
