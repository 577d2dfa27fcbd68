"""Writes the golden files anew: `scripts/goldens`. What changed is for you to read, line by line."""

from pathlib import Path

from tests.pairs import asked_for, surviving
from tests.pairs.asking import REQUESTS
from tests.pairs.heard import everything
from tests.pairs.pages import PAGE, with_tables
from tests.pairs.scenarios import GOLDENS
from tests.pairs.sections import joined


def write() -> list[Path]:
    """All of them; returns those that are not what they were."""
    files = {golden.path: joined(golden.made()) for golden in GOLDENS}
    files |= {request.golden: joined(request.made()) for request in REQUESTS}
    changed = [path for path, said in files.items() if not path.exists() or path.read_bytes() != said]
    for path in changed:
        path.write_bytes(files[path])
    page = PAGE.read_text()
    told = with_tables(page, {"answers": surviving.table(everything()), "requests": asked_for.table()})
    if told != page:
        PAGE.write_text(told)
        changed.append(PAGE)
    return changed


if __name__ == "__main__":
    for path in write():
        print(path.relative_to(Path.cwd()))
