"""Everything that changes a simulation."""

import secrets
from collections.abc import Mapping
from functools import partial
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.db import connection, transaction

from nnt_contract.simulation_config import Configuration, Part, collected_epochs
from nnt_contract.status import Wanted
from nnt_server import deployer_client
from nnt_server.accounts.models import User
from nnt_server.simulations import dataset_files
from nnt_server.simulations.models import Dataset, Experiment, Simulation

_SEEDS = 2**31  # what every library that is seeded with it takes


def create_experiment(
    owner: User,
    name: str,
    model: dict[str, Any],
    configuration: Configuration,
    files: "Mapping[Part, File[bytes]]",
) -> Experiment:
    """Keeps the datasets, writes the rows, and rings the deployer once they are committed."""
    folder = settings.NNT.datasets_dir
    with transaction.atomic():
        _hold_datasets()
        stored = {part: dataset_files.store(folder, file) for part, file in files.items()}
        _insert_datasets(set(stored.values()))
        experiment = Experiment.objects.create(
            owner=owner,
            name=name,
            train_dataset_id=stored["train"].sha256,
            validation_dataset_id=stored["validation"].sha256,
            test_dataset_id=stored["test"].sha256,
        )
        simulation = Simulation.objects.create(
            experiment=experiment,
            owner=owner,
            name=name,
            model=model,
            configuration=configuration.model_dump(mode="json"),
            seed=secrets.randbelow(_SEEDS),
            expected_collections=len(
                collected_epochs(configuration.total_epochs, configuration.epoch_period)
            ),
        )
        transaction.on_commit(partial(deployer_client.ring_for_launch, simulation.id))
    return experiment


def ask_to_delete(simulation: Simulation) -> None:
    """The deployer ends what runs and removes the rows."""
    with transaction.atomic():
        # Only this column: the deployer may be writing its own at this moment.
        Simulation.objects.filter(id=simulation.id).update(wanted=Wanted.DELETED.value)
        transaction.on_commit(partial(deployer_client.ring_for_deletion, simulation.id))


def _hold_datasets() -> None:
    # From before a file is in place until its rows are there: nobody may find it unused and remove it.
    with connection.cursor() as cursor:
        cursor.execute("SELECT hold_datasets()")


def _insert_datasets(files: set[dataset_files.StoredFile]) -> None:
    # In one order for everybody: two uploads of the same files must not wait for each other.
    rows = [Dataset(sha256=file.sha256, bytes=file.bytes) for file in sorted(files)]
    Dataset.objects.bulk_create(rows, ignore_conflicts=True)
