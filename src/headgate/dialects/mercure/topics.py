"""What updates are about: any text, and by preference a URL."""

import re
from urllib.parse import urljoin, urlsplit

PATH = "/.well-known/mercure"

MAX_TOPIC = 1024
"""Characters of a topic, and of a matcher: every topic is compared with every pattern."""

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""What would break a line of an event, and halves of characters."""


def fault_of(text: str, what: str) -> str | None:
    """What is wrong with a topic or a matcher, as a sentence; None for nothing."""
    if not 0 < len(text) <= MAX_TOPIC:
        return f"A {what} is a text of 1 to {MAX_TOPIC} characters."
    return f"A {what} holds no control characters." if CONTROL.search(text) else None


def is_reserved(topic: str, hub: str) -> bool:
    """Whether a topic is one that only a hub itself may speak of: its path, seen from the hub's URL, is the hub's."""
    try:
        path = urlsplit(urljoin(hub, topic)).path
    except ValueError:
        return False
    return path == PATH or path.startswith(f"{PATH}/")
