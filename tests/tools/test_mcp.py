"""MCP servers, as real processes: honest ones by the official package, and others."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import uvloop

from headgate.net import Proxies
from headgate.tools import Context, Limits, Outcome, Toolbox
from headgate.tools.mcp import McpServer, Settings, pipes, server
from tests.tools.service import service
from tests.waiting import a_while, until

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
OFFICIAL = (sys.executable, str(HERE / "official.py"))
ENV = {"PATH": os.environ["PATH"], "GIVEN": "TOKEN-0123456789"}
SECRETS = ("TOKEN-0123456789",)

Play = Callable[[Toolbox, McpServer], Awaitable[None]]


def handmade(kind: str = "honest", **said: Any) -> Settings:
    """A server by hand."""
    command = (sys.executable, str(HERE / "handmade.py"), kind)
    return Settings(name="it", command=command, env=ENV, prefix="it_", **said)


def play(settings: Settings, work: Play, **limits: Any) -> None:
    """Do that with a server, and see that its process is gone afterwards."""

    async def do() -> None:
        source = McpServer(settings)
        toolbox = Toolbox(limits=Limits(**limits), sources=[source], secrets=SECRETS)
        toolbox.open()
        try:
            async with asyncio.timeout(60):
                await work(toolbox, source)
        finally:
            await toolbox.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(do())


async def call(toolbox: Toolbox, name: str, /, **arguments: Any) -> Outcome:
    """As a model would."""
    return await toolbox.call(name, json.dumps(arguments), Context("run_1", "anybody", "call_1"))


async def listed(toolbox: Toolbox) -> None:
    """Wait for its first list."""
    await until(lambda: toolbox.names(""))


@contextmanager
def http(port: int = 0) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """The official one, by streamable HTTP."""
    command = [*OFFICIAL, "http", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=ENV) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip(), process
        finally:
            process.kill()


async def _everything(toolbox: Toolbox, source: McpServer) -> None:
    await listed(toolbox)
    add = toolbox.find("it_add", "")
    assert add is not None
    assert (add.description, add.source, add.is_repeatable) == ("Add two numbers.", "mcp it", True)
    assert add.schema["required"] == ["a"]
    assert "it_greet_the_world_" in toolbox.names("")
    hanging = asyncio.create_task(call(toolbox, "it_hang"))
    assert (await call(toolbox, "it_add", a=2)).result == "3"
    hanging.cancel()
    assert (await call(toolbox, "it_greet_the_world_", name="Ulm")).result == "Hello, Ulm!"
    assert (await call(toolbox, "it_picture")).result == "Here:\n[image: image/png, 1,200 bytes, not shown]"
    failed = await call(toolbox, "it_fail")
    assert failed.is_error
    assert failed.result == "Error executing tool fail"
    wrong = await call(toolbox, "it_add", a="two")
    assert '"two" is not of type "integer"' in wrong.result
    learned = await call(toolbox, "it_learn", word="servus")
    assert learned.result == "learned"
    await until(lambda: "it_servus" in toolbox.names(""))
    assert (await call(toolbox, "it_servus")).result == "servus"


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begun again soon, however long that takes on a slow machine."""
    monkeypatch.setattr(server, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(server, "AWAY_SECONDS", 50.0)


def test_by_pipes() -> None:
    play(Settings(name="it", command=(*OFFICIAL, "stdio"), env=ENV, prefix="it_"), _everything)


def test_by_http() -> None:
    with http() as (url, _):
        play(Settings(name="it", url=url, prefix="it_"), _everything)


def test_its_environment_is_what_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what it says of it is not told."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-for-it")

    async def work(toolbox: Toolbox, source: McpServer) -> None:
        await listed(toolbox)
        variables = json.loads((await call(toolbox, "it_say", word="variables")).result)
        assert {**variables, "LC_CTYPE": ""} == {"PATH": ENV["PATH"], "GIVEN": "***", "LC_CTYPE": ""}

    play(handmade(), work)


def test_long_results_are_cut() -> None:
    async def work(toolbox: Toolbox, source: McpServer) -> None:
        await listed(toolbox)
        long = await call(toolbox, "it_say", word="much")
        assert long.result.endswith("[cut: this is the beginning of 10,000,000 characters]")

    play(handmade(), work)


