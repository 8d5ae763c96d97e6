"""Celery tasks: load, keep."""

from celery import Task, shared_task

from nnt_parser.keeper import keep
from nnt_parser.settings import ParserSettings
from nnt_parser.spool import Spool
from nnt_parser.store import Store


class _StoringTask(Task[[str], None]):
    """A task with the spool and database connection of its worker process."""

    _parts: tuple[Spool, Store] | None = None

    @property
    def parts(self) -> tuple[Spool, Store]:
        if self._parts is None:
            settings = ParserSettings()
            self._parts = Spool(settings.spool_dir), Store(settings.database_url.get_secret_value())
        return self._parts


@shared_task(base=_StoringTask, bind=True, name="nnt_parser.store_update")
def store_update(self: _StoringTask, name: str) -> None:
    keep(name, *self.parts)
