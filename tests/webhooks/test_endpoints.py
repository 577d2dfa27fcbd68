"""Receivers that the configuration names."""

from headgate.runs import Run
from headgate.store.base import Hook
from headgate.webhooks import Addressing, Endpoint, Message, SigningSecret, message_id

from .office import START, office, plain, play
from .receiver import Receiver

SECRET = SigningSecret(b"e" * 32)


def endpoint(receiver: Receiver, *events: str, name: str = "audit") -> Endpoint:
    return Endpoint(name=name, url=receiver.url, events=frozenset(events), secrets=(SECRET,))


def another(run: Run) -> Message | None:
    """A form that goes before the plain one."""
    return Message("response.completed", "application/json", b"{}")


def test_an_endpoint_hears_of_everybodys_runs_and_signs_with_its_own_secret() -> None:
    async def test() -> None:
        async with Receiver() as receiver:
            told = endpoint(receiver, "run.finished")
            async with office(endpoints=[told]) as at_work:
                run = await at_work.end_run(told.hook, owner="bob")
                (post,) = await receiver.wait_for(1)
                id = message_id(await at_work.delivery(run, "bob"))
                assert post.headers["webhook-signature"] == SECRET.sign(id, int(START), post.body)

    play(test())


def test_an_endpoint_does_not_hear_of_what_it_does_not_want() -> None:
    async def test() -> None:
        async with Receiver() as receiver:
            failures, others = endpoint(receiver, "run.failed"), endpoint(receiver, "response.incomplete", name="other")
            async with office(endpoints=[failures, others]) as at_work:
                assert await at_work.store.deliveries(await at_work.end_run(failures.hook), "alice") == []
                # How a response ended is not seen before its message is made.
                run = await at_work.end_run(others.hook)
                skipped = await at_work.until(run, lambda delivery: delivery.due is None)
                assert (skipped.status, receiver.posts) == ("skipped", [])

    play(test())


def test_an_endpoint_is_told_once_in_the_first_form_it_wants() -> None:
    async def test() -> None:
        async with Receiver() as receiver:
            both = endpoint(receiver, "run.finished", "response.completed")
            async with office(endpoints=[both], renderers={"response": another, "run": plain}) as at_work:
                await at_work.tried(await at_work.end_run(both.hook), 1)
                assert [post.body for post in receiver.posts] == [b"{}"]

    play(test())


def test_an_endpoint_that_is_no_longer_configured_hears_nothing() -> None:
    async def test() -> None:
        async with office() as at_work:
            run = await at_work.end_run(Hook("", "endpoint/audit"))
            skipped = await at_work.until(run, lambda delivery: delivery.due is None)
            assert skipped.status == "skipped"

    play(test())


def test_runs_do_not_carry_an_endpoints_url() -> None:
    """It may hold a secret; and whoever changes it wants what is waiting to go to the new one."""
    receiver = Receiver()
    addressing = Addressing({}, [endpoint(receiver, "run.failed")])
    assert addressing.hooks == (Hook("", "endpoint/audit", ("failed",)),)
