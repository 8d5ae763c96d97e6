"""Commands, ends, crashes and reboots in any order: what must be true of simulations and processes all the same."""

import contextlib
import functools
import os
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Any

import psycopg2
from hypothesis import HealthCheck, settings, strategies
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from pydantic import SecretStr

from nnt_contract.data_report import DataReport
from nnt_contract.environment import EXIT_FAILED, EXIT_FINISHED
from nnt_contract.status import Command, Status, Wanted, apparent
from nnt_deployer.conductor import Conductor
from nnt_deployer.errors import LaunchFailed
from nnt_deployer.launchers.base import Exit, Handle, Observed, ProcessSpec, State
from nnt_deployer.settings import DeployerSettings
from nnt_deployer.shutdown import suspend_all
from nnt_deployer.store import Store, open_store
from tests.deployer.in_process import InProcessLauncher

PLACES = 2
_OWNERS = (1, 1, 2)  # of the simulations: one has to wait
_MISBEHAVIOURS = ("is_deaf", "dies_at_once", "cannot_start", "lies")
LONG = timedelta(hours=1)
ANY = strategies.integers(0, 11)  # of whatever there is then
TICKS = strategies.integers(0, 3)

_ADD_USERS = """
INSERT INTO users (id, username, password, is_superuser, is_staff, is_active, first_name, last_name, email, date_joined)
SELECT i, 'user' || i, '', false, false, true, '', '', '', now() FROM generate_series(1, 2) i ON CONFLICT DO NOTHING;
"""
_CREATE = """
INSERT INTO datasets (sha256, bytes) VALUES ('0', 1) ON CONFLICT DO NOTHING;
INSERT INTO experiments (id, owner_id, name, train_dataset_id, validation_dataset_id, test_dataset_id)
VALUES (%(id)s, %(owner)s, 'x', '0', '0', '0');
INSERT INTO simulations (id, experiment_id, owner_id, name, model, configuration, seed, expected_collections)
VALUES (%(id)s, %(id)s, %(owner)s, 'x', '{"class_name": "Sequential"}', %(configuration)s, 1, 1);
"""
_FROM_URL = """
UPDATE experiments SET train_dataset_id = NULL WHERE id = %(id)s;
INSERT INTO dataset_fetches (experiment_id, part, url) VALUES (%(id)s, 'train', 'https://data.example/');
INSERT INTO data_inspections (experiment_id) VALUES (%(id)s);
"""
_WITHOUT_DATA = """
SELECT s.id FROM simulations s JOIN experiments x ON x.id = s.experiment_id
LEFT JOIN data_inspections i ON i.experiment_id = x.id
WHERE x.train_dataset_id IS NULL OR (i.experiment_id IS NOT NULL AND i.finished_at IS NULL)
"""
_CONFIGURATION = (
    '{"total_epochs": 1, "learning_rate": 0.1, "optimizer": {"name": "sgd"}, "loss_function": {"name": "mse"},'
    ' "train": {"features": "x", "labels": "y"}, "validation": {"features": "x", "labels": "y"},'
    ' "test": {"features": "x", "labels": "y"}}'
)
_ARRIVE = """
INSERT INTO simulation_progress (sim_id, received, epoch, time) VALUES (%(id)s, 1, 0, now()) ON CONFLICT DO NOTHING
"""
_SAY = """
INSERT INTO run_ends (sim_id, attempt, time, error) VALUES (%(id)s, %(attempt)s, now(), %(error)s)
ON CONFLICT (sim_id) DO UPDATE SET attempt = excluded.attempt, error = excluded.error
WHERE run_ends.attempt < excluded.attempt
"""


class Killed(BaseException):
    """The deployer ends here, as if by kill -9."""


