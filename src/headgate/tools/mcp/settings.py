"""What is configured of an MCP server."""

from collections.abc import Mapping, Sequence

import msgspec

from headgate.net import Proxies


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """One server: a command that is started, or a URL."""

    name: str
    command: Sequence[str] = ()
    env: Mapping[str, str] = {}
    """All of its environment."""
    folder: str = "."
    url: str = ""
    headers: Mapping[str, str] = {}
    proxies: Proxies = Proxies()
    prefix: str = ""
    """How the names of its functions begin."""
    tools: Sequence[str] = ("*",)
    """Patterns of those that are offered."""
    repeatable: Sequence[str] = ()
    """Patterns of those that may be called twice, whatever the server says."""
    is_lazy: bool = False
    """Whether it is not started before a request names one of its functions."""
    start_timeout: float = 30.0
    timeout: float | None = None
    max_parallel: int | None = None
