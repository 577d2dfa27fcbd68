"""GET and POST /.well-known/mercure."""

from typing import Annotated

import msgspec

from headgate.errors import BadRequest, Forbidden, NotFound, TooLarge, Unauthorized, Unavailable
from headgate.web.doc import EVENT_STREAM, FORM, TEXT, Answer, Content, Doc, Parameter, Tag

TAG = Tag(
    "Mercure",
    "A hub as the Mercure protocol 1.0 has it: updates of topics, to all who listen. Its access tokens are made by "
    "others, with the key under [mercure] in the configuration; the keys of this server are of no use here.",
)

ID = "urn:uuid:e1ee88e2-532a-4d6f-ba70-f0f8bd584022"


class OAuthError(msgspec.Struct):
    """The body of every answer that is no success."""

    error: Annotated[str, msgspec.Meta(description="As RFC 6750 has it: `invalid_request`, `invalid_token`, ...")]
    error_description: str
    code: Annotated[str, msgspec.Meta(description="What is wrong, in a word that does not change.")]


class UpdateForm(msgspec.Struct):
    """An update, as a form."""

    topic: Annotated[
        str, msgspec.Meta(description="What it is about. May be said several times: the others are other names for it.")
    ]
    data: Annotated[str, msgspec.Meta(description="Anything; each line is a `data` of the event.")] = ""
    private: Annotated[
        str | None, msgspec.Meta(description="Whatever it says: only for those whose token allows it.")
    ] = None
    id: Annotated[str | None, msgspec.Meta(description="Its id; without one the hub makes one.")] = None
    type: Annotated[str | None, msgspec.Meta(description="The event's name.")] = None
    retry: Annotated[str | None, msgspec.Meta(description="Milliseconds until subscribers come back after a cut.")] = (
        None
    )


class Data(msgspec.Struct):
    """What was published, here JSON."""

    status: str


_NO_TOKEN = (
    Unauthorized(
        "An access token is needed: send it as 'Authorization: Bearer TOKEN', or in a cookie.", code="missing_token"
    ),
    Unauthorized("This access token is not valid here.", code="invalid_token"),
)
_OFF = NotFound(
    "There is no Mercure hub here: it needs a `key` under [mercure] in the server's configuration.", code="mercure_off"
)
_SHUTTING_DOWN = Unavailable("The server is shutting down.", code="shutting_down", retry_after=5)


def _query(name: str, description: str) -> Parameter:
    return Parameter(name=name, place="query", description=description)


SUBSCRIBE = Doc(
    summary="Listen to topics",
    description=(
        "Everything that is published to the topics that were asked for, from now on, or after an id. The token comes "
        "as `Authorization: Bearer`, or as the cookie `__Secure-mercure_access_token`; it is needed for private "
        "updates, and for others where the server does not let everybody listen. The stream ends with the token."
    ),
    tag=TAG,
    parameters=(
        _query("match", "A topic, or `*` for all; may be said several times. Also called `match_exact`."),
        _query("match_urlpattern", "A URL Pattern, like `https://example.com/books/:id`; may be said several times."),
        _query("topic", "As it was before 1.0: a topic, or a URI template like `https://example.com/books/{id}`."),
        _query(
            "last_event_id", "The id of an update: those after it are told first. `earliest` for all that are kept."
        ),
        Parameter(name="Last-Event-ID", place="header", description="The same as `last_event_id`, and before it."),
    ),
    answers=(
        Answer(
            meaning="The updates, as they are published.",
            contents=(
                Content(
                    kind=EVENT_STREAM,
                    schema=Data,
                    examples={"An update": f'event: book\nid: {ID}\ndata: {{"status": "checked out"}}\n\n'},
                ),
            ),
            headers={
                "Mercure-Last-Event-ID": "Where the stream really begins, for who asked: after that id, or `earliest` "
                "when it is not kept, and everything that is follows."
            },
        ),
    ),
    errors=(
        BadRequest("There is no matcher 'match_regexp'; there are match, match_exact, match_urlpattern."),
        BadRequest("This is no URL Pattern: invalid domain character.", code="invalid_matcher"),
        *_NO_TOKEN,
        _OFF,
        Unavailable("There are too many subscribers.", code="too_many_subscribers", retry_after=5),
        _SHUTTING_DOWN,
    ),
    error=OAuthError,
)

PUBLISH = Doc(
    summary="Publish an update",
    description=(
        "Tells everybody who listens to one of its topics. The token must allow to publish to every one of them. The "
        "update is kept for a while for those who come back, in memory only."
    ),
    tag=TAG,
    request=Content(
        kind=FORM,
        schema=UpdateForm,
        examples={
            "Public": {"topic": "https://example.com/books/1", "data": '{"status": "checked out"}'},
            "Private": {"topic": "https://example.com/users/42/inbox", "data": "You have mail.", "private": "on"},
        },
    ),
    answers=(Answer(meaning="It is published; this is its id.", contents=(Content(kind=TEXT, examples={"Id": ID}),)),),
    errors=(
        BadRequest("A field `topic` is needed."),
        *_NO_TOKEN,
        Forbidden("This access token does not allow to publish to this topic.", code="insufficient_scope"),
        Forbidden("Topics below /.well-known/mercure are the hub's own.", code="reserved_topic"),
        _OFF,
        TooLarge("The request's body is larger than 0 MB."),
        BadRequest(
            "An update is a form: application/x-www-form-urlencoded.", status=415, code="unsupported_media_type"
        ),
        _SHUTTING_DOWN,
    ),
    error=OAuthError,
)
