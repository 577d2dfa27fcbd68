"""Which of two forms a client would rather have."""


def prefers_html(accept: bytes) -> bool:
    """
    Whether a page is wanted, and not JSON.

    Only browsers name text/html. Whoever takes anything (`*/*`) is a program, and a program that names
    both gets what it gives the higher q, or names first.
    """
    html, json = _standing(accept, b"text/html"), _standing(accept, b"application/json")
    return html is not None and html[0] > 0 and (json is None or html > json)


def _standing(accept: bytes, kind: bytes) -> tuple[float, int] | None:
    """Its q, and how early it is named; None where it is not."""
    for place, wish in enumerate(accept.split(b",")):
        name, *parameters = (part.strip().lower() for part in wish.split(b";"))
        if name == kind:
            return _quality(parameters), -place
    return None


def _quality(parameters: list[bytes]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition(b"=")
        if name.strip() == b"q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
