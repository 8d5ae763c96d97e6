"""Inspects an experiment's data, from its row to what was found."""

import logging
from pathlib import Path
from uuid import UUID

from nnt_deployer.data_inspection import program
from nnt_deployer.data_inspection.request import Bounds, Inspection, request
from nnt_deployer.data_inspection_store import DataInspectionStore
from nnt_deployer.errors import InspectionFailed, in_words
from nnt_service.away import DATABASE_AWAY

_log = logging.getLogger(__name__)

_LOOK_S = 1.0
_MAX_CHARACTERS = 2000  # of a problem


class Inspector:
    def __init__(self, store: DataInspectionStore, folder: Path, bounds: Bounds) -> None:
        self._store = store
        self._folder = folder
        self._bounds = bounds

    def inspect(self, experiment_id: UUID) -> list[UUID]:
        """Does nothing where somebody else is at it, or nobody waits for it; returns who waited."""
        with self._store.exclusive(experiment_id) as mine:
            inspection = self._store.begin(experiment_id) if mine else None
            if inspection is None:
                return []
            self._inspect_or_tell(inspection)
        return self._store.waiting(experiment_id)

    def _inspect_or_tell(self, inspection: Inspection) -> None:
        """Its owner sees what is wrong; without that it would be tried for ever."""
        try:
            self._inspect(inspection)
        except DATABASE_AWAY:
            raise
        except InspectionFailed as error:
            self._fail(inspection, str(error))
        except Exception as error:
            self._fail(inspection, program.TROUBLE.format(in_words(error)))
            raise

    def _inspect(self, inspection: Inspection) -> None:
        asked = request(inspection, self._folder, self._bounds)
        with program.started(asked, self._folder, self._bounds.seconds) as child:
            while not child.has_answered(_LOOK_S):
                if not self._store.is_awaited(inspection.experiment_id):
                    return
            self._store.finish(inspection.experiment_id, child.report())

    def _fail(self, inspection: Inspection, problem: str) -> None:
        _log.info("data of experiment %s: %s", inspection.experiment_id, problem)
        self._store.fail(inspection.experiment_id, problem[:_MAX_CHARACTERS])
