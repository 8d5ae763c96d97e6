"""The tables that this service writes; db/README.md names the writer of every column."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.functional import cached_property

from nnt_contract.data_report import DataReport
from nnt_contract.model_report import ModelReport
from nnt_contract.part import PARTS, Part, named
from nnt_contract.status import Command, Status, Wanted, apparent
from nnt_server.simulations import words
from nnt_server.simulations.inspection import Inspection
from nnt_server.simulations.part_of_data import PartOfData
from nnt_server.simulations.wait import Wait

# Migrations write these down: plain strings there, so that an old migration needs no class of today.
_ENDED = [status.value for status in Status if status.is_ended]

_FRESH = timedelta(seconds=30)  # a process that is watched is looked at much more often


class ClockTimestamp(models.Func):
    """The database's time now; `Now()` is when the statement began, which may have waited for a lock since."""

    function = "clock_timestamp"
    output_field = models.DateTimeField()


class Dataset(models.Model):
    """The content of an uploaded file, kept once however often it is uploaded."""

    sha256 = models.CharField(primary_key=True, max_length=64)
    bytes = models.BigIntegerField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "datasets"


class ModelInspection(Inspection):
    """What a model is made of, once for each content and backend; its report is nnt_contract.model_report."""

    id = models.TextField(primary_key=True)  # SHA-256 of backend and model
    model = models.JSONField()  # Keras JSON
    backend = models.TextField()  # of nnt_contract.simulation_config.Configuration
    asked_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "model_inspections"
        managed = False  # migration 0008 creates it

    @property
    def has_ended(self) -> bool:
        """It is not tried again unless somebody asks."""
        has_failed = self.failed_at is not None and self.failed_at >= self.asked_at
        return has_failed or self.finished_at is not None

    @property
    def wait(self) -> Wait:
        return Wait(words.inspecting_model(self.is_under_way))

    @property
    def found(self) -> ModelReport | None:
        return None if self.report is None else ModelReport.model_validate(self.report)


class Experiment(models.Model):
    """What one press of Create makes: simulations that share a model and datasets."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    name = models.CharField(max_length=200)
    # None: the deployer fetches it, and writes it here then.
    train_dataset = models.ForeignKey(Dataset, models.PROTECT, related_name="+", null=True)
    validation_dataset = models.ForeignKey(Dataset, models.PROTECT, related_name="+", null=True)
    test_dataset = models.ForeignKey(Dataset, models.PROTECT, related_name="+", null=True)
    # What their owner calls the uploaded files, by part: for people to read, in pages and in what is said of the data.
    file_names = models.JSONField(default=dict)
    # None: it was made before models were inspected.
    model_inspection = models.ForeignKey(
        ModelInspection, models.PROTECT, related_name="+", null=True
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "experiments"

    @property
    def datasets(self) -> dict[Part, Dataset | None]:
        """None: it is not fetched yet."""
        return {part: getattr(self, f"{part}_dataset") for part in PARTS}


class DatasetFetch(models.Model):
    """One part of an experiment's data that comes from a URL. Below `created_at` only the deployer writes."""

    experiment = models.ForeignKey(Experiment, models.DO_NOTHING, related_name="fetches")
    part = models.TextField()  # nnt_contract.part.Part
    url = models.TextField()
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    received_bytes = models.BigIntegerField(db_default=0)
    total_bytes = models.BigIntegerField(null=True)  # None: the other side did not say
    problem = models.TextField(db_default="")  # why it failed, in words for its owner
    failed_at = models.DateTimeField(null=True)
    fetched_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "dataset_fetches"
        managed = False  # migration 0006 creates it

    @property
    def is_under_way(self) -> bool:
        return self.started_at is not None and self.failed_at is None and self.fetched_at is None

    @property
    def wait(self) -> Wait:
        if not self.is_under_way:
            return Wait(words.fetch_waits(self.part))
        told = words.fetching(self.part, self.received_bytes, self.total_bytes)
        return Wait(told, self.received_bytes, self.total_bytes)


