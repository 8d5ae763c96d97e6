"""Celery tasks of the data worker: it fetches, and knows nothing of simulations or of what runs them."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2
from celery import shared_task

from nnt_deployer import doorbell
from nnt_deployer.fetch_store import FetchStore
from nnt_deployer.fetching.download import Bounds
from nnt_deployer.fetching.fetcher import Fetcher
from nnt_deployer.settings import DataWorkerSettings

_MB = 10**6


@shared_task(name=doorbell.FETCH)
def fetch(fetch_id: int) -> None:
    with fetcher(DataWorkerSettings()) as one:
        one.remove_abandoned()
        one.fetch(fetch_id)


@contextmanager
def fetcher(settings: DataWorkerSettings) -> Iterator[Fetcher]:
    """With a database connection of its own."""
    url = settings.database_url.get_secret_value()
    bounds = Bounds(settings.fetch_max_mb * _MB, settings.fetch_s, settings.fetch_allowed_hosts)
    with closing(psycopg2.connect(url, connect_timeout=5)) as connection:
        yield Fetcher(FetchStore(connection), settings.datasets_dir, bounds)
