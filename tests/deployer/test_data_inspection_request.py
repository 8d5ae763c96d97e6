from pathlib import Path
from uuid import UUID

from nnt_datasets.dataset import File, Keys
from nnt_datasets.request import parsed
from nnt_deployer.data_inspection.request import Bounds, Inspection, request

INSPECTION = Inspection(
    experiment_id=UUID(int=7),
    dataset_hashes={"train": "aa11", "validation": "bb22", "test": "aa11"},
    file_names={"train": "flowers.csv"},
    model={
        "class_name": "Sequential",
        "config": {"layers": [{"config": {"batch_shape": [None, 28, None]}}]},
    },
    configuration={
        "total_epochs": 3,
        "learning_rate": 0.01,
        "optimizer": {"name": "adam"},
        "loss_function": {"name": "MeanSquaredError"},
        "train": {"features": "x", "labels": "y"},
        "validation": {"features": "x_val", "labels": "y_val"},
        "test": {"features": "x", "labels": "y"},
        "label_column": "species",
    },
)


def test_the_program_is_asked_about_the_files_names_and_shape_of_the_experiment():
    folder = Path("/data/datasets")
    asked = parsed(request(INSPECTION, folder, Bounds(10, 2, 512, 60)))
    keys = Keys("x", "y", "species")
    assert asked.files == {
        "train": File(folder / "aa" / "aa11", keys, "flowers.csv"),
        "validation": File(folder / "bb" / "bb22", Keys("x_val", "y_val", "species")),
        "test": File(folder / "aa" / "aa11", keys),
    }
    assert asked.row_shape == (28, None)
    assert (asked.memory_mb, asked.cpu_s, asked.means.folder) == (512, 60, folder)
    assert (asked.means.limits.array_bytes, asked.means.limits.whole_bytes) == (10 * 2**20, 2**21)
