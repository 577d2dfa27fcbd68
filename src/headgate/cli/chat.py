"""`headgate chat`: a conversation in a terminal."""

import asyncio
import sys
from typing import TypedDict

from headgate.cli.asking import Asking
from headgate.cli.http import Server
from headgate.cli.screen import Screen, complain
from headgate.config import ConfigError, load_client, read_environment
from headgate.errors import HeadgateError

INTERRUPTED = 130
"""What shells say of a program that Ctrl-C ended."""

HELP = """\
/model NAME  ask another model; without NAME, say which one is asked
/reset       forget the conversation
/quit        leave, as Ctrl-D does
/help        show this
Ctrl-C stops the answer that is being written."""


class Message(TypedDict):
    """One turn, as the API takes it."""

    role: str
    content: str


def run(url: str | None, key: str | None, model: str, prompt: str | None) -> int:
    """Ask once if there is a prompt, else talk until the person has enough; returns the exit code."""
    try:
        client = load_client(url, key, read_environment())
    except ConfigError as error:
        complain(error.message)
        return 2
    with asyncio.Runner() as runner:
        server = Server(client)
        chat = Chat(server, runner, model)
        try:
            return chat.ask(prompt) if prompt is not None else chat.talk()
        finally:
            runner.run(server.close())


class Chat:
    """A conversation, which the server is sent again with each question."""

    def __init__(self, server: Server, runner: asyncio.Runner, model: str) -> None:
        self._server, self._runner, self._model = server, runner, model
        self._messages: list[Message] = []
        self._screen = Screen()

    def talk(self) -> int:
        """Read lines and answer them, until the end of the input or /quit."""
        is_person = sys.stdin.isatty()
        if is_person:
            # With it `input` has a history and can be edited.
            import readline  # noqa: F401

            print(f"Talking to {self._model}. /help shows what else there is, Ctrl-D leaves.")
        while True:
            try:
                line = input("> " if is_person else "").strip()
            except EOFError:
                if is_person:
                    print()
                return 0
            except KeyboardInterrupt:
                print()
                continue
            if line in ("/quit", "/exit"):
                return 0
            if line.startswith("/"):
                self._command(line)
            elif line:
                self.ask(line)

    def ask(self, prompt: str) -> int:
        """Ask, show the answer as it comes, and remember both; returns what the exit code would be."""
        self._messages.append({"role": "user", "content": prompt})
        asking = Asking(self._server, self._screen)
        try:
            self._runner.run(asking.run({"model": self._model, "stream": True, "messages": self._messages}))
            code = INTERRUPTED if asking.was_interrupted else 0
        except HeadgateError as error:
            self._screen.end()
            complain(error.message)
            code = 1
        except KeyboardInterrupt:
            code = INTERRUPTED
        self._screen.end()
        if asking.text:
            self._messages.append({"role": "assistant", "content": asking.text})
        else:
            # An unanswered question would be asked again with the next one.
            self._messages.pop()
        return code

    def _command(self, line: str) -> None:
        name, _, rest = line.partition(" ")
        match name, rest.strip():
            case "/help", _:
                print(HELP)
            case "/reset", _:
                self._messages.clear()
                print("The conversation is forgotten.")
            case "/model", "":
                print(f"Talking to {self._model}.")
            case "/model", model:
                self._model = model
                print(f"Talking to {model} from now on.")
            case _:
                print(f"There is no {name}; /help shows what there is.")
