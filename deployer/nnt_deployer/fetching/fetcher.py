"""Fetches one part of an experiment's data, from its row to the file that simulations find."""

import logging
import math
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from nnt_contract.part import Part
from nnt_deployer.errors import FetchFailed, in_words
from nnt_deployer.fetch_store import Fetch, FetchStore
from nnt_deployer.fetching import dataset_file
from nnt_deployer.fetching.dataset_file import DatasetFile
from nnt_deployer.fetching.download import Bounds, Download
from nnt_service.away import DATABASE_AWAY

_log = logging.getLogger(__name__)

_TELL_S = 1.0
_MAX_CHARACTERS = 1000  # of a problem; names of hosts, which are in it, may be long
_NAMES: Mapping[Part, str] = {"train": "training", "validation": "validation", "test": "test"}


class Fetcher:
    def __init__(self, store: FetchStore, folder: Path, bounds: Bounds) -> None:
        self._store = store
        self._folder = folder
        self._bounds = bounds

    def fetch(self, fetch_id: int) -> None:
        """Does nothing where somebody else is at it, or nobody waits for it."""
        with self._store.exclusive(fetch_id) as mine:
            fetch = self._store.begin(fetch_id) if mine else None
            if fetch is not None:
                _log.info("fetching the %s data %d", fetch.part, fetch.id)
                self._fetch_or_tell(fetch)

    def remove_abandoned(self) -> None:
        """Removes the files of fetches that nobody is at: their worker was killed."""
        for fetch_id in dataset_file.unfinished(self._folder):
            with self._store.exclusive(fetch_id) as mine:
                if mine:
                    dataset_file.remove(self._folder, fetch_id)

    def _fetch_or_tell(self, fetch: Fetch) -> None:
        """Its owner sees why there is no dataset; without that it would be tried for ever."""
        try:
            self._fetch(fetch)
        except DATABASE_AWAY:
            raise
        except FetchFailed as error:
            self._fail(fetch, str(error))
        except Exception as error:
            self._fail(fetch, f"the platform has trouble with it ({in_words(error)})")
            raise

    def _fetch(self, fetch: Fetch) -> None:
        with dataset_file.incoming(self._folder, fetch.id) as file:
            if not self._receive(fetch, file):
                return
            file.complete()
            if self._store.finish(fetch.id, file.sha256, file.size, file.put_in_place):
                _log.info("fetched %d bytes for %d", file.size, fetch.id)

    def _receive(self, fetch: Fetch, file: DatasetFile) -> bool:
        """Whether all of it has come; False as soon as nobody waits for it any more."""
        download = Download(fetch.url, self._bounds)
        told = -math.inf  # with the first chunk it is known how much there is in all
        with closing(download.chunks()) as chunks:
            for chunk in chunks:
                file.write(chunk)
                if time.monotonic() - told >= _TELL_S:
                    if not self._store.progress(fetch.id, download.received, download.total):
                        return False
                    told = time.monotonic()
        return True

    def _fail(self, fetch: Fetch, problem: str) -> None:
        _log.info("fetch %d failed: %s", fetch.id, problem)
        whole = f"the {_NAMES[fetch.part]} dataset could not be fetched: {problem}"
        self._store.fail(fetch.id, whole[:_MAX_CHARACTERS])