class DataInspection(Inspection):
    """What an experiment's data are like; its report is nnt_contract.data_report."""

    experiment = models.OneToOneField(
        Experiment, models.DO_NOTHING, primary_key=True, related_name="data_inspection"
    )

    class Meta:
        db_table = "data_inspections"
        managed = False  # migration 0008 creates it

    @property
    def wait(self) -> Wait:
        return Wait(words.inspecting_data(self.is_under_way))

    @property
    def found(self) -> DataReport | None:
        return None if self.report is None else DataReport.model_validate(self.report)


class Tag(models.Model):
    """A label of a user's own, which groups simulations: equal names of two users are two tags."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    name = models.CharField(max_length=100)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "tags"
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "name"], name="tags_are_one_per_owner_and_name"
            )
        ]


class Simulation(models.Model):
    """One training run. Below `expected_collections` only the deployer writes."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    experiment = models.ForeignKey(Experiment, on_delete=models.PROTECT)
    tags = models.ManyToManyField(Tag, db_table="simulation_tags", related_name="simulations")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    name = models.CharField(max_length=200)
    wanted = models.CharField(max_length=16, db_default=Wanted.RUNNING.value)
    model = models.JSONField()  # Keras JSON
    configuration = models.JSONField()  # nnt_contract.simulation_config.Configuration
    seed = models.BigIntegerField()
    expected_collections = models.IntegerField()
    wanted_at = models.DateTimeField(db_default=Now())  # when something was asked for last
    created_at = models.DateTimeField(db_default=Now())

    status = models.CharField(max_length=16, db_default=Status.QUEUED.value)
    reason = models.TextField(db_default="")  # why it has this status, in words for its owner
    attempt = models.IntegerField(db_default=0)  # how often a process was started for it
    threads = models.IntegerField(null=True)  # fixed at the first start, so that a resume is exact
    # How often in a row its process was lost with the machine, without a collection in between.
    interruptions = models.IntegerField(db_default=0)
    handle = models.JSONField(null=True)  # where its process is to be found again
    status_changed_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "simulations"
        indexes = [
            models.Index("owner", models.F("created_at").desc(), name="simulations_owner_created"),
            # What the deployer's loop looks at: a few rows among very many ended ones.
            models.Index(
                "status",
                name="simulations_not_ended",
                condition=~models.Q(status__in=_ENDED),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=[status.value for status in Status]),
                name="simulations_status_is_known",
            ),
            models.CheckConstraint(
                condition=models.Q(wanted__in=[wanted.value for wanted in Wanted]),
                name="simulations_wanted_is_known",
            ),
        ]

    # Of those that wait for their turn: the how manieth is next. `selectors.note_places` finds it out.
    place: int | None = None
    # What is to be done before it can have a turn. `selectors.note_waits` finds it out.
    waits: Sequence[Wait] = ()

    @property
    def shown_status(self) -> Status:
        """What it is to its user, who takes what was asked for as done."""
        is_asked_again = self.wanted_at > self.status_changed_at
        return apparent(Status(self.status), Wanted(self.wanted), is_asked_again)

    @property
    def is_settled(self) -> bool:
        """What was asked for is done."""
        return self.shown_status == self.status

    @property
    def label(self) -> str:
        """Its state in words: also what is asked for and not done yet."""
        return words.state(Status(self.status), self.shown_status)

    @property
    def shown_reason(self) -> str:
        return self.reason if self.is_settled else ""  # else it is of a state that passes

    @property
    def possible_commands(self) -> list[Command]:
        return [command for command in Command if self.shown_status in command.possible_in]

    @property
    def is_live(self) -> bool:
        """It has not ended, or was asked to start again."""
        return not self.shown_status.is_ended

    @property
    def is_resting(self) -> bool:
        """Nothing about it changes unless somebody asks."""
        return self.is_settled and (self.shown_status is Status.PAUSED or not self.is_live)

    @property
    def is_waiting(self) -> bool:
        """It stands in the queue."""
        waits = self.status in (Status.QUEUED, Status.PAUSED)
        return waits and self.wanted == Wanted.RUNNING

    @property
    def data_inspection(self) -> DataInspection | None:
        """None: it was created before data were inspected."""
        inspection: DataInspection | None = getattr(self.experiment, "data_inspection", None)
        return inspection

    @cached_property
    def _data_report(self) -> DataReport | None:
        return self.data_inspection.found if self.data_inspection else None

    @property
    def class_names(self) -> dict[int, str]:
        """Of the classes that have one in the data."""
        train = self._data_report.parts.get("train") if self._data_report else None
        return {one.value: one.name for one in train.labels.classes if one.name} if train else {}

    @property
    def data(self) -> list[PartOfData]:
        """Where the data comes from, what it is once it is there, the names inside, and what was found in it."""
        urls = {fetch.part: fetch.url for fetch in self.experiment.fetches.all()}
        report = self._data_report
        return [
            PartOfData(
                name=named(part),
                keys=self.configuration[part],
                sha256=dataset.sha256 if dataset else "",
                bytes=dataset.bytes if dataset else 0,
                file_name=self.experiment.file_names.get(part, ""),
                url=urls.get(part),
                found=report.parts.get(part) if report else None,
            )
            for part, dataset in self.experiment.datasets.items()
        ]

    @property
    def siblings(self) -> int:
        """How many others its experiment has."""
        return self.experiment.simulation_set.count() - 1

    @property
    def received_collections(self) -> int:
        return self.progress.received if hasattr(self, "progress") else 0

    @property
    def completed_epochs(self) -> int:
        """Epochs that have ended, as far as their collections tell; they are counted from 0."""
        return self.progress.epoch + 1 if hasattr(self, "progress") else 0

    @property
    def changed_at(self) -> datetime:
        arrived = [self.progress.time] if hasattr(self, "progress") else []
        return max(self.wanted_at, self.status_changed_at, *arrived)


