"""How much a dataset may be, and where its arrays lie while they are used."""

from dataclasses import dataclass
from pathlib import Path

MIB = 2**20


@dataclass(frozen=True)
class Limits:
    """Of one dataset, in bytes."""

    array_bytes: int  # features and labels together, on disk
    whole_bytes: int  # a JSON file or a pickle, unpacked: it has to be in memory whole


@dataclass(frozen=True)
class Means:
    """What reading takes: limits, and a folder on a disk with room for `array_bytes`."""

    limits: Limits
    folder: Path
