"""
Channels: what is said on one reaches everybody who is on it, and whoever comes back to it.

    hub.publish([channel], b'{"actions":[]}')            something is said
    hub.attach([channel], run, projection)               a run's words are, as they come
    subscription = hub.subscribe({channel: NOW}, who, form)
    while not subscription.is_gone:
        if await subscription.news():
            await write(subscription.take())             frames in the connection's form, made once for all alike
        else:
            await write(keep_alive)
    hub.leave(subscription)

A `Form` says how a kind of connection is told things (as server-sent events, as frames of a WebSocket), a
`Projection` what a run's events look like as messages. A connection's `cursor` is where it is on all of its
channels; it comes with every frame, and who brings it back as its `Place` gets what it missed, or is told of a gap.
"""

from headgate.channels.bounds import Bounds
from headgate.channels.hub import Hub
from headgate.channels.members import Members
from headgate.channels.messages import Form, Gap, Message, Projection
from headgate.channels.names import MAX_NAME, ChannelId, Scope, channel_id
from headgate.channels.places import ALL, AT_ONCE, NOW, Pace, Place
from headgate.channels.presence import Change, Presence
from headgate.channels.subscription import Subscription

__all__ = [
    "ALL",
    "AT_ONCE",
    "MAX_NAME",
    "NOW",
    "Bounds",
    "Change",
    "ChannelId",
    "Form",
    "Gap",
    "Hub",
    "Members",
    "Message",
    "Pace",
    "Place",
    "Presence",
    "Projection",
    "Scope",
    "Subscription",
    "channel_id",
]
