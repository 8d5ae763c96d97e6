"""Sends collections as a simulation does, and sees when they are committed."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import psycopg2
import psycopg2.extensions

from bench.networks import Network, Weights, training
from bench.services import ATTEMPT, Services
from nnt_contract.updates import FRAME_TYPE, Collection
from nnt_simulation.outbox import Outbox

_NO_LIMIT = 2**60
_LOOK_S = 0.002  # a busier loop would take a core from the services
_DEADLINE_S = 120
_COMMITTED = "SELECT FROM collections WHERE sim_id = %s AND epoch = %s"


class Sender:
    """One simulation's collections, from the first epoch on; `committed` is the last one that was seen."""

    def __init__(
        self,
        services: Services,
        network: Network,
        client: httpx.Client,
        connection: psycopg2.extensions.connection,
    ) -> None:
        self.sim_id = services.make_simulation()
        self.committed = -1
        self._network = network
        self._epochs = training(network)
        self._client = client
        self._token = services.token(self.sim_id)
        self._cursor = connection.cursor()
        self._outbox = Outbox(services.folder / "outboxes" / self.sim_id.hex, _NO_LIMIT, _NO_LIMIT)

    def next_epoch(self) -> tuple[Collection, Weights]:
        """The next collection, in memory."""
        logs = {"loss": 0.25, "accuracy": 0.9, "val_loss": 0.5, "val_accuracy": 0.8}
        collection = Collection(
            sim_id=self.sim_id,
            attempt=ATTEMPT,
            epoch=self.committed + 1,
            logs=logs,
            learning_rate=0.01,
            optimizer_steps=625,
            arrays=self._network.arrays,
        )
        return collection, next(self._epochs)

    def put(self, collection: Collection, weights: Weights) -> Path:
        """Into the outbox, durably, as a simulation does."""
        self._outbox.put(collection, (values.reshape(-1).data for values in weights))
        path = self._outbox.oldest()
        if path is None:
            raise RuntimeError("the outbox is empty after a collection was put into it")
        return path

    def deliver(self, path: Path) -> None:
        """Returns when the collection is committed and to be seen by others."""
        self._post(path)
        deadline = time.monotonic() + _DEADLINE_S
        while not self._is_committed(self.committed + 1):
            if time.monotonic() > deadline:
                raise TimeoutError(f"epoch {self.committed + 1} was not stored in {_DEADLINE_S} s")
            time.sleep(_LOOK_S)
        self.committed += 1

    def clear(self, path: Path) -> None:
        self._outbox.remove(path)

    def send(self) -> None:
        """One collection, start to end."""
        path = self.put(*self.next_epoch())
        self.deliver(path)
        self.clear(path)

    def _post(self, path: Path) -> None:
        headers = {"Content-Type": FRAME_TYPE, "Authorization": f"Bearer {self._token}"}
        with path.open("rb") as body:
            self._client.post("/update", content=body, headers=headers).raise_for_status()

    def _is_committed(self, epoch: int) -> bool:
        self._cursor.execute(_COMMITTED, (self.sim_id, epoch))
        return self._cursor.fetchone() is not None


@contextmanager
def sender(services: Services, network: Network) -> Iterator[Sender]:
    with (
        httpx.Client(base_url=services.parser_url, timeout=60, trust_env=False) as client,
        closing(psycopg2.connect(services.database_url)) as connection,
    ):
        connection.autocommit = True
        yield Sender(services, network, client, connection)
