"""`headgate chat` against a server that breaks."""

import asyncio
import os
import signal
import sys

import pytest

from .command import environ, finish, headgate, start
from .fake import RUN, Fake, fake_server

pytestmark = pytest.mark.slow


def test_one_question_is_asked_and_its_answer_printed() -> None:
    async def play() -> None:
        async with fake_server(lambda fake: setattr(fake, "key", "12345678")) as fake:
            done = await headgate("chat", "Hi", "--url", fake.url, env={"HEADGATE_API_KEY": "12345678"})
        assert done == (0, f"{fake.text}\n", "")
        (request,) = fake.requests
        assert request.body == {
            "model": "default",
            "stream": True,
            "messages": [{"role": "user", "content": "Hi"}],
        }
        assert request.headers["headgate-disconnect"] == "keep"

    asyncio.run(play())


@pytest.mark.parametrize(
    ("chat", "events", "is_polite", "cursors"),
    [
        (3, [], False, ["-1"]),
        (0, [3], True, ["-1", "2"]),
        (1, [0, 2, 1, 4], False, ["-1", "-1", "1", "2", "6"]),
    ],
)
def test_a_cut_answer_goes_on_where_it_was(chat: int, events: list[int], is_polite: bool, cursors: list[str]) -> None:
    """Nothing is printed twice and nothing is missing, wherever and how often the connection breaks."""

    def change(fake: Fake) -> None:
        fake.cut_chat, fake.cut_events, fake.is_polite = chat, list(events), is_polite

    async def play() -> None:
        async with fake_server(change) as fake:
            done = await headgate("chat", "Hi", "--url", fake.url)
        # A remark ends the line that was being written.
        assert done.out.replace("\n", "") == fake.text
        assert done.err == "[the connection was cut; resuming]\n"
        assert done.code == 0
        followed = fake.asked("GET", f"/v1/runs/{RUN}/events")
        assert [request.headers["last-event-id"] for request in followed] == cursors

    asyncio.run(play())


def test_a_conversation_is_remembered_until_it_is_reset() -> None:
    async def play() -> None:
        async with fake_server() as fake:
            typed = "one\n/model other\n\ntwo\n/reset\n/nonsense\nthree\n/quit\nnever\n"
            done = await headgate("chat", "--url", fake.url, typed=typed)
        assert done.code == 0
        assert "There is no /nonsense; /help shows what there is." in done.out
        first, second, third = [request.body for request in fake.requests]
        assert [first["model"], second["model"], third["model"]] == ["default", "other", "other"]
        assert second["messages"] == [
            {"role": "user", "content": "one"},
            {"role": "assistant", "content": fake.text},
            {"role": "user", "content": "two"},
        ]
        assert third["messages"] == [{"role": "user", "content": "three"}]

    asyncio.run(play())


def test_ctrl_c_stops_the_answer_and_leads_back_to_the_prompt() -> None:
    async def play() -> None:
        async with fake_server(lambda fake: setattr(fake, "is_endless", True)) as fake:
            process = await start("chat", "--url", fake.url)
            assert process.stdin is not None
            for question in (b"one\n", b"two\n"):
                fake.is_streaming.clear()
                process.stdin.write(question)
                await asyncio.wait_for(fake.is_streaming.wait(), 10)
                process.send_signal(signal.SIGINT)
                await asyncio.wait_for(fake.is_stopped.wait(), 10)
            done = await finish(process)
        assert (done.code, done.err.count("[stopping]")) == (0, 2)
        stopped = fake.asked("POST", f"/v1/runs/{RUN}/stop")
        assert len(stopped) == 2
        assert len(fake.requests[-2].body["messages"]) == 3, "what came of the first answer is remembered"

    asyncio.run(play())


def test_ctrl_c_before_the_first_word_still_stops_the_run() -> None:
    """The run goes on without us, so leaving it alone would cost money."""

    def change(fake: Fake) -> None:
        fake.head_delay, fake.is_endless = 0.4, True

    async def play() -> None:
        async with fake_server(change) as fake:
            process = await start("chat", "Hi", "--url", fake.url)
            while not fake.requests:
                await asyncio.sleep(0.01)
            process.send_signal(signal.SIGINT)
            done = await finish(process)
        assert done.code == 130
        assert fake.is_stopped.is_set()

    asyncio.run(play())


def test_a_failed_answer_says_why() -> None:
    async def play() -> None:
        async with fake_server(lambda fake: setattr(fake, "failure", "The provider broke.")) as fake:
            done = await headgate("chat", "Hi", "--url", fake.url)
        assert done == (1, f"{fake.text}\n", "headgate: The provider broke.\n")

    asyncio.run(play())


def test_what_is_wrong_is_said_in_one_line() -> None:
    async def play() -> None:
        async with fake_server(lambda fake: setattr(fake, "key", "12345678")) as fake:
            refused, keyless, nobody, nonsense = await asyncio.gather(
                headgate("chat", "Hi", "--url", fake.url, "--key", "wrong"),
                headgate("chat", "Hi", "--url", fake.url),
                headgate("chat", "Hi", "--url", "http://127.0.0.1:1"),
                headgate("chat", "Hi", "--url", "gpu-box"),
            )
        assert refused == (1, "", "headgate: The API key is not known here.\n")
        assert keyless == (1, "", f"headgate: {fake.url} wants a key: set HEADGATE_API_KEY, or give --key.\n")
        unreachable = "Nothing answers at http://127.0.0.1:1. Is `headgate serve` running there?"
        assert nobody == (1, "", f"headgate: {unreachable}\n")
        assert nonsense.err == "headgate: The server cannot be asked: The URL must begin with http:// or https://.\n"

    asyncio.run(play())


def test_a_terminal_obeys_no_escape_sequence_of_a_model() -> None:
    async def play() -> bytes:
        async with fake_server(lambda fake: setattr(fake, "pieces", ["red\x1b[31m\x9b1m", "\rover"])) as fake:
            leader, follower = os.openpty()
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "headgate", "chat", "--url", fake.url),
                stdin=follower,
                stdout=follower,
                stderr=follower,
                env=environ({"TERM": "dumb"}),
            )
            os.close(follower)
            os.write(leader, b"Hi\n/quit\n")
            await asyncio.wait_for(process.wait(), 10)
            seen = os.read(leader, 10_000)
            os.close(leader)
            return seen

    assert b"\r\nred[31m1mover\r\n" in asyncio.run(play())
