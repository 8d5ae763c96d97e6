"""Pure: from an inspection's row to what the program of nnt_datasets is asked."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from nnt_contract.model_shape import row_shape
from nnt_contract.part import Part
from nnt_contract.simulation_config import Configuration, NpzKeys
from nnt_deployer.dataset_path import dataset_path


@dataclass(frozen=True)
class Inspection:
    """An experiment's data, and what is to be trained on them."""

    experiment_id: UUID
    dataset_hashes: Mapping[Part, str]
    file_names: Mapping[Part, str]  # what their owner calls the uploaded ones
    model: Mapping[str, Any]
    configuration: Mapping[str, Any]


@dataclass(frozen=True)
class Bounds:
    """What an inspection may take; sizes in MiB."""

    array_mb: int  # features and labels of one dataset, on disk
    whole_mb: int  # a file that is in memory whole
    memory_mb: int
    seconds: int


def request(inspection: Inspection, datasets_dir: Path, bounds: Bounds) -> str:
    """JSON, as datasets/README.md says; arrays lie where the datasets do: there is room."""
    configuration = Configuration.model_validate(inspection.configuration)
    keys: dict[Part, NpzKeys] = {
        "train": configuration.train,
        "validation": configuration.validation,
        "test": configuration.test,
    }
    return json.dumps(
        {
            "files": {
                part: {
                    "path": str(dataset_path(datasets_dir, sha256)),
                    "name": inspection.file_names.get(part, ""),
                    **keys[part].model_dump(),
                }
                for part, sha256 in inspection.dataset_hashes.items()
            },
            "label_column": configuration.label_column,
            "row_shape": row_shape(inspection.model),
            "array_mb": bounds.array_mb,
            "whole_mb": bounds.whole_mb,
            "folder": str(datasets_dir),
            "memory_mb": bounds.memory_mb,
            "cpu_s": bounds.seconds,
        }
    )
