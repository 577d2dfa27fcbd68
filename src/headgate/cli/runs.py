"""`headgate runs`: what a server has been asked, and what came of it."""

import sys
import time
from typing import Any

from headgate.cli import following
from headgate.cli.following import Log
from headgate.cli.http import Server, ServerError, run_path
from headgate.cli.printing import age, print_json, print_table, with_server
from headgate.cli.screen import Screen, complain, safe
from headgate.cli.sse import Message


def list_recent(url: str | None, key: str | None, *, limit: int, as_json: bool) -> int:
    """Print the newest runs; returns the exit code, as all of these do."""

    async def work(server: Server) -> None:
        page = await server.ask("GET", f"/v1/runs?limit={limit}")
        if as_json:
            print_json(page)
        else:
            _print_table(page["data"], has_more=page.get("has_more", False))

    return with_server(url, key, work)


def show(url: str | None, key: str | None, run: str, *, as_json: bool) -> int:
    """Print one run and what it has come to."""
    return _ask_about(url, key, "GET", run_path(run), as_json)


def stop(url: str | None, key: str | None, run: str, *, as_json: bool) -> int:
    """Stop one run, and print what it has come to."""
    return _ask_about(url, key, "POST", run_path(run, "/stop"), as_json)


def follow(url: str | None, key: str | None, run: str, *, as_json: bool) -> int:
    """Print a run's answer from its start, live, or its events as lines of JSON."""

    async def work(server: Server) -> None:
        screen = Screen()
        log = Log(run, *((lambda _: None,) * 2 if as_json else (screen.text, screen.reasoning)))

        def take(message: Message) -> bool:
            if as_json:
                print(message.data.decode(), flush=True)
            return log.take(message)

        # A wrong name or address should be told at once, and not after trying to come back.
        await server.ask("GET", run_path(run))
        try:
            await following.follow(server, log, take)
        finally:
            screen.end()
        if log.problem:
            raise ServerError(log.problem)
        if log.stopped_by and not as_json:
            screen.note(f"stopped by {log.stopped_by}")

    return with_server(url, key, work)


def _ask_about(url: str | None, key: str | None, method: str, path: str, as_json: bool) -> int:
    async def work(server: Server) -> None:
        run = await server.ask(method, path)
        if as_json:
            print_json(run)
        else:
            _print_run(run)

    return with_server(url, key, work)


def _print_table(runs: list[dict[str, Any]], *, has_more: bool) -> None:
    rows = [("RUN", "STATUS", "AGE", "MODEL", "TOKENS", "COST"), *(_row(run) for run in runs)]
    print_table(rows)
    if has_more:
        complain("There are more; --limit shows up to 100.")


def _row(run: dict[str, Any]) -> tuple[str, ...]:
    usage = run.get("usage") or {}
    return (
        safe(run["id"]),
        safe(run["status"]),
        age(time.time() - run["created"]),
        safe(_model_of(run)),
        str(usage.get("total_tokens") or ""),
        _cost_of(usage),
    )


def _cost_of(usage: dict[str, Any]) -> str:
    """In dollars; what was estimated is marked."""
    cost = usage.get("cost")
    if cost is None:
        return ""
    return f"{'~' if usage.get('estimated') else ''}${cost:.6f}".rstrip("0").rstrip(".")


def _model_of(run: dict[str, Any]) -> str:
    """The model that answered, or, where none has yet, what was asked for."""
    if run.get("provider") and run.get("model"):
        return f"{run['provider']}/{run['model']}"
    return run.get("asked") or run.get("model") or ""


def _print_run(run: dict[str, Any]) -> None:
    facts = {
        "run": run["id"],
        "status": run["status"],
        "model": _model_of(run),
        "age": age(time.time() - run["created"]),
        "events": run.get("events"),
        "tokens": (run.get("usage") or {}).get("total_tokens"),
        "cost": _cost_of(run.get("usage") or {}),
        "error": (run.get("error") or {}).get("message"),
    }
    for name, value in facts.items():
        if value not in (None, ""):
            print(f"{name:8}{safe(str(value))}")
    text = (run.get("output") or {}).get("text")
    if text:
        print(f"\n{safe(text) if sys.stdout.isatty() else text}")
