"""Everything that reads what machines have and use."""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection
from django.utils import timezone

_FRESH = timedelta(seconds=30)  # the deployer looks much more often

_HOSTS = """
    SELECT host, sampled_at, cpus, cpu_percent, memory_bytes, memory_used_bytes, disk_bytes, disk_used_bytes
    FROM host_usage ORDER BY host
"""


class Host(NamedTuple):
    name: str
    sampled_at: datetime
    cpus: int
    cpu_percent: float  # of all its processors
    memory_bytes: int
    memory_used_bytes: int
    disk_bytes: int  # of the file system with the data
    disk_used_bytes: int

    @property
    def is_fresh(self) -> bool:
        return timezone.now() - self.sampled_at <= _FRESH


def hosts() -> list[Host]:
    """The last look at each."""
    with connection.cursor() as cursor:
        cursor.execute(_HOSTS)
        return [Host(*row) for row in cursor.fetchall()]
