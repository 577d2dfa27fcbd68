"""Whose run it is: found for a request by its key, or by a link that needs none."""

import time

from headgate.keys import Keys
from headgate.runs import Engine, Run
from headgate.web.http import Request, run_headers
from headgate.web.links import Links, Rights


class Finder:
    """Finds runs for those who may see them, and makes the links that allow others to."""

    def __init__(self, engine: Engine, keys: Keys) -> None:
        self._engine, self._keys = engine, keys
        self.links = Links(lambda: engine.store.secret, keys.owners)

    async def find(self, request: Request, needed: Rights | None = None) -> Run:
        """The request's run, by its key or by a link that allows what is needed; None is by its key only."""
        id = request.path_parameters["id"]
        token = None if needed is None else request.query().get("token")
        if needed is None or token is None:
            owner = self._keys.owner(request.headers)
        else:
            owner = self.links.owner(id, token, needed, time.time())
        run = await self._engine.find(id, owner)
        request.add_headers(run_headers(run.id))
        return run
