"""One part of an experiment's data, as a page shows it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from nnt_contract.data_report import ClassCount, PartReport

_CLASSES = 20  # are shown; the API has more


class PartOfData(NamedTuple):
    name: str
    keys: Mapping[str, str]
    sha256: str  # empty until it is fetched
    bytes: int
    file_name: str  # what its owner calls the file; empty where nobody said, or it comes from a URL
    url: str | None
    found: PartReport | None

    @property
    def classes(self) -> Sequence[ClassCount]:
        """The first of them."""
        return self.found.labels.classes[:_CLASSES] if self.found else ()

    @property
    def more_classes(self) -> int:
        return self.found.labels.class_count - len(self.classes) if self.found else 0

    @property
    def rows_of_largest_class(self) -> int:
        return max(one.rows for one in self.found.labels.classes) if self.found else 0
