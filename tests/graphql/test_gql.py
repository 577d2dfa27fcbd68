"""Judged by gql, a client of GraphQL in Python: with and without waiting, and on both kinds of sockets."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from gql import Client, GraphQLRequest, gql
from gql.client import AsyncClientSession
from gql.transport.exceptions import TransportConnectionFailed, TransportQueryError, TransportServerError
from gql.transport.requests import RequestsHTTPTransport
from gql.transport.websockets import WebsocketsTransport

from tests.serving import Serving

pytestmark = pytest.mark.slow

PROTOCOLS = {
    "new": WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL,
    "older": WebsocketsTransport.APOLLO_SUBPROTOCOL,
}
CHANGES = gql("subscription { todoChanges { kind id todo { title completed tags } } }")


def create(title: str, *tags: str) -> GraphQLRequest:
    """Makes a todo."""
    query = "mutation Create($data: CreateTodoInput!) { createTodo(data: $data) { id } }"
    return GraphQLRequest(query, variable_values={"data": {"title": title, "tags": list(tags)}})


def by_http(server: Serving, key: str = "") -> Client:
    """A client that knows the schema, and checks everything with it before it asks."""
    headers = {"authorization": f"Bearer {key}"} if key else {}
    transport = RequestsHTTPTransport(url=f"{server.url}/graphql", headers=headers, timeout=30)
    return Client(transport=transport, fetch_schema_from_transport=True)


@asynccontextmanager
async def by_socket(server: Serving, protocol: str, key: str = "") -> AsyncIterator[AsyncClientSession]:
    """A session on a socket; the key comes with its first message."""
    transport = WebsocketsTransport(
        url=f"{server.url.replace('http', 'ws')}/graphql",
        subprotocols=[PROTOCOLS[protocol]],
        init_payload={"authorization": f"Bearer {key}"} if key else {},
        close_timeout=5,
    )
    async with Client(transport=transport) as session:
        yield session


def test_it_reads_the_schema_and_works_with_it(server: Serving) -> None:
    with by_http(server) as session:
        made = session.execute(create("by gql", "x"))
        id = made["createTodo"]["id"]
        found = session.execute(gql('{ todos(filter: {search: "by gql"}) { id tags createdAt } }'))["todos"]
        assert [(todo["id"], todo["tags"]) for todo in found] == [(id, ["x"])]
        with pytest.raises(TransportQueryError) as caught:
            session.execute(gql("mutation { toggleTodo(id: 0) { id } }"))
        assert caught.value.errors is not None
        assert caught.value.errors[0]["message"] == "Failed to toggle todo: Todo with id 0 not found"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_it_hears_what_changes(keyed: Serving, protocol: str) -> None:
    """On a socket, of what happens there and elsewhere; and of nobody else's list."""

    async def play() -> list[Any]:
        heard: list[Any] = []
        async with by_socket(keyed, protocol, "key-of-alice") as listener:
            changes = listener.subscribe(CHANGES)
            first = asyncio.ensure_future(anext(changes))
            # What comes back after it is asked for afterwards on the same socket: so it listens by then.
            await listener.execute(gql("{ hello }"))
            with by_http(keyed, "key-of-bob") as bob:
                await asyncio.to_thread(bob.execute, create("bob's"))
            async with by_socket(keyed, protocol, "key-of-alice") as other:
                made = await other.execute(create("a", "x"))
                id = made["createTodo"]["id"]
                await other.execute(gql(f"mutation {{ toggleTodo(id: {id}) {{ id }} }}"))
            await listener.execute(gql(f"mutation {{ deleteTodo(id: {id}) }}"))
            heard.append((await first)["todoChanges"])
            heard.extend([(await anext(changes))["todoChanges"] for _ in range(2)])
            assert [change["id"] for change in heard] == [id] * 3
            await changes.aclose()
            assert (await listener.execute(gql("{ hello }"))) == {"hello": "Hello World"}
        return heard

    told = [(change["kind"], change["todo"]["completed"]) for change in asyncio.run(play())]
    assert told == [("CREATED", False), ("UPDATED", True), ("DELETED", True)]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("query", ["{ nothing }", "mutation { toggleTodo(id: 0) { id } }", "subscription { nothing }"])
def test_it_hears_what_goes_wrong(server: Serving, protocol: str, query: str) -> None:
    async def play() -> None:
        async with by_socket(server, protocol) as session:
            with pytest.raises(TransportQueryError, match=r"nothing|Todo with id 0 not found"):
                async for _ in session.subscribe(gql(query)):
                    pass
            assert await session.execute(gql("{ hello }")) == {"hello": "Hello World"}

    asyncio.run(play())


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("key", ["", "wrong"])
def test_it_is_sent_away_without_a_key(keyed: Serving, protocol: str, key: str) -> None:
    async def play() -> None:
        async with by_socket(keyed, protocol, key) as session:
            await session.execute(gql("{ hello }"))

    with pytest.raises((TransportConnectionFailed, TransportServerError)) as caught:
        asyncio.run(play())
    # The older protocol has a message for it, the other one a number.
    assert re.search("4403|API key", f"{caught.value} {caught.value.__cause__}")
