"""The list of runs: filters, pages, and what is deleted from it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.watching import get, run_of
from tests.e2e.wire import Wire, ask, chat, counting
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

KEEP = {"headgate-disconnect": "keep"}
ALICE, BOB = {"authorization": "Bearer alices-key"}, {"authorization": "Bearer bobs-keys"}

CONFIG = """
[providers.simulator]
[aliases]
quick = "simulator/fast"
[keys]
alice = "alices-key"
bob = "bobs-keys"
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving(CONFIG) as server:
        yield server


@pytest.fixture(scope="module")
def runs(server: Serving) -> Iterator[dict[str, str]]:
    """One of each kind, by its kind, in the order of their making; the last two are at work."""
    made: dict[str, str] = {}

    def whole(kind: str, body: bytes, path: str = "/v1/chat/completions") -> None:
        made[kind] = ask(server, path, ALICE, "POST", body).headers["headgate-run"]

    with Wire(server) as stopping, Wire(server) as live, Wire(server) as silent:
        whole("chat", chat(text="one"))
        whole("alias", chat(model="quick", text="one"))
        whole("completion", json.dumps({"model": "simulator/demo", "prompt": "x"}).encode(), "/v1/completions")
        whole("failed", chat(fail={"status": 503}))
        stopping.post(chat(stream=True, text=counting(5000), gap_ms=20), headers=ALICE)
        made["stopped"] = run_of(stopping.until(b"\r\n\r\n"))
        ask(server, f"/v1/runs/{made['stopped']}/stop", ALICE, "POST")
        live.post(chat(stream=True, text=counting(5000), gap_ms=20), headers=ALICE)
        made["live"] = run_of(live.until(b"\r\n\r\n"))
        silent.post(chat(first_ms=60_000), headers=ALICE)
        made["silent"] = listed(server, limit="1")[0]["id"]
        yield made


def listed(server: Serving, **said: str) -> list[Any]:
    """What the list holds with that query."""
    query = "&".join(f"{name}={value}" for name, value in said.items())
    return list(get(server, f"/v1/runs?{query}", "alices-key")["data"])


@pytest.mark.parametrize(
    ("said", "kinds"),
    [
        ({}, ["silent", "live", "stopped", "failed", "completion", "alias", "chat"]),
        ({"status": "running"}, ["silent", "live"]),
        ({"status": "finished"}, ["completion", "alias", "chat"]),
        ({"status": "failed"}, ["failed"]),
        ({"status": "stopped"}, ["stopped"]),
        ({"model": "quick"}, ["alias"]),
        ({"model": "fast"}, ["alias"]),
        ({"model": "nobody"}, []),
        ({"provider": "simulator", "status": "running"}, ["live"]),
        ({"provider": "nobody"}, []),
        ({"format": "openai.completions"}, ["completion"]),
        ({"format": "openai.responses"}, []),
        ({"format": "openai.chat", "status": "finished"}, ["alias", "chat"]),
        ({"since": "9999999999"}, []),
        ({"until": "9999999999", "status": "failed"}, ["failed"]),
        ({"until": "1000000000"}, []),
    ],
)
def test_a_list_holds_what_fits(server: Serving, runs: dict[str, str], said: dict[str, str], kinds: list[str]) -> None:
    """Live runs and those that are over, newest first."""
    names = {run: kind for kind, run in runs.items()}
    assert [names[run["id"]] for run in listed(server, **said)] == kinds


def test_all_runs_of_a_list_look_alike(server: Serving, runs: dict[str, str]) -> None:
    """What they said is at their own addresses: a list must not have to read logs."""
    shown = listed(server)
    assert len({tuple(run) for run in shown}) == 1
    live = next(run for run in shown if run["id"] == runs["live"])
    assert (live["status"], live["ended"], live["usage"], live["provider"]) == ("running", None, None, "simulator")
    silent = next(run for run in shown if run["id"] == runs["silent"])
    assert (silent["status"], silent["provider"], silent["model"]) == ("running", None, None)


