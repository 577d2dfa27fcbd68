"""The commands and their options, as `headgate --help` shows them; each imports its work when it is called."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from headgate import __version__

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    # The pretty ones print local variables, and those hold keys.
    pretty_exceptions_enable=False,
)

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", "-c", metavar="FILE", help="Read this file instead of headgate.toml in this folder."),
]
UrlOption = Annotated[
    str | None,
    typer.Option("--url", metavar="URL", help="The server. [HEADGATE_URL, or else http://127.0.0.1:8080]"),
]
KeyOption = Annotated[str | None, typer.Option("--key", metavar="KEY", help="The key to send. [HEADGATE_API_KEY]")]


class Action(StrEnum):
    """What `headgate runs` can do."""

    list = "list"
    show = "show"
    follow = "follow"
    stop = "stop"


class WebhookAction(StrEnum):
    """What `headgate webhooks` can do."""

    list = "list"
    redeliver = "redeliver"
    secret = "secret"


class FunctionAction(StrEnum):
    """What `headgate functions` can do."""

    list = "list"
    call = "call"


class DatabaseAction(StrEnum):
    """What `headgate db` can do."""

    upgrade = "upgrade"
    current = "current"
    history = "history"
    revision = "revision"


def _print_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"headgate {__version__}")
        raise typer.Exit


@app.callback()
def headgate(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """The gateway to language models that keeps every answer."""


@app.command()
def serve(
    config: ConfigOption = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on. [127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(help="The port to listen on; 0 takes any free one. [8080]")] = None,
    insecure_open: Annotated[
        bool, typer.Option("--insecure-open", help="Listen on other addresses even without keys.")
    ] = False,
) -> None:
    """Start the server."""
    from headgate.cli.serve import run

    raise typer.Exit(run(config, host=host, port=port, insecure_open=insecure_open))


@app.command()
def check(config: ConfigOption = None) -> None:
    """Check the configuration, and show what it comes to."""
    from headgate.cli.check import run

    raise typer.Exit(run(config))


@app.command()
def chat(
    prompt: Annotated[str | None, typer.Argument(help="Ask this and leave; without it, talk.")] = None,
    model: Annotated[str, typer.Option(help="The model to ask.")] = "default",
    url: UrlOption = None,
    key: KeyOption = None,
) -> None:
    """Talk to a model through a running server."""
    from headgate.cli.chat import run

    raise typer.Exit(run(url, key, model, prompt))


@app.command()
def runs(
    action: Annotated[Action, typer.Argument(help="What to do; all but `list` need an ID.")] = Action.list,
    id: Annotated[str | None, typer.Argument(metavar="ID", help="The run's id.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many runs to list.")] = 20,
    json: Annotated[bool, typer.Option("--json", help="Print what the server sent, as JSON.")] = False,
    url: UrlOption = None,
    key: KeyOption = None,
) -> None:
    """List the runs of a running server, show one, follow one live, or stop one."""
    from headgate.cli import runs as work

    if action is Action.list:
        if id is not None:
            raise typer.BadParameter("`list` takes no ID.")
        raise typer.Exit(work.list_recent(url, key, limit=limit, as_json=json))
    if id is None:
        raise typer.BadParameter(f"`{action}` needs the ID of a run.")
    doing = {Action.show: work.show, Action.follow: work.follow, Action.stop: work.stop}[action]
    raise typer.Exit(doing(url, key, id, as_json=json))


@app.command()
def webhooks(
    action: Annotated[WebhookAction, typer.Argument(help="What to do; all but `secret` need a RUN.")],
    run: Annotated[str | None, typer.Argument(metavar="RUN", help="The run's id.")] = None,
    id: Annotated[str | None, typer.Argument(metavar="ID", help="The message's id, for `redeliver`.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print what the server sent, as JSON.")] = False,
    url: UrlOption = None,
    key: KeyOption = None,
) -> None:
    """List what became of a run's webhooks, send one again, or print the secret they are signed with."""
    from headgate.cli import webhooks as work

    match action, run, id:
        case WebhookAction.secret, None, None:
            raise typer.Exit(work.secret(url, key, as_json=json))
        case WebhookAction.list, str(), None:
            raise typer.Exit(work.list_of(url, key, run, as_json=json))
        case WebhookAction.redeliver, str(), str():
            raise typer.Exit(work.redeliver(url, key, run, id, as_json=json))
        case _:
            needed = {"list": "a RUN", "redeliver": "a RUN and an ID", "secret": "nothing else"}[action]
            raise typer.BadParameter(f"`{action}` needs {needed}.")


@app.command()
def functions(
    action: Annotated[FunctionAction, typer.Argument(help="What to do; `call` needs a NAME.")] = FunctionAction.list,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="The function's name.")] = None,
    arguments: Annotated[str, typer.Argument(metavar="ARGUMENTS", help="What to call it with, as JSON.")] = "{}",
    owner: Annotated[str, typer.Option("--as", metavar="KEY", help="The name of the key to call it for.")] = "anybody",
    json: Annotated[bool, typer.Option("--json", help="Print all that models are told of each, as JSON.")] = False,
    config: ConfigOption = None,
) -> None:
    """List the functions that the server executes for models, or try one, without a server."""
    from headgate.cli import functions as work

    match action, name:
        case FunctionAction.list, None:
            raise typer.Exit(work.list_all(config, owner, as_json=json))
        case FunctionAction.call, str():
            raise typer.Exit(work.call(config, name, arguments, owner))
        case _:
            needed = "a NAME" if action is FunctionAction.call else "nothing else"
            raise typer.BadParameter(f"`{action}` needs {needed}.")


@app.command()
def db(
    action: Annotated[DatabaseAction, typer.Argument(help="What to do.")],
    what: Annotated[
        str | None,
        typer.Argument(metavar="WHAT", help="For `upgrade` how far; for `revision`, which needs it, what it is about."),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Migrate the server's database, say where it is, list the migrations, or write one."""
    from headgate.cli import database as work

    match action, what:
        case DatabaseAction.upgrade, _:
            raise typer.Exit(work.upgrade(config, what))
        case DatabaseAction.current, None:
            raise typer.Exit(work.current(config))
        case DatabaseAction.history, None:
            raise typer.Exit(work.history(config))
        case DatabaseAction.revision, str():
            raise typer.Exit(work.revise(config, what))
        case _:
            needed = "a text that says what it is about" if action is DatabaseAction.revision else "nothing else"
            raise typer.BadParameter(f"`{action}` needs {needed}.")
