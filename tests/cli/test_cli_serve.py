"""`headgate serve` and `headgate check`: what is read, what is said, and how they end."""

import asyncio
import errno
import shutil
import signal
from pathlib import Path

import pytest

from .command import Done, finish, headgate, running

pytestmark = pytest.mark.slow

STUB = """
import sys, types
from headgate.errors import StoreError
app = types.ModuleType("headgate.app")
def serve(config, on_ready):
    {body}
app.serve = serve
sys.modules["headgate.app"] = app
"""


def run(*commands: tuple[str, ...], body: str = "", env: dict[str, str] | None = None, cwd: Path) -> list[Done]:
    async def play() -> list[Done]:
        before = STUB.format(body=body) if body else ""
        return await asyncio.gather(*(headgate(*command, env=env, before=before, cwd=cwd) for command in commands))

    return asyncio.run(play())


READY = 'on_ready(f"http://{config.server.host}:{config.server.port}")'


def test_the_greeting_says_what_runs_and_how_to_try_it(tmp_path: Path) -> None:
    env = {"OPENAI_API_KEY": "sk-hunter2", "OLLAMA_HOST": "gpu-box", "HEADGATE_STORE_PATH": "memory"}
    (plain, open_) = run(
        ("serve", "--port", "9000"),
        ("serve", "--host", "0.0.0.0", "--insecure-open"),
        body=READY,
        env=env,
        cwd=tmp_path,
    )
    assert plain.code == 0
    for part in (
        "listens on http://127.0.0.1:9000 (documentation at http://127.0.0.1:9000/docs)",
        "openai at https://api.openai.com/v1, key from OPENAI_API_KEY, default model gpt-6-luna",
        "ollama at http://gpu-box:11434/v1, without a key",
        "in memory",
        "none: everyone who can reach the server may use it",
        "  curl -N http://127.0.0.1:9000/v1/chat/completions -H 'content-type: application/json' -d '{",
        '"model": "default", "stream": true',
    ):
        assert part in plain.out
    assert "hunter2" not in plain.out
    assert "curl -N http://127.0.0.1:8080/" in open_.out, "an address one can connect to"


def test_with_keys_the_line_to_paste_sends_one(tmp_path: Path) -> None:
    (done,) = run(("serve",), body=READY, env={"HEADGATE_API_KEY": "hunter2-hunter2"}, cwd=tmp_path)
    assert '-H "authorization: Bearer $HEADGATE_API_KEY"' in done.out
    assert "1: default" in done.out
    assert "hunter2" not in done.out


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (
            f"raise OSError({errno.EADDRINUSE}, 'in use')",
            "Something else listens on 127.0.0.1:8080 already; choose another port with --port.",
        ),
        ("raise StoreError('Another process uses it.')", "Another process uses it."),
    ],
)
def test_what_is_in_the_way_is_said_in_one_line(body: str, line: str, tmp_path: Path) -> None:
    (done,) = run(("serve",), body=body, cwd=tmp_path)
    assert done == (1, "", f"headgate: {line}\n")


def test_a_wrong_configuration_ends_with_every_problem(tmp_path: Path) -> None:
    (tmp_path / "headgate.toml").write_text("[server]\nprot = 1\nport = 'x'")
    serve, check, named = run(("serve",), ("check",), ("check", "--config", "no.toml"), cwd=tmp_path)
    problems = (
        'headgate: [server] `port` must be a whole number from 0 to 65535, not "x".\n'
        "headgate: [server] has no setting `prot`; did you mean `port`?\n"
        "headgate: The file is headgate.toml.\n"
    )
    assert serve == check == (2, "", problems)
    assert named == (2, "", "headgate: no.toml cannot be read: No such file or directory.\n")


def test_an_open_server_is_refused_at_another_address(tmp_path: Path) -> None:
    (done,) = run(("serve", "--host", "0.0.0.0"), cwd=tmp_path)
    assert done.code == 2
    assert done.err.startswith("headgate: Without keys the server may listen on this machine only, not on 0.0.0.0.")


def test_check_shows_what_was_found_and_no_secret(tmp_path: Path) -> None:
    (tmp_path / "headgate.toml").write_text(
        """
        [keys]
        team = "hunter2-client"
        [providers.groq]
        [providers.mine]
        kind = "openai"
        base_url = "https://mine.example/v1"
        api_key = "hunter2-provider"
        default_model = "big"
        [aliases]
        fast = "groq/small"
        """
    )
    (done,) = run(("check",), env={"AZURE_OPENAI_API_KEY": "hunter2"}, cwd=tmp_path)
    assert done.code == 0
    for part in (
        "file        headgate.toml",
        "no key: GROQ_API_KEY is not set",
        "mine at https://mine.example/v1, key from the file, default model big",
        "default     groq/openai/gpt-oss-120b",
        "fast = groq/small",
        "1: team",
        "headgate.db, each run for 24 hours",
        "AZURE_OPENAI_API_KEY is set, but AZURE_OPENAI_ENDPOINT is not",
    ):
        assert part in done.out
    assert "hunter2" not in done.out


@pytest.mark.skipif(shutil.which("curl") is None, reason="the line to paste is a curl")
def test_a_started_server_can_be_used_as_it_says_and_ends_when_told(tmp_path: Path) -> None:
    async def play() -> None:
        async with running("serve", "--port", "0", cwd=tmp_path) as process:
            assert process.stdout is not None
            greeting = (await asyncio.wait_for(process.stdout.readuntil(b"}]}'\n"), 10)).decode()
            url = greeting.split()[4]
            port = url.rpartition(":")[2]
            pasted = await asyncio.create_subprocess_shell(greeting.splitlines()[-1], stdout=-1, stderr=-1)
            (stream, _), chat, same_port, same_store = await asyncio.gather(
                pasted.communicate(),
                headgate("chat", "Hello!", "--url", url),
                headgate("serve", "--port", port, cwd=tmp_path),
                headgate("serve", "--port", "0", cwd=tmp_path),
            )
            assert stream.endswith(b"data: [DONE]\n\n")
            assert (chat.code, chat.err) == (0, "")
            assert chat.out.strip()
            line = f"Something else listens on 127.0.0.1:{port} already; choose another port with --port."
            assert same_port == (1, "", f"headgate: {line}\n")
            assert (same_store.code, same_store.out, same_store.err.count("\n")) == (1, "", 1)
            process.send_signal(signal.SIGINT)
            ended = await finish(process)
            assert (ended.code, ended.err) == (0, "")

    asyncio.run(play())


def test_help_and_version_import_nothing_heavy(tmp_path: Path) -> None:
    heavy = ("msgspec", "fastapi", "uvicorn", "headgate.config", "headgate.net", "ssl", "rich.console")
    before = f"""
import atexit, sys
atexit.register(lambda: print([name for name in {heavy} if name in sys.modules], file=sys.stderr))
"""

    async def play() -> tuple[Done, Done]:
        return await asyncio.gather(headgate("--version", before=before, cwd=tmp_path), headgate("serve", "--help"))

    version, help_ = asyncio.run(play())
    assert version.out == "headgate 0.1.0\n"
    assert version.err == "[]\n"
    assert "--insecure-open" in help_.out