class SimulationProgress(models.Model):
    """The latest epoch of a simulation. The parser writes it; migration 0002 creates it."""

    simulation = models.OneToOneField(
        Simulation,
        primary_key=True,
        db_column="sim_id",
        related_name="progress",
        on_delete=models.DO_NOTHING,
    )
    received = models.IntegerField()
    epoch = models.IntegerField()
    time = models.DateTimeField()
    loss = models.FloatField(null=True)
    accuracy = models.FloatField(null=True)
    val_loss = models.FloatField(null=True)
    val_accuracy = models.FloatField(null=True)

    class Meta:
        db_table = "simulation_progress"
        managed = False  # read here, never written


class SimulationEvent(models.Model):
    """What somebody asked of a simulation, or a change of its status, which the deployer notes itself."""

    simulation = models.ForeignKey(
        Simulation, db_column="sim_id", related_name="events", on_delete=models.DO_NOTHING
    )
    time = models.DateTimeField(db_default=ClockTimestamp())
    actor = models.TextField()
    what = models.TextField()
    status = models.TextField(null=True)
    reason = models.TextField(db_default="")

    class Meta:
        db_table = "simulation_events"
        managed = False  # migration 0004 creates it; rows are added and never changed

    @property
    def who(self) -> str:
        return self.actor if self.status is None else words.PLATFORM

    @property
    def told(self) -> str:
        return words.event(self.what, self.status)


class SimulationUsage(models.Model):
    """The last look at what a simulation uses. The deployer writes it; migration 0004 creates it."""

    simulation = models.OneToOneField(
        Simulation,
        primary_key=True,
        db_column="sim_id",
        related_name="usage",
        on_delete=models.DO_NOTHING,
    )
    attempt = models.IntegerField()
    sampled_at = models.DateTimeField()
    is_running = models.BooleanField()
    cpu_percent = models.FloatField(null=True)  # 100: one processor
    memory_bytes = models.BigIntegerField()
    peak_memory_bytes = models.BigIntegerField()  # of this attempt
    cpu_s = models.FloatField()  # of all attempts
    earlier_cpu_s = models.FloatField()  # of those before this one
    wall_s = models.FloatField()  # of all attempts, without pauses

    class Meta:
        db_table = "simulation_usage"
        managed = False  # read here, never written

    @property
    def is_fresh(self) -> bool:
        """What it says of now still holds."""
        return timezone.now() - self.sampled_at <= _FRESH
