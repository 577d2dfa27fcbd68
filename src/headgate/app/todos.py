"""The todos and the database they are in, as they are configured."""

from headgate.config import Config
from headgate.db import Database, place_of
from headgate.todos import Lists, models


def lists_of(config: Config) -> Lists:
    """The lists of todos; their database is opened with the server."""
    url = None if config.database.url is None else config.database.url.reveal()
    database = Database(place_of(url, config.store.path), models)
    return Lists(database, config.todos.shared, config.todos.max)