class Saboteur:
    """Kills the deployer at one of the moments before and after everything it does."""

    def __init__(self) -> None:
        self.moments_left: int | None = None

    def moment(self) -> None:
        if self.moments_left is not None:
            self.moments_left -= 1
            if self.moments_left < 0:
                self.moments_left = None
                raise Killed

    def around(self, act: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(act)
        def sabotaged(*args: Any, **kwargs: Any) -> Any:
            self.moment()
            result = act(*args, **kwargs)
            self.moment()
            return result

        return sabotaged


class Death(Enum):
    FINISHED = Exit(code=EXIT_FINISHED)
    FINISHED_WITHOUT_A_WORD = Exit(code=EXIT_FINISHED, cpu_s=1.0)
    FAILED = Exit(code=EXIT_FAILED)
    CRASHED = Exit(code=1)
    KILLED = Exit(signal=9)
    LOST = Exit()

    @property
    def exit(self) -> Exit:
        return self.value

    @property
    def is_its_own(self) -> bool:
        return self in (Death.FINISHED, Death.FINISHED_WITHOUT_A_WORD, Death.FAILED)


class SabotagedStore:
    def __init__(self, store: Store, saboteur: Saboteur) -> None:
        self._store = store
        self._saboteur = saboteur

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        is_an_act = callable(found) and name != "exclusive"
        return self._saboteur.around(found) if is_an_act else found


class SabotagedLauncher(InProcessLauncher):
    """Its processes die at once, or end only when killed; it starts none, or does and says it did not."""

    def __init__(self, saboteur: Saboteur) -> None:
        super().__init__()
        self.dies_at_once = False
        self.cannot_start = False
        self.lies = False
        for name in ("start", "pause", "resume", "ask", "insist", "kill", "remove"):
            setattr(self, name, saboteur.around(getattr(self, name)))

    def start(self, spec: ProcessSpec) -> None:
        if self.cannot_start:
            raise LaunchFailed("no more processes")
        others = [handle for handle in self.there() if handle.sim_id == spec.handle.sim_id]
        assert others in ([], [spec.handle]), f"{spec.handle} is started beside {others}"
        is_new = spec.handle not in self.processes
        super().start(spec)
        if is_new and self.dies_at_once:
            self.end(spec.handle, Exit(code=1))
        if self.lies:
            raise LaunchFailed("no answer in time")

    def there(self) -> list[Handle]:
        return [handle for handle, seen in self.processes.items() if seen.is_there]


class Deployment(RuleBasedStateMachine):
    def __init__(self, database: str, data_dir: Path) -> None:
        super().__init__()
        self._settings = DeployerSettings(
            database_url=SecretStr(database),
            redis_url=SecretStr("redis://unused"),
            token_secret=SecretStr("t" * 32),
            service_token=SecretStr("s" * 32),
            data_dir=data_dir,
            max_running=PLACES,
            max_running_per_user=PLACES,
        )
        self._created = 0
        self._saboteur = Saboteur()
        self.launcher = SabotagedLauncher(self._saboteur)
        self._connection = psycopg2.connect(database)
        self._connection.autocommit = True
        self._query(_ADD_USERS)
        self._store = open_store(self._settings)

    def teardown(self) -> None:
        try:
            self._come_to_rest()
        finally:
            self._query("SELECT delete_simulation(id) FROM simulations")
            self._store.close()
            self._connection.close()

    # What users do

    @initialize()
    def create_some(self) -> None:
        for owner in _OWNERS:
            self._create(owner)
        self._tick(3)

    @precondition(lambda self: self._count() < len(_OWNERS))
    @rule(owner=strategies.sampled_from(_OWNERS), is_from_url=strategies.booleans(), then=TICKS)
    def create(self, owner: int, is_from_url: bool, then: int) -> None:
        self._create(owner, is_from_url)
        self._tick(then)

    @rule(which=ANY, what=ANY, then=TICKS)
    def command(self, which: int, what: int, then: int) -> None:
        """One of those that are possible then, as the server asks for it."""
        for sim_id, status, wanted, again in self._any(
            "SELECT id, status, wanted, wanted_at > status_changed_at", which
        ):
            seems = apparent(Status(status), Wanted(wanted), again)
            possible = [command for command in Command if seems in command.possible_in]
            if possible:
                self._want(sim_id, possible[what % len(possible)].wants)
        self._tick(then)

    @rule(which=ANY, then=TICKS)
    def delete(self, which: int, then: int) -> None:
        for (sim_id,) in self._any("SELECT id", which):
            self._want(sim_id, Wanted.DELETED)
        self._tick(then)

    # What the data worker does

    @rule(which=ANY, ends_well=strategies.booleans(), then=TICKS)
    def fetch(self, which: int, ends_well: bool, then: int) -> None:
        fetches = self._store.fetches
        if due := fetches.due():
            fetch_id = due[which % len(due)]
            assert fetches.begin(fetch_id)
            if ends_well:
                assert fetches.finish(fetch_id, "0", 1, lambda: None)
            else:
                fetches.fail(fetch_id, "nobody is there")
        self._tick(then)

    @rule(which=ANY, ends_well=strategies.booleans(), then=TICKS)
    def inspect_data(self, which: int, ends_well: bool, then: int) -> None:
        inspections = self._store.data_inspections
        if due := inspections.due():
            experiment_id = due[which % len(due)]
            assert inspections.begin(experiment_id)
            if ends_well:
                inspections.finish(experiment_id, DataReport(parts={}, leaks=(), problems=()))
            else:
                inspections.fail(experiment_id, "a cell is empty")
        self._tick(then)

    # What processes do

    @rule(which=ANY, how=strategies.sampled_from(Death), then=TICKS)
    def end(self, which: int, how: Death, then: int) -> None:
        if there := self.launcher.there():
            handle = there[which % len(there)]
            if how.is_its_own and self.launcher.processes[handle].state is State.PAUSED:
                return
            if how is Death.FINISHED or how is Death.FINISHED_WITHOUT_A_WORD:
                self._query(_ARRIVE, id=handle.sim_id)
            if how is Death.FINISHED:
                self._say(handle, None)
            if how is Death.FAILED:
                self._say(handle, "the loss is a string")
            self.launcher.end(handle, how.exit)
        self._tick(then)

    @rule(which=ANY, state=strategies.sampled_from([State.ALIVE, State.PAUSED]))
    def be_signalled_by_somebody_else(self, which: int, state: State) -> None:
        if there := self.launcher.there():
            self.launcher.processes[there[which % len(there)]] = Observed(state)

    @rule(how=strategies.sampled_from(["well", "well", *_MISBEHAVIOURS]))
    def behave(self, how: str) -> None:
        for misbehaviour in _MISBEHAVIOURS:
            setattr(self.launcher, misbehaviour, how == misbehaviour)

    # What the deployer does, and what is done to it

    @rule(moments=strategies.integers(0, 40))
    def tick_and_be_killed(self, moments: int) -> None:
        """At one of its moments, if it has so many; another one is there at once."""
        self._saboteur.moments_left = moments
        try:
            self._tick(1)
        except Killed:
            self._restart()
        self._saboteur.moments_left = None

    @rule(then=TICKS)
    def reboot(self, then: int) -> None:
        for handle in self.launcher.there():
            self.launcher.end(handle, Exit())
        self._restart()
        self._tick(then)

    @rule(moments=strategies.none() | strategies.integers(0, 20), then=TICKS)
    def shut_down(self, moments: int | None, then: int) -> None:
        self._saboteur.moments_left = moments
        with contextlib.suppress(Killed):
            suspend_all(self._conductor(), self.launcher, self._sabotaged(), timedelta(0))
        self._saboteur.moments_left = None
        self._restart()
        self._tick(then)

    @rule()
    def pass_time(self) -> None:
        self._query(
            "UPDATE simulations SET status_changed_at = status_changed_at - %(long)s, wanted_at = wanted_at - %(long)s",
            long=LONG,
        )

    @rule()
    def come_to_rest(self) -> None:
        self._come_to_rest()

    # What is true at any time

    @invariant()
    def no_simulation_has_two_processes(self) -> None:
        there = Counter(handle.sim_id for handle in self.launcher.there())
        assert all(count == 1 for count in there.values()), there

    @invariant()
    def places_are_kept(self) -> None:
        # A paused one that is stopped waits for none: it ends.
        [(taken,)] = self._query(
            "SELECT count(*) FROM simulations WHERE status IN ('preparing', 'running')"
        )
        assert taken <= PLACES

    # What is true once nothing happens any more

    def _come_to_rest(self) -> None:
        if not self.launcher.is_deaf:  # which is no excuse: who does not stop is killed
            self.behave("well")
        for _ in range(40):
            self.pass_time()
            self._conductor().end_strays()
            if not self._conductor().due():
                return self._judge()
            self._tick(1)
        raise AssertionError("it never comes to rest")

    def _judge(self) -> None:
        there = {handle.sim_id: self.launcher.processes[handle] for handle in self.launcher.there()}
        rows = {
            sim_id: (Status(status), Wanted(wanted))
            for sim_id, status, wanted in self._query("SELECT id, status, wanted FROM simulations")
        }
        assert there.keys() <= rows.keys()
        without_data = {sim_id for (sim_id,) in self._query(_WITHOUT_DATA)}
        assert not there.keys() & without_data
        for sim_id, (status, wanted) in rows.items():
            seen = there.get(sim_id)
            assert wanted is not Wanted.DELETED
            match status:
                case Status.RUNNING:
                    assert wanted is Wanted.RUNNING and seen and seen.state is State.ALIVE
                case Status.PAUSED:
                    assert seen is None or seen.state is State.PAUSED
                    assert wanted is Wanted.PAUSED or self._is_full(rows)
                case Status.QUEUED:
                    assert seen is None and wanted is Wanted.RUNNING
                    assert self._is_full(rows) or sim_id in without_data
                case _:
                    assert seen is None and status.is_ended, status

    @staticmethod
    def _is_full(rows: dict[uuid.UUID, tuple[Status, Wanted]]) -> bool:
        return sum(status.is_using_a_place for status, _ in rows.values()) == PLACES

    # Hands

    def _conductor(self) -> Conductor:
        return Conductor(self._settings, self._sabotaged(), self.launcher)

    def _sabotaged(self) -> Any:
        return SabotagedStore(self._store, self._saboteur)

    def _restart(self) -> None:
        self._saboteur.moments_left = None
        self._store.close()
        self._store = open_store(self._settings)

    def _tick(self, times: int) -> None:
        for _ in range(times):
            for sim_id in self._conductor().due():
                self._conductor().advance(sim_id)

    def _create(self, owner: int, is_from_url: bool = False) -> None:
        self._created += 1
        sim_id = uuid.UUID(int=self._created)  # the same in every repetition
        values = {"id": sim_id, "owner": owner, "configuration": _CONFIGURATION}
        self._query(_CREATE + (_FROM_URL if is_from_url else ""), **values)

    def _count(self) -> int:
        [(count,)] = self._query("SELECT count(*) FROM simulations")
        return int(count)

    def _any(self, select: str, which: int) -> list[tuple[Any, ...]]:
        """A row of one of the simulations that have not ended well, or none."""
        rows = self._query(f"{select} FROM simulations WHERE status <> 'finished' ORDER BY id")
        return [rows[which % len(rows)]] if rows else []

    def _want(self, sim_id: uuid.UUID, wanted: Wanted) -> None:
        self._query(
            "UPDATE simulations SET wanted = %(wanted)s, wanted_at = clock_timestamp()"
            " WHERE id = %(id)s AND wanted <> 'deleted'",
            id=sim_id,
            wanted=wanted.value,
        )

    def _say(self, handle: Handle, error: str | None) -> None:
        self._query(_SAY, id=handle.sim_id, attempt=handle.attempt, error=error)

    def _query(self, statement: str, **values: object) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []


def test_whatever_happens_in_whatever_order_status_and_processes_agree(database, tmp_path):
    class Here(Deployment):
        def __init__(self) -> None:
            super().__init__(database, tmp_path)

    walks = os.environ.get("NNT_WALKS")  # so many, and new ones each time
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=int(walks or 40),
            derandomize=walks is None,
            database=None,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
