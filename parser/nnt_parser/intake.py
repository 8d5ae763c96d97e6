"""The door: from the body of a request to an update in the spool, or a refusal."""

from collections.abc import Callable, Iterator
from typing import IO

from nnt_contract.errors import ContractError
from nnt_contract.tokens import RunToken
from nnt_contract.updates import (
    FRAME_START,
    FRAME_TYPE,
    Collection,
    Failure,
    Finish,
    header_length,
    parse_header,
    payload_bytes,
)
from nnt_parser import report_json
from nnt_parser.errors import Foreign, TooLarge, UnknownEncoding
from nnt_parser.spool import Spool
from nnt_service.errors import Malformed

_MIB = 2**20
_PIECE = 2**20


class Intake:
    """Takes bodies of at most the given sizes into a spool, and announces each."""

    def __init__(
        self, spool: Spool, announce: Callable[[str], None], max_update_mb: int, max_json_mb: int
    ) -> None:
        self._spool = spool
        self._announce = announce
        self._max_update_bytes = max_update_mb * _MIB
        self._max_json_bytes = max_json_mb * _MIB

    def take(self, kind: str, token: RunToken, content_type: str, body: IO[bytes]) -> str:
        """The name under which the update is now durably kept; raises Refused."""
        if content_type == FRAME_TYPE:
            return self._take_frame(kind, token, body)
        if content_type == "application/json":
            return self._take_json(kind, token, body)
        raise UnknownEncoding(
            f"the content type is {content_type or 'missing'}, expected {FRAME_TYPE} or application/json"
        )

    def _take_frame(self, kind: str, token: RunToken, body: IO[bytes]) -> str:
        try:
            update = parse_header(body.read(header_length(body.read(FRAME_START.size))))
        except ContractError as error:
            raise Malformed(error.body) from error
        _check_sender(kind, token, update)
        size = payload_bytes(update)
        if size > self._max_update_bytes:
            raise TooLarge(
                f"the arrays have {size} bytes, at most {self._max_update_bytes} are taken"
            )
        return self._spool.put(update, _exactly(body, size), self._announce)

    def _take_json(self, kind: str, token: RunToken, body: IO[bytes]) -> str:
        text = body.read(self._max_json_bytes + 1)
        if len(text) > self._max_json_bytes:
            raise TooLarge(f"a JSON body may have at most {self._max_json_bytes} bytes")
        try:
            messages = report_json.read(kind, text, token)
        except ContractError as error:
            raise Malformed(error.body) from error
        for message in messages:
            _check_sender(message.update.kind, token, message.update)
        # /finish of the report carries the last collection: that goes first, the end says it is complete.
        names = [
            self._spool.put(message.update, message.payload, self._announce) for message in messages
        ]
        return names[-1]


def _check_sender(kind: str, token: RunToken, update: Collection | Finish | Failure) -> None:
    if update.kind != kind:
        raise Malformed(f"this is an update of kind {update.kind}, expected {kind} here")
    # A newer attempt, and the deployer, deliver what an older one left in its outbox.
    if update.sim_id != token.sim_id or update.attempt > token.attempt:
        raise Foreign(
            f"the run token is for attempt {token.attempt} at simulation {token.sim_id}, "
            f"the update is for attempt {update.attempt} at {update.sim_id}"
        )


def _exactly(body: IO[bytes], size: int) -> Iterator[bytes]:
    """The body in pieces; raises Malformed unless it has exactly `size` bytes."""
    missing = size
    while missing and (piece := body.read(min(_PIECE, missing))):
        missing -= len(piece)
        yield piece
    if missing:
        raise Malformed(
            f"the body ended {missing} bytes before the end of its {size} bytes of arrays"
        )
    if body.read(1):
        raise Malformed(f"the body goes on after its {size} bytes of arrays")
