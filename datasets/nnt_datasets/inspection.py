"""What a dataset is like, told before anybody trains on it."""

from collections.abc import Mapping

from nnt_contract.part import Part
from nnt_contract.printable import shown
from nnt_contract.row_shape import RowShape
from nnt_datasets import columns, labels, problems
from nnt_datasets.dataset import Dataset, File
from nnt_datasets.errors import DatasetError
from nnt_datasets.labels import LabelFindings
from nnt_datasets.leakage import leaks
from nnt_datasets.limits import Means
from nnt_datasets.read import read_parts
from nnt_datasets.report import PartReport, Report
from nnt_datasets.shapes import shape_rows

_NAMES = 1000


def inspect(files: Mapping[Part, File], means: Means, row_shape: RowShape | None = None) -> Report:
    """Reads every part as a training does; raises DatasetError for what a training would fail at.

    `row_shape` is what the model takes, where that is known. Needs memory for a few blocks and 2²³ fingerprints.
    """
    datasets = read_parts(files, means)
    if row_shape is not None:
        for part, dataset in datasets.items():
            _check_shape(dataset, row_shape, part, files[part].name)
    found = labels.findings(datasets)
    parts = {part: _of_part(dataset, found[part]) for part, dataset in datasets.items()}
    leaked = tuple(leaks(datasets))
    return Report(parts, leaked, tuple(problems.sentences(parts, leaked)))


def _check_shape(dataset: Dataset, row_shape: RowShape, part: Part, file: str) -> None:
    try:
        shape_rows(dataset.features, row_shape)
    except DatasetError as error:
        raise error.of(part, file) from error


def _of_part(dataset: Dataset, found: LabelFindings) -> PartReport:
    strange = dataset.strange
    return PartReport(
        dataset.format,
        len(dataset.features),
        dataset.features.shape[1:],
        tuple(map(shown, dataset.columns[:_NAMES])),
        shown(dataset.label_column),
        found,
        columns.findings(dataset),
        strange.count if strange else 0,
        strange.first.shown() if strange else None,
    )
