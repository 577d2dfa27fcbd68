"""
llama.cpp's own server with a model that we made, in a process of its own.

    python -m tests.upstreams.llama FOLDER

It prints the addresses of two servers, one that talks and one that makes vectors, and ends with its input.
"""

import importlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import urlopen

import pytest

from tests.upstreams import model

PATIENCE = 60.0
SLOTS = 4
"""How many answers it makes at a time."""


FOR_EVER: dict[str, Any] = {"messages": [{"role": "user", "content": "Talk for ever."}]}
"""Fields of a chat request that it never comes to an end with."""


class Llama(NamedTuple):
    """Where it is."""

    talks: str
    embeds: str


@contextmanager
def llama() -> Iterator[Llama]:
    """One that runs; a test that needs it is skipped where it cannot be had, but never in CI."""
    _need()
    with tempfile.TemporaryDirectory() as folder:
        model.make(Path(folder) / "tiny.gguf")
        with (Path(folder) / "stderr.txt").open("w") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.upstreams.llama", folder],
                cwd=Path(__file__).parents[2],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            addresses = process.stdout.readline().split()
            assert len(addresses) == 2, (Path(folder) / "stderr.txt").read_text()
            yield Llama(*addresses)
        finally:
            process.stdin.close()
            process.wait(PATIENCE)
            process.stdout.close()


def at_work(llama: Llama) -> list[Any]:
    """The answers that it is making."""
    with urlopen(llama.talks + "/slots") as answer:
        return [slot for slot in json.load(answer) if slot["is_processing"]]


def _need() -> None:
    if importlib.util.find_spec("xllamacpp") is not None:
        return
    sentence = "xllamacpp, which is llama.cpp's server, is not installed here."
    if os.environ.get("CI") == "true" and sys.platform == "linux":
        pytest.fail(sentence)
    pytest.skip(sentence)


def _serve(path: str, *, embeds: bool) -> Any:
    xllamacpp: Any = importlib.import_module("xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path = path
    params.port = 0
    params.n_parallel = SLOTS
    params.n_ctx = SLOTS * 1024
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.ctx_shift = True  # So that an answer may go on for ever.
    params.warmup = False
    params.endpoint_slots = True
    if embeds:
        params.embedding = True
        params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    return xllamacpp.Server(params)


if __name__ == "__main__":
    servers = [_serve(f"{sys.argv[1]}/tiny.gguf", embeds=embeds) for embeds in (False, True)]
    print(*(server.listening_address for server in servers), flush=True)
    sys.stdin.read()
    # Whoever still waits for an answer would be waited for.
    os._exit(0)