def test_times_tell_runs_apart(server: Serving, runs: dict[str, str]) -> None:
    """From a time on, and before it: each run is in exactly one of both."""
    created = int(runs["completion"][4:16], 16) / 1000
    later, earlier = (listed(server, **{name: f"{created:.3f}"}) for name in ("since", "until"))
    assert {run["id"] for run in later + earlier} == {*runs.values()}
    assert len(later) + len(earlier) == len(runs)
    assert runs["silent"] in {run["id"] for run in later}
    assert runs["chat"] in {run["id"] for run in earlier}


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_pages_hold_each_run_once(server: Serving, runs: dict[str, str], size: int) -> None:
    """Backwards with `before`; with `after` only as far as that run."""
    for after in (None, runs["completion"]):
        until = [*runs].index("completion") if after else -1
        expected = list(reversed([*runs.values()][until + 1 :]))
        query, found = f"limit={size}" + (f"&after={after}" if after else ""), []
        before = ""
        while True:
            page = get(server, f"/v1/runs?{query}{before}", "alices-key")
            found += [run["id"] for run in page["data"]]
            if not page["has_more"]:
                break
            before = f"&before={found[-1]}"
        assert found == expected


def test_the_newest_has_nothing_after_it(server: Serving, runs: dict[str, str]) -> None:
    """An empty page says that nothing is new."""
    page = get(server, f"/v1/runs?after={runs['silent']}", "alices-key")
    assert (page["data"], page["has_more"]) == ([], False)


def test_a_list_is_of_one_key(server: Serving, runs: dict[str, str]) -> None:
    """Whatever is asked for, also around another's run."""
    for query in ("", f"?before={runs['live']}", f"?after={runs['chat']}", "?status=running"):
        assert get(server, f"/v1/runs{query}", "bobs-keys")["data"] == []


@pytest.mark.parametrize(
    "query", ["status=done", "stat=x", "since=now", "before=x", "format=x", "token=x", "limit=5&x=1"]
)
def test_a_wrong_query_is_refused(server: Serving, query: str) -> None:
    """400, naming what is wrong."""
    answer = ask(server, f"/v1/runs?{query}", ALICE)
    assert (answer.status, answer.error["param"]) == (400, query.rpartition("&")[2].partition("=")[0])


# Deleting.


def test_a_deleted_run_is_gone(server: Serving) -> None:
    """From everywhere, and for good; the second time there is nothing to delete."""
    run = ask(server, "/v1/chat/completions", ALICE, "POST", chat(text="secret words")).headers["headgate-run"]
    answer = ask(server, f"/v1/runs/{run}", ALICE, "DELETE")
    assert (answer.status, answer.json()) == (200, {"id": run, "object": "run.deleted", "deleted": True})
    for path in (f"/v1/runs/{run}", f"/v1/runs/{run}/events"):
        assert ask(server, path, ALICE).error["code"] == "run_not_found"
    assert ask(server, f"/v1/runs/{run}", ALICE, "DELETE").error["code"] == "run_not_found"
    assert run not in [found["id"] for found in listed(server)]


def test_a_live_run_is_stopped_and_deleted(server: Serving) -> None:
    """Its client gets a whole answer, its followers its end; and then it is gone."""
    with Wire(server) as wire, Wire(server) as follower:
        wire.post(chat(stream=True, text=counting(5000), gap_ms=10), headers=ALICE)
        run = run_of(wire.until(b"\r\n\r\n"))
        follower.get(f"/v1/runs/{run}/events", ALICE)
        follower.until(b" w5")
        assert ask(server, f"/v1/runs/{run}", ALICE, "DELETE").status == 200
        assert wire.until(b"\r\n0\r\n\r\n").endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n")
        assert b'"type":"stopped"' in follower.until(b"\r\n0\r\n\r\n")
    assert ask(server, f"/v1/runs/{run}", ALICE).status == 404


def test_only_its_key_deletes_a_run(server: Serving) -> None:
    """To others it does not exist, and it stays."""
    run = ask(server, "/v1/chat/completions", ALICE, "POST", chat(text="one")).headers["headgate-run"]
    assert ask(server, f"/v1/runs/{run}", BOB, "DELETE").error["code"] == "run_not_found"
    assert ask(server, f"/v1/runs/{run}", {}, "DELETE").status == 401
    assert ask(server, f"/v1/runs/{run}", ALICE).status == 200


def test_a_deleted_run_does_not_come_back(tmp_path: Any) -> None:
    """Not even with a new server on the same store."""
    with serving(folder=tmp_path) as server:
        with Wire(server) as wire:
            wire.post(chat(stream=True, text=counting(5000), gap_ms=10), headers=KEEP)
            run = run_of(wire.until(b"\r\n\r\n"))
        with Wire(server) as follower:
            follower.get(f"/v1/runs/{run}/events")
            follower.until(b" w3")
        assert ask(server, f"/v1/runs/{run}", method="DELETE").status == 200
        server.kill()
    with serving(folder=tmp_path) as server:
        assert ask(server, f"/v1/runs/{run}").status == 404
        assert get(server, "/v1/runs")["data"] == []
