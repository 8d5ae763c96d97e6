"""This service's SQL about what simulations and the machine use."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import psycopg2.extensions

from nnt_deployer.launchers.base import Exit, Handle, Usage
from nnt_deployer.machine import Machine

# One statement adds up: the time since the last look counts as trained if it was training then, and is still the same
# attempt; the processor time of earlier attempts is what was known when the attempt changed.
_SAMPLE = """
INSERT INTO simulation_usage AS u (sim_id, attempt, sampled_at, is_running, memory_bytes, peak_memory_bytes,
                                   cpu_s, earlier_cpu_s, wall_s)
VALUES (%(sim_id)s, %(attempt)s, clock_timestamp(), %(is_running)s, %(memory_bytes)s, %(memory_bytes)s,
        %(cpu_s)s, 0, 0)
ON CONFLICT (sim_id) DO UPDATE SET
    attempt = excluded.attempt,
    sampled_at = excluded.sampled_at,
    is_running = excluded.is_running,
    cpu_percent = CASE WHEN u.attempt = excluded.attempt AND excluded.sampled_at > u.sampled_at THEN
        100 * greatest(0, excluded.cpu_s - (u.cpu_s - u.earlier_cpu_s))
            / extract(epoch FROM excluded.sampled_at - u.sampled_at) END,
    memory_bytes = excluded.memory_bytes,
    peak_memory_bytes = CASE WHEN u.attempt = excluded.attempt
        THEN greatest(u.peak_memory_bytes, excluded.memory_bytes) ELSE excluded.memory_bytes END,
    earlier_cpu_s = CASE WHEN u.attempt = excluded.attempt THEN u.earlier_cpu_s ELSE u.cpu_s END,
    cpu_s = excluded.cpu_s + CASE WHEN u.attempt = excluded.attempt THEN u.earlier_cpu_s ELSE u.cpu_s END,
    wall_s = u.wall_s + CASE WHEN u.attempt = excluded.attempt AND u.is_running
        THEN extract(epoch FROM excluded.sampled_at - u.sampled_at) ELSE 0 END
WHERE u.attempt <= excluded.attempt
"""

# When the process is gone: what it used in all is known now, and that it uses nothing.
_END = """
UPDATE simulation_usage u
SET is_running = false, cpu_percent = NULL, memory_bytes = 0,
    cpu_s = greatest(u.cpu_s, u.earlier_cpu_s + coalesce(%(cpu_s)s, 0)),
    wall_s = u.wall_s + CASE WHEN u.is_running AND %(at)s > u.sampled_at
        THEN extract(epoch FROM %(at)s - u.sampled_at) ELSE 0 END,
    sampled_at = greatest(u.sampled_at, %(at)s)
WHERE u.sim_id = %(sim_id)s AND u.attempt = %(attempt)s
"""

_HOST = """
INSERT INTO host_usage (host, sampled_at, cpus, cpu_percent, memory_bytes, memory_used_bytes,
                        disk_bytes, disk_used_bytes)
VALUES (%(host)s, clock_timestamp(), %(cpus)s, %(cpu_percent)s, %(memory_bytes)s, %(memory_used_bytes)s,
        %(disk_bytes)s, %(disk_used_bytes)s)
ON CONFLICT (host) DO UPDATE SET
    sampled_at = excluded.sampled_at, cpus = excluded.cpus, cpu_percent = excluded.cpu_percent,
    memory_bytes = excluded.memory_bytes, memory_used_bytes = excluded.memory_used_bytes,
    disk_bytes = excluded.disk_bytes, disk_used_bytes = excluded.disk_used_bytes
"""

_HOSTS = "SELECT to_json(host_usage) FROM host_usage ORDER BY host"

_SIMULATIONS = """
SELECT to_json(now) FROM (
    SELECT s.id, s.name, s.status, s.attempt, u.sampled_at, u.cpu_percent, u.memory_bytes, u.peak_memory_bytes,
           u.cpu_s, u.wall_s
    FROM simulations s JOIN simulation_usage u ON u.sim_id = s.id AND u.attempt = s.attempt
    WHERE s.status IN ('preparing', 'running', 'paused', 'stopping')
    ORDER BY s.created_at, s.id) now
"""


class UsageStore:
    """Every method is a transaction of its own."""

    def __init__(self, connection: psycopg2.extensions.connection) -> None:
        self._connection = connection

    def save_sample(self, handle: Handle, usage: Usage, is_running: bool) -> None:
        """`is_running`: it was not paused."""
        self._execute(
            _SAMPLE,
            sim_id=handle.sim_id,
            attempt=handle.attempt,
            is_running=is_running,
            cpu_s=usage.cpu_s,
            memory_bytes=usage.memory_bytes,
        )

    def save_end(self, handle: Handle, end: Exit) -> None:
        """What the process used in all, where its end tells; it may be saved again."""
        self._execute(
            _END,
            sim_id=handle.sim_id,
            attempt=handle.attempt,
            cpu_s=end.cpu_s,
            at=end.at or datetime.now(UTC),
        )

    def save_machine(self, machine: Machine) -> None:
        self._execute(_HOST, **asdict(machine))

    def machines(self) -> list[dict[str, Any]]:
        """The last look at each."""
        return self._rows(_HOSTS)

    def simulations(self) -> list[dict[str, Any]]:
        """The last look at each simulation that has a process."""
        return self._rows(_SIMULATIONS)

    def _execute(self, statement: str, **values: object) -> None:
        with self._connection, self._connection.cursor() as cursor:
            cursor.execute(statement, values)

    def _rows(self, statement: str) -> list[dict[str, Any]]:
        with self._connection, self._connection.cursor() as cursor:
            cursor.execute(statement)
            return [row for (row,) in cursor.fetchall()]
