"""`headgate serve`: reads the configuration, starts the server, and greets whoever started it."""

import errno
from pathlib import Path
from urllib.parse import urlsplit

from headgate import __version__
from headgate.cli.check import complain_about
from headgate.cli.screen import complain
from headgate.cli.summary import facts
from headgate.config import Config, ConfigError, load, read_environment
from headgate.errors import HeadgateError

_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}


def run(path: Path | None, *, host: str | None, port: int | None, insecure_open: bool) -> int:
    """Serve until told to end; returns the exit code: 2 for a wrong configuration, 1 for what is in the way."""
    try:
        config = load(path, read_environment(), _options(host, port, insecure_open))
    except ConfigError as error:
        complain_about(error)
        return 2
    # After the configuration is known to be right: this imports everything.
    from headgate.app import serve

    try:
        serve(config, lambda url: print(greeting(config, url), flush=True))
    except HeadgateError as error:
        complain(error.message)
        # What is configured in Python is known to be wrong only when it is loaded.
        return 2 if error.code == ConfigError.code else 1
    except OSError as error:
        complain(_in_the_way(error, config))
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


def greeting(config: Config, url: str) -> str:
    """What is running, and a line to paste that tries it."""
    url = _reachable(url)
    lines = [f"Headgate {__version__} listens on {url} (documentation at {url}/docs)", ""]
    lines += [f"  {label:11} {sentence}" for label, sentence in facts(config)]
    lines += [f"  {'note':11} {note}" for note in config.notes]
    return "\n".join([*lines, "", *_try_it(config, url), ""])


def _try_it(config: Config, url: str) -> list[str]:
    model = "default" if "default" in config.aliases else f"{config.providers[0].name}/MODEL"
    what = "Try it:" if not config.keys else "Try it, with one of the keys in HEADGATE_API_KEY:"
    key = ' -H "authorization: Bearer $HEADGATE_API_KEY"' if config.keys else ""
    body = f'{{"model": "{model}", "stream": true, "messages": [{{"role": "user", "content": "Hello!"}}]}}'
    # On one line, so that it survives being pasted into any shell.
    return [what, "", f"  curl -N {url}/v1/chat/completions{key} -H 'content-type: application/json' -d '{body}'"]


def _options(host: str | None, port: int | None, insecure_open: bool) -> dict[str, str]:
    options = {}
    if host is not None:
        options["server.host"] = host
    if port is not None:
        options["server.port"] = str(port)
    if insecure_open:
        options["server.insecure_open"] = "true"
    return options


def _reachable(url: str) -> str:
    """The URL with an address one can connect to, where we listen on all of them."""
    host = urlsplit(url).hostname or ""
    if host not in _ANY_ADDRESS:
        return url
    return url.replace(f"[{host}]" if ":" in host else host, _ANY_ADDRESS[host], 1)


def _in_the_way(error: OSError, config: Config) -> str:
    where = f"{config.server.host}:{config.server.port}"
    if error.errno == errno.EADDRINUSE:
        return f"Something else listens on {where} already; choose another port with --port."
    if error.errno == errno.EACCES:
        return f"Listening on {where} is not allowed; ports below 1024 are for the system."
    return f"The server cannot start: {error.strerror or error}."
