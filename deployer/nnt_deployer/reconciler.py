"""The loop: compare what is wanted with what is observed, and have a step taken where they differ."""

import logging
import math
import time
from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from celery import Celery

from nnt_deployer import doorbell
from nnt_deployer.conductor import Conductor
from nnt_deployer.data_inspection_store import DataInspectionStore
from nnt_deployer.errors import NotReady
from nnt_deployer.fetch_store import FetchStore
from nnt_deployer.model_inspector import ModelInspector
from nnt_deployer.settings import DeployerSettings
from nnt_deployer.store import open_store
from nnt_deployer.worker import create_celery
from nnt_service.away import DATABASE_AWAY, REDIS_AWAY
from nnt_service.celery_app import waiting

_log = logging.getLogger(__name__)

_STRAYS_S = 60

_Key = TypeVar("_Key", UUID, str)


def tick(conductor: Conductor, celery: Celery) -> None:
    """Rings for every simulation that is due; acts itself while Redis is away."""
    for sim_id in conductor.due():
        _ring(celery, sim_id, doorbell.ADVANCE, conductor.advance)
    for sim_id in conductor.undelivered():
        _ring(celery, sim_id, doorbell.DELIVER, conductor.deliver)


def ring_for_models(inspector: ModelInspector, celery: Celery) -> None:
    """Once the bells before are heard: who inspects a model rings for itself until it has ended."""
    if not waiting(celery, doorbell.QUEUE):
        for inspection_id in inspector.due():
            _ring(celery, inspection_id, doorbell.INSPECT_MODEL, inspector.advance)


def ring_for_data(inspections: DataInspectionStore, fetches: FetchStore, celery: Celery) -> None:
    """Has the data worker do what simulations wait for. Nobody does that here, where Docker can be reached."""
    try:
        bells = doorbell.of_data(inspections.due()) + doorbell.of_fetches(fetches.due())
        doorbell.ring_data_worker(celery, bells)
    except REDIS_AWAY:
        _log.warning("Redis does not answer: datasets are fetched and inspected when it does")


def look_after(conductor: Conductor, is_time_for_strays: bool) -> None:
    """What is done for all alike, some of it from time to time."""
    try:
        conductor.sample()
        if is_time_for_strays:
            conductor.forget_models()
            conductor.end_strays()
        conductor.mend()
    except NotReady as error:
        _log.warning("%s (%s)", error, error.__cause__)


def _ring(celery: Celery, key: _Key, task: str, act: Callable[[_Key], object]) -> None:
    try:
        doorbell.ring(celery, key, task)
    except REDIS_AWAY:
        _log.warning("Redis does not answer: %s of %s happens here", task, key)
        _act(key, task, act)


def _act(key: _Key, task: str, act: Callable[[_Key], object]) -> None:
    try:
        act(key)
    except DATABASE_AWAY:
        raise
    except Exception:
        # One simulation that goes wrong must not hold up the others. The next tick tries again.
        _log.exception("%s of %s failed", task, key)


def _lead(settings: DeployerSettings, celery: Celery) -> None:
    """Ticks for as long as this process is the one reconciler and the database answers."""
    with open_store(settings) as store:
        conductor = Conductor(settings, store)
        inspector = ModelInspector(settings, store.model_inspections)
        strays_sought = -math.inf
        while store.lead_loop():
            ring_for_models(inspector, celery)
            tick(conductor, celery)
            ring_for_data(store.data_inspections, store.fetches, celery)
            is_time_for_strays = time.monotonic() - strays_sought > _STRAYS_S
            look_after(conductor, is_time_for_strays)
            if is_time_for_strays:
                strays_sought = time.monotonic()
            time.sleep(settings.tick_s)


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    settings = DeployerSettings()
    celery = create_celery(settings)
    while True:
        try:
            _lead(settings, celery)
        except DATABASE_AWAY as error:
            _log.warning("the database does not answer: %s", str(error).strip())
        except Exception:
            # The outermost loop: whatever it is, the next tick may go well.
            _log.exception("a tick failed")
        time.sleep(settings.tick_s)


if __name__ == "__main__":
    main()
