"""Everything that changes a simulation, or what is wanted of it."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.files.base import File
from django.db import connection, transaction
from django.db.models import QuerySet

from nnt_contract.part import Part
from nnt_contract.printable import printable
from nnt_contract.simulation_config import collected_epochs
from nnt_contract.status import Command, Wanted
from nnt_server import deployer_client
from nnt_server.accounts.models import User
from nnt_server.errors import IllegalCommand
from nnt_server.simulations import dataset_files, model_inspections, words
from nnt_server.simulations.configuration_file import MAX_SEED
from nnt_server.simulations.grid import Cell
from nnt_server.simulations.models import (
    ClockTimestamp,
    DataInspection,
    Dataset,
    DatasetFetch,
    Experiment,
    Simulation,
    SimulationEvent,
    Tag,
)

_MODELS_AT_ONCE = 8  # each may be megabytes


def create_experiment(
    owner: User,
    name: str,
    model: dict[str, Any],
    cells: Sequence[Cell],
    files: "Mapping[Part, File[bytes]]",
    urls: Mapping[Part, str],
    *,
    tags: Sequence[str] = (),
    seed: int | None = None,
) -> Experiment:
    """Keeps the datasets, writes a row for each cell, and rings the deployer once they are committed.

    Every part of the data is in `files` or in `urls`, from which the deployer fetches it. All simulations have
    the same seed; one is drawn where none is given.
    """
    folder = settings.NNT.datasets_dir
    dataset_files.remove_abandoned(folder)
    dataset_files.remove_abandoned(settings.NNT.uploads_dir, "*.upload*")
    with transaction.atomic():
        _hold_datasets()
        stored = {part: dataset_files.store(folder, file) for part, file in files.items()}
        _insert_datasets(set(stored.values()))
        _hold_owner(owner)
        experiment = Experiment.objects.create(
            owner=owner,
            name=name,
            model_inspection=model_inspections.ask(model, cells[0].configuration.backend),
            file_names={part: printable(file.name or "") for part, file in files.items()},
            **{f"{part}_dataset_id": file.sha256 for part, file in stored.items()},
        )
        DataInspection.objects.create(experiment=experiment)
        for part, url in urls.items():
            DatasetFetch.objects.create(experiment=experiment, part=part, url=url)
        seed = secrets.randbelow(MAX_SEED + 1) if seed is None else seed
        simulations = _simulations_of(experiment, cells, model, seed)
        Simulation.objects.bulk_create(simulations, batch_size=_MODELS_AT_ONCE)
        _tag(simulations, _tags_of(owner, tags))
        ids = [simulation.id for simulation in simulations]
        _note(owner, "create", *ids)
        transaction.on_commit(partial(deployer_client.ring_for_launch, ids))
    return experiment


def _simulations_of(
    experiment: Experiment, cells: Sequence[Cell], model: dict[str, Any], seed: int
) -> list[Simulation]:
    # Rising ids: what was created, and is wanted, since the same time is listed and gets its turn in that order.
    return [
        Simulation(
            id=sim_id,
            experiment=experiment,
            owner=experiment.owner,
            name=name,
            model=model,
            configuration=configuration.model_dump(mode="json"),
            seed=seed,
            expected_collections=len(
                collected_epochs(configuration.total_epochs, configuration.epoch_period)
            ),
            created_at=experiment.created_at,
        )
        for sim_id, (name, configuration) in zip(sorted(uuid4() for _ in cells), cells, strict=True)
    ]


def command(simulation: Simulation, command: Command, actor: User) -> None:
    """Says what is wanted of it from now on; raises IllegalCommand where that makes no sense in its state."""
    with transaction.atomic():
        now = _locked(simulation.id)
        if command not in now.possible_commands:
            raise IllegalCommand(words.refusal(now.name, now.label, command))
        _want(now.id, command.wants)
        _note(actor, command.value, now.id)
        transaction.on_commit(partial(deployer_client.ring_for_command, now.id, command))


def ask_to_delete(simulation: Simulation, actor: User) -> None:
    """The deployer ends what runs and removes the rows."""
    with transaction.atomic():
        _want_deleted(simulation.id, actor)
        transaction.on_commit(partial(deployer_client.ring_for_deletion, simulation.id))


def ask_to_delete_all_of(owner: User, actor: User) -> None:
    """The same for everything of a user. Nobody is rung: that is slow for many, and the deployer's loop sees it."""
    with transaction.atomic():
        for sim_id in Simulation.objects.filter(owner=owner).values_list("id", flat=True):
            with suppress(Simulation.DoesNotExist):  # the deployer was faster
                _want_deleted(sim_id, actor)


def _want_deleted(sim_id: UUID, actor: User) -> None:
    if _locked(sim_id).wanted != Wanted.DELETED:
        _want(sim_id, Wanted.DELETED)
        _note(actor, "delete", sim_id)


def _locked(sim_id: UUID) -> Simulation:
    """Its state, which nobody changes until the transaction ends.

    The weaker lock: a collection that is being stored refers to the row, and must hold up nobody who presses a button.
    """
    state = ("name", "status", "wanted", "wanted_at", "status_changed_at")
    return Simulation.objects.select_for_update(no_key=True).only(*state).get(id=sim_id)


def _want(sim_id: UUID, wanted: Wanted) -> None:
    # Only these columns: the others are the deployer's. The time is taken after waiting for the lock, so that it is
    # later than the change of status that we have seen.
    Simulation.objects.filter(id=sim_id).update(wanted=wanted.value, wanted_at=ClockTimestamp())


def _note(actor: User, what: str, *sim_ids: UUID) -> None:
    SimulationEvent.objects.bulk_create(
        SimulationEvent(simulation_id=sim_id, actor=actor.username, what=what) for sim_id in sim_ids
    )


def _hold_datasets() -> None:
    # From before a file is in place until its rows are there: nobody may find it unused and remove it.
    with connection.cursor() as cursor:
        cursor.execute("SELECT hold_datasets()")


def _hold_owner(owner: User) -> None:
    # Who was disabled, or left, during a long upload must not get a simulation that nobody would ever delete.
    if not User.objects.select_for_update(no_key=True).filter(id=owner.id, is_active=True):
        raise PermissionDenied("the account was disabled meanwhile")


def _tags_of(owner: User, names: Sequence[str]) -> QuerySet[Tag]:
    Tag.objects.bulk_create(
        [Tag(owner=owner, name=name) for name in sorted(set(names))], ignore_conflicts=True
    )
    return Tag.objects.filter(owner=owner, name__in=names)


def _tag(simulations: Sequence[Simulation], tags: Iterable[Tag]) -> None:
    Tagged = Simulation.tags.through
    Tagged.objects.bulk_create(
        Tagged(simulation=simulation, tag=tag) for simulation in simulations for tag in tags
    )


def _insert_datasets(files: set[dataset_files.StoredFile]) -> None:
    # In one order for everybody: two uploads of the same files must not wait for each other.
    rows = [Dataset(sha256=file.sha256, bytes=file.bytes) for file in sorted(files)]
    Dataset.objects.bulk_create(rows, ignore_conflicts=True)
