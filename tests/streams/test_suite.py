"""The public suite of Durable Streams, whole, against a real server on SQLite."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.node import FOLDER, need
from tests.serving import serving

CONFIG = """
[streams]
long_poll = "500ms"
[webhooks]
allow = ["127.0.0.0/8", "::1/128"]
"""

TESTS = 338
"""How many there are: one that is left out must be noticed."""


@pytest.mark.slow
def test_the_whole_suite(tmp_path: Path) -> None:
    """Nothing fails, and nothing is left out."""
    need(shutil.which("node") is not None, "Node.js")
    need(any((FOLDER / "node_modules").glob(".installed-*")), "npm's packages in tests/js")
    told = tmp_path / "told.json"
    vitest = ("node", "node_modules/vitest/vitest.mjs", "run", "durable_streams.test.mjs")
    options = ("--testTimeout=60000", "--reporter=json", f"--outputFile={told}")
    with serving(CONFIG, folder=tmp_path) as server:
        environment = {**os.environ, "STREAMS_URL": server.url, "CI": "true"}
        done = subprocess.run(
            [*vitest, *options], cwd=FOLDER, env=environment, capture_output=True, text=True, check=False
        )
        # As a client that is not there any more when the server ends.
        assert server.stop() == 0
    assert told.exists(), done.stderr
    result = json.loads(told.read_text())
    tests = [test for file in result["testResults"] for test in file["assertionResults"]]
    failed = [(test["fullName"], *test["failureMessages"]) for test in tests if test["status"] != "passed"]
    assert (failed, len(tests)) == ([], TESTS)
