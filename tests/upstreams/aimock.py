"""aimock, CopilotKit's stand-in for providers: chat, Responses, Claude and Gemini, in a process of its own."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tests.node import FOLDER, need

PATIENCE = 60.0


@contextmanager
def aimock(fixtures: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Its address; what it says is in the fixtures, each for the words of a user."""
    need(shutil.which("node") is not None, "Node.js")
    need((FOLDER / "node_modules" / "@copilotkit" / "aimock").exists(), "npm's packages in tests/js")
    command = ["node", "mock.mjs", json.dumps({"fixtures": fixtures})]
    process = subprocess.Popen(command, cwd=FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        url = process.stdout.readline().strip()
        assert url.startswith("http://"), "it did not start"
        yield url
    finally:
        process.stdin.close()
        process.wait(PATIENCE)
        process.stdout.close()
