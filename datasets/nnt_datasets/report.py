"""What an inspection finds: plain values, made to be JSON; names are as they are shown, short and harmless."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from nnt_contract.part import Part
from nnt_datasets.columns import ColumnFindings
from nnt_datasets.dataset import Format
from nnt_datasets.errors import Place
from nnt_datasets.labels import LabelFindings
from nnt_datasets.leakage import Leak


@dataclass(frozen=True)
class PartReport:
    format: Format
    rows: int
    feature_shape: tuple[int, ...]  # of one row
    columns: tuple[str, ...]  # names of a table's features, at most a thousand
    label_column: str  # of a table
    labels: LabelFindings
    features: ColumnFindings
    not_finite: int  # values of features
    first_not_finite: Place | None


@dataclass(frozen=True)
class Report:
    parts: Mapping[Part, PartReport]
    leaks: tuple[Leak, ...]
    problems: tuple[str, ...]  # sentences; none of them prevents a training

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
