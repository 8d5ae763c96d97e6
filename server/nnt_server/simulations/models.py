"""The tables that this service writes; db/README.md names the writer of every column."""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from nnt_contract.status import Status, Wanted

# Migrations write these down: plain strings there, so that an old migration needs no class of today.
_ENDED = [status.value for status in Status if status.is_ended]


class Dataset(models.Model):
    """The content of an uploaded file, kept once however often it is uploaded."""

    sha256 = models.CharField(primary_key=True, max_length=64)
    bytes = models.BigIntegerField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "datasets"


class Experiment(models.Model):
    """What one press of Create makes: simulations that share a model and datasets."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    name = models.CharField(max_length=200)
    train_dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="+")
    validation_dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="+")
    test_dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "experiments"


class Simulation(models.Model):
    """One training run. Below `expected_collections` only the deployer writes."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    experiment = models.ForeignKey(Experiment, on_delete=models.PROTECT)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    name = models.CharField(max_length=200)
    wanted = models.CharField(max_length=16, db_default=Wanted.RUNNING.value)
    model = models.JSONField()  # Keras JSON
    configuration = models.JSONField()  # nnt_contract.simulation_config.Configuration
    seed = models.BigIntegerField()
    expected_collections = models.IntegerField()
    created_at = models.DateTimeField(db_default=Now())

    status = models.CharField(max_length=16, db_default=Status.QUEUED.value)
    reason = models.TextField(db_default="")  # why it has this status, in words for its owner
    attempt = models.IntegerField(db_default=0)  # how often a process was started for it
    threads = models.IntegerField(null=True)  # fixed at the first start, so that a resume is exact
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

    @property
    def shown_status(self) -> Status:
        """What to tell people: who has asked for a deletion is not told that it is still running."""
        return Status.DELETING if self.wanted == Wanted.DELETED else Status(self.status)

    @property
    def is_live(self) -> bool:
        """Something about it may change without anybody asking."""
        return not self.shown_status.is_ended

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
        return max(self.created_at, self.status_changed_at, *arrived)


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
