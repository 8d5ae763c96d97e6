"""Celery tasks of the data worker: it fetches and inspects, and knows nothing of what runs simulations."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from uuid import UUID

import psycopg2
import psycopg2.extensions
from celery import Task, shared_task

from nnt_deployer import doorbell
from nnt_deployer.data_inspection.inspector import Inspector
from nnt_deployer.data_inspection.request import Bounds as InspectionBounds
from nnt_deployer.data_inspection_store import DataInspectionStore
from nnt_deployer.fetch_store import FetchStore
from nnt_deployer.fetching.download import Bounds as FetchBounds
from nnt_deployer.fetching.fetcher import Fetcher
from nnt_deployer.settings import DataWorkerSettings

_MB = 10**6


@shared_task(name=doorbell.FETCH, bind=True)
def fetch(self: "Task[[int], None]", fetch_id: int) -> None:
    settings = DataWorkerSettings()
    with _connected(settings) as connection:
        one = _fetcher(settings, connection)
        one.remove_abandoned()
        one.fetch(fetch_id)
        inspections, fetches = DataInspectionStore(connection).due(), FetchStore(connection).due()
    bells = doorbell.of_data(inspections) + doorbell.of_fetches(fetches)
    doorbell.ring_data_worker(self.app, bells)


@shared_task(name=doorbell.INSPECT_DATA, bind=True)
def inspect_data(self: "Task[[str], None]", experiment_id: str) -> None:
    settings = DataWorkerSettings()
    with _connected(settings) as connection:
        waited = _inspector(settings, connection).inspect(UUID(experiment_id))
    for sim_id in waited:
        doorbell.ring(self.app, sim_id)


def remove_abandoned(settings: DataWorkerSettings) -> None:
    """What workers that were killed have left."""
    with _connected(settings) as connection:
        _fetcher(settings, connection).remove_abandoned()


def _fetcher(settings: DataWorkerSettings, connection: psycopg2.extensions.connection) -> Fetcher:
    bounds = FetchBounds(
        settings.fetch_max_mb * _MB, settings.fetch_s, settings.fetch_allowed_hosts
    )
    return Fetcher(FetchStore(connection), settings.datasets_dir, bounds)


def _inspector(
    settings: DataWorkerSettings, connection: psycopg2.extensions.connection
) -> Inspector:
    bounds = InspectionBounds(
        settings.dataset_max_mb,
        settings.dataset_whole_max_mb,
        settings.inspection_memory_mb,
        settings.inspection_s,
    )
    return Inspector(DataInspectionStore(connection), settings.datasets_dir, bounds)


@contextmanager
def _connected(settings: DataWorkerSettings) -> Iterator[psycopg2.extensions.connection]:
    url = settings.database_url.get_secret_value()
    with closing(psycopg2.connect(url, connect_timeout=5)) as connection:
        yield connection
