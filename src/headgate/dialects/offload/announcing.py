"""The message to a webhook: the last status document, in the one field of a form."""

from urllib.parse import urlencode

import msgspec

from headgate.dialects.offload import note as notes
from headgate.dialects.offload import status, urls
from headgate.fold import fold
from headgate.runs import Run
from headgate.webhooks import Message

FORM = "application/x-www-form-urlencoded"


def announce(run: Run) -> Message | None:
    """
    That an answer is over, under the addresses that its first client was given.

    None for a run that was not begun here.
    """
    if not any(name.startswith(urls.NAMES + "/") for name in run.head.names):
        return None
    note = notes.decode(run.head.note)
    document = status.document(run.head, note, fold(run.events), run.ended, note.base)
    form = urlencode({"response": msgspec.json.encode(document)})
    return Message(event=f"offload.{document['status']}", content_type=FORM, body=form.encode())