def test_one_that_floods_its_pipe_is_begun_again() -> None:
    async def work(toolbox: Toolbox, source: McpServer) -> None:
        await listed(toolbox)
        flooded = await call(toolbox, "it_say", word="flood")
        assert flooded.result == "The server of this function says: Connection closed"
        assert (await call(toolbox, "it_say", word="hello")).result == "say says hello"

    play(handmade(), work)


def test_one_that_babbles_leaves_others_their_turns() -> None:
    async def work(toolbox: Toolbox, source: McpServer) -> None:
        await listed(toolbox)
        babbling, turns = asyncio.create_task(call(toolbox, "it_say", word="babble")), 0
        while not babbling.done():
            turns += 1
            await asyncio.sleep(0.001)
        assert babbling.result().result == "say says babble"
        assert turns > 5_000 / pipes.AT_ONCE / 4

    play(handmade(), work)


def test_one_that_dies_is_begun_again(caplog: pytest.LogCaptureFixture) -> None:
    async def work(toolbox: Toolbox, source: McpServer) -> None:
        await listed(toolbox)
        before = (await call(toolbox, "it_say", word="pid")).result
        died = await call(toolbox, "it_say", word="die")
        assert died.result == "The server of this function says: Connection closed"
        assert toolbox.find("it_say", "") is not None
        after = await call(toolbox, "it_say", word="pid")
        assert not after.is_error
        assert after.result != before

    play(handmade(), work)
    assert "The MCP server it: it ended (I am dying with ***). It is begun again in 0.05 seconds." in caplog.text


def test_a_call_to_one_that_is_away_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "AWAY_SECONDS", 0.05)
    monkeypatch.setattr(server, "FIRST_PAUSE", 3600.0)

    async def work(toolbox: Toolbox, source: McpServer) -> None:
        await listed(toolbox)
        await call(toolbox, "it_say", word="die")
        outcome = await call(toolbox, "it_say", word="hello")
        assert outcome.result == "The server of this function is not there at the moment. Try again later."

    play(handmade(), work)


def test_one_that_answers_nobody_any_more_is_begun_again() -> None:
    """It is asked for its list when a call came to nothing."""

    async def work(toolbox: Toolbox, source: McpServer) -> None:
        await listed(toolbox)
        hanging = asyncio.create_task(call(toolbox, "it_say", word="hang"))
        await a_while()
        hanging.cancel()
        await until(lambda: source._session is None)
        assert (await call(toolbox, "it_say", word="hello")).result == "say says hello"

    play(handmade(start_timeout=1.0), work)


def test_an_http_server_that_comes_back_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "LONGEST_PAUSE", 0.1)
    with http() as (url, process):

        async def work(toolbox: Toolbox, source: McpServer) -> None:
            await listed(toolbox)
            process.kill()
            process.wait()
            broke = await call(toolbox, "it_add", a=1)
            assert broke.result == "The server of this function says: it cannot be reached"
            with http(int(url.split(":")[2].split("/")[0])):
                outcome = await call(toolbox, "it_add", a=1)
                while outcome.is_error:
                    outcome = await call(toolbox, "it_add", a=1)
                assert outcome.result == "2"

        play(Settings(name="it", url=url, prefix="it_"), work)


def test_what_a_liar_says_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    async def work(toolbox: Toolbox, source: McpServer) -> None:
        await listed(toolbox)
        names = toolbox.names("")
        assert (names[:3], len(names)) == (["it_say", "it_wordy", "it_9_lives"], 5)
        assert all(len(name) <= 64 for name in names)
        wordy = toolbox.find("it_wordy", "")
        assert wordy is not None
        assert len(wordy.description) == 4096
        assert (await call(toolbox, names[3])).result.startswith("9_lives says")

    play(handmade("liar"), work)
    for name in ("broken", "elsewhere", "heavy"):
        assert f"The tool {name} of it is left out, for its schema" in caplog.text


