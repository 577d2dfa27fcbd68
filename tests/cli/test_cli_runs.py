"""`headgate runs` against a server."""

import asyncio
import json

import pytest

from .command import headgate
from .fake import RUN, Fake, fake_server

pytestmark = pytest.mark.slow


def test_runs_are_listed_and_shown() -> None:
    async def play() -> None:
        async with fake_server() as fake:
            listed, as_json, shown, raw = await asyncio.gather(
                headgate("runs", "--url", fake.url),
                headgate("runs", "list", "--limit", "7", "--json", env={"HEADGATE_URL": fake.url}),
                headgate("runs", "show", RUN, "--url", fake.url),
                headgate("runs", "show", RUN, "--url", fake.url, "--json"),
            )
        title, row = listed.out.splitlines()
        assert title.split() == ["RUN", "STATUS", "AGE", "MODEL", "TOKENS", "COST"]
        assert row.split()[:2] + row.split()[3:] == [RUN, "finished", "fake/m", "7", "~$0.00125"]
        assert json.loads(as_json.out)["data"] == [fake.run()]
        assert fake.asked("GET", "/v1/runs?limit=7")
        assert "model   fake/m\n" in shown.out
        assert "cost    ~$0.00125\n" in shown.out
        assert shown.out.endswith(f"\n\n{fake.text}\n")
        assert json.loads(raw.out) == fake.run()

    asyncio.run(play())


def test_a_run_is_followed_through_a_cut() -> None:
    async def play() -> None:
        async with fake_server(lambda fake: setattr(fake, "cut_events", [3])) as fake:
            text = await headgate("runs", "follow", RUN, "--url", fake.url)
            events = await headgate("runs", "follow", RUN, "--url", fake.url, "--json")
        assert text == (0, f"{fake.text}\n", "")
        assert [json.loads(line) for line in events.out.splitlines()] == fake.events()

    asyncio.run(play())


def test_a_run_is_stopped() -> None:
    async def play() -> None:
        async with fake_server() as fake:
            done = await headgate("runs", "stop", RUN, "--url", fake.url)
            assert fake.is_stopped.is_set()
            assert "status  stopped\n" in done.out
            followed = await headgate("runs", "follow", RUN, "--url", fake.url)
            assert followed == (0, f"{fake.text}\n", "[stopped by user]\n")

    asyncio.run(play())


def test_a_failed_run_ends_in_failure() -> None:
    async def play() -> None:
        async with fake_server(lambda fake: setattr(fake, "failure", "It broke.")) as fake:
            done = await headgate("runs", "follow", RUN, "--url", fake.url)
        assert (done.code, done.err) == (1, "headgate: It broke.\n")

    asyncio.run(play())


def test_a_wrong_name_or_address_is_told_at_once() -> None:
    def impatient(fake: Fake) -> None:
        fake.key = ""

    async def play() -> None:
        async with fake_server(impatient) as fake:
            unknown, nobody, missing = await asyncio.wait_for(
                asyncio.gather(
                    headgate("runs", "follow", "run/../x", "--url", fake.url),
                    headgate("runs", "follow", RUN, "--url", "http://127.0.0.1:1"),
                    headgate("runs", "stop"),
                ),
                14,  # less than the patience of who follows a run
            )
        assert (unknown.code, unknown.err) == (1, "headgate: There is no such run.\n")
        assert fake.asked("GET", "/v1/runs/run%2F..%2Fx"), "a name never becomes another path"
        assert (nobody.code, nobody.err[:30]) == (1, "headgate: Nothing answers at h")
        assert missing.code == 2
        assert "`stop` needs the ID of a run." in missing.err

    asyncio.run(play())
