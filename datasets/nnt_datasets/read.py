"""From files to datasets, whatever their formats."""

from collections.abc import Callable, Mapping
from pathlib import Path

from nnt_contract.part import Part
from nnt_datasets.agreement import check_agreement
from nnt_datasets.dataset import Dataset, File, Format, Keys
from nnt_datasets.disk import Disk
from nnt_datasets.errors import DatasetError
from nnt_datasets.formats import arff_table, csv_table, json_table, npz, pickled_table
from nnt_datasets.limits import Means
from nnt_datasets.recognise import recognise

_READERS: Mapping[Format, Callable[[Path, Keys, Disk], Dataset]] = {
    "npz": npz.read,
    "csv": csv_table.read,
    "arff": arff_table.read,
    "json": json_table.read,
    "pickle": pickled_table.read,
    "zipped pickle": pickled_table.read_zipped,
}


def read_parts(files: Mapping[Part, File], means: Means) -> dict[Part, Dataset]:
    """Every part, as it is trained on; raises DatasetError, which names the part."""
    datasets = {part: read(file, means, part) for part, file in files.items()}
    for part, dataset in datasets.items():
        if part != "train" and "train" in datasets:
            check_agreement(datasets["train"], dataset, part, files[part].name)
    return datasets


def read(file: File, means: Means, part: Part = "train") -> Dataset:
    """One part; raises DatasetError."""
    try:
        read_format = _READERS[recognise(file.path)]
        with Disk(means) as disk:
            return read_format(file.path, file.keys, disk)
    except DatasetError as error:
        raise error.of(part, file.name) from error
    except FileNotFoundError as error:
        raise DatasetError("a file", "none", part=part, file=file.name) from error