@pytest.mark.parametrize("kind", ["many", "endless"])
def test_a_list_without_end_ends(kind: str) -> None:
    async def work(toolbox: Toolbox, source: McpServer) -> None:
        await listed(toolbox)
        assert len(toolbox.names("")) == {"many": 500, "endless": 1}[kind]

    play(handmade(kind), work)


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("nonsense", "The server of this function answered what is no result."),
        ("structured", '{"word":"structured"}'),
        ("ask", '"Nobody is here who could do that."'),
        (
            "resources",
            "[resource: file at file:///x (A file.)]\ninside\n[resource: file:///y, image/png, 3 bytes, not shown]\n"
            "[audio: audio/wav, 6 bytes, not shown]",
        ),
    ],
)
def test_what_older_servers_answer(word: str, words: str) -> None:
    async def work(toolbox: Toolbox, source: McpServer) -> None:
        await listed(toolbox)
        assert (await call(toolbox, "it_say", word=word)).result == words

    play(handmade(), work)


def test_older_servers_tell_of_new_tools_too() -> None:
    """A thousand times, and are listed a few times."""

    async def work(toolbox: Toolbox, source: McpServer) -> None:
        await listed(toolbox)
        await call(toolbox, "it_say", word="change")
        await until(lambda: "it_more" in toolbox.names(""))

    play(handmade(), work)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (handmade("leaving"), "Connection closed (cannot find ***)"),
        (handmade("silent", start_timeout=0.5), "it did not begin within 0.5 seconds"),
        (Settings(name="it", command=("/nowhere/to/be/found",)), "it cannot be started: No such file or directory"),
        (handmade("typeless"), "validation error"),
        (Settings(name="it", url="http://127.0.0.1:1/mcp"), "it cannot be reached"),
    ],
    ids=["leaving", "silent", "nowhere", "typeless", "nobody"],
)
def test_one_that_does_not_begin_is_told_of(settings: Settings, words: str, caplog: pytest.LogCaptureFixture) -> None:
    """And is tried again, while everything else goes on."""

    async def work(toolbox: Toolbox, source: McpServer) -> None:
        await until(lambda: words in caplog.text)
        assert "It is begun again in 0.05 seconds." in caplog.text
        assert "0123456789" not in caplog.text

    play(settings, work)


def test_one_may_wait_until_it_is_asked_for() -> None:
    async def work(toolbox: Toolbox, source: McpServer) -> None:
        await toolbox.prepare(["other_say"])
        await toolbox.prepare(["other_*", "itself"])
        assert source._task is None
        await toolbox.prepare(["i*_say"])
        assert toolbox.names("") == ["it_say"]
        await toolbox.prepare(["it_nothing"])

    play(handmade(is_lazy=True), work)


def test_which_tools_and_under_which_names() -> None:
    async def work(toolbox: Toolbox, source: McpServer) -> None:
        await listed(toolbox)
        assert toolbox.names("") == ["tool7", "tool77"]
        (one, other) = toolbox.functions("")
        assert (one.is_repeatable, other.is_repeatable) == (True, False)

    play(Settings(**{**msgspec.structs.asdict(handmade("many")), "prefix": "", **CHOSEN}), work)


CHOSEN = {"tools": ("tool7", "t*l77"), "repeatable": ("tool?",)}


def test_one_that_does_not_want_to_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipes, "PATIENCE", 0.1)
    pids: list[int] = []

    async def work(toolbox: Toolbox, source: McpServer) -> None:
        await listed(toolbox)
        pids.append(int((await call(toolbox, "it_say", word="pid")).result))

    play(handmade("clinging"), work)
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_its_end_is_its_end_whatever_comes_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is cancelled in a connection may come out of it as something else."""
    monkeypatch.setattr(server, "END_SECONDS", 0.1)

    async def connect(self: McpServer) -> None:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            raise BrokenPipeError from None

    async def do() -> None:
        monkeypatch.setattr(McpServer, "_connect", connect)
        source = McpServer(handmade())
        source.open(Toolbox())
        await a_while()
        await source.close()
        assert source._task is not None
        assert source._task.done()

    asyncio.run(do())


def test_the_proxy_that_was_read_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not one that the process's own environment has."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with service() as proxy:
        proxies = Proxies.from_mapping({"HTTP_PROXY": proxy.url})

        async def work(toolbox: Toolbox, source: McpServer) -> None:
            await until(lambda: proxy.asked)
            assert proxy.asked[0].path == "http://mcp.example/mcp"
            assert proxy.asked[0].headers["x-key"] == "k"

        play(Settings(name="it", url="http://mcp.example/mcp", headers={"X-Key": "k"}, proxies=proxies), work)
