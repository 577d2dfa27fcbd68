"""What can go wrong with streams, beside what can go wrong everywhere; each says what its client has to know."""

from headgate.errors import BadRequest, Conflict, Forbidden, HeadgateError, NotFound


class NoStream(NotFound):
    """There is none, or it is another's."""

    code = "stream_not_found"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no stream '{name[:100]}'.")


class GoneStream(HeadgateError):
    """It was deleted, and streams that were forked from it still have its bytes."""

    status = 410
    code = "stream_deleted"
    kind = "invalid_request_error"

    def __init__(self, name: str) -> None:
        super().__init__(f"The stream '{name[:100]}' was deleted.")


class ClosedStream(Conflict):
    """Nothing can be added to it."""

    code = "stream_closed"

    def __init__(self, end: int) -> None:
        super().__init__("The stream is closed.")
        self.end = end


class StaleEpoch(Forbidden):
    """The producer has begun anew since."""

    code = "stale_producer_epoch"

    def __init__(self, epoch: int) -> None:
        super().__init__(f"This producer is at epoch {epoch} by now.")
        self.epoch = epoch


class ProducerGap(Conflict):
    """Something that the producer said before has not come."""

    code = "producer_sequence_gap"

    def __init__(self, expected: int, received: int) -> None:
        super().__init__(f"The producer's next number is {expected}, not {received}.")
        self.expected, self.received = expected, received


class WrongBeginning(BadRequest):
    """A producer's epoch that does not begin with 0."""

    code = "producer_epoch_must_begin_at_zero"

    def __init__(self) -> None:
        super().__init__("A new epoch of a producer begins with the number 0.", param="producer-seq")


class SeqRegression(Conflict):
    """Its number is not after the last one."""

    code = "stream_seq_regression"

    def __init__(self) -> None:
        super().__init__("'Stream-Seq' must be greater than that of what was appended last, byte by byte.")


class WrongKind(Conflict):
    """Another content type than the stream's."""

    code = "content_type_mismatch"

    def __init__(self, kind: str) -> None:
        super().__init__(f"This stream is of the type {kind}.", param="content-type")


class OtherStream(Conflict):
    """There is a stream, and it is not like the one that was asked for."""

    code = "stream_exists"

    def __init__(self, what: str) -> None:
        super().__init__(f"There is a stream already, and {what}.")


class TooMany(HeadgateError):
    """A bound was reached."""

    status = 429
    code = "too_many_streams"
    kind = "invalid_request_error"


class BadFork(BadRequest):
    """A fork that cannot be."""

    code = "invalid_fork"
