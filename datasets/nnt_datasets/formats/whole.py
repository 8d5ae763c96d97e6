"""Files that have to be in memory whole to be read."""

from pathlib import Path

from nnt_datasets.errors import DatasetError
from nnt_datasets.limits import MIB


def read_whole(path: Path, max_bytes: int) -> bytes:
    """Raises DatasetError."""
    with path.open("rb") as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise too_large(path.stat().st_size, max_bytes)
    return content


def too_large(size: int, max_bytes: int) -> DatasetError:
    return DatasetError(
        f"at most {max_bytes / MIB:,.1f} MiB in a format that has to be read whole",
        f"{size / MIB:,.1f} MiB",
        hint="Larger tables pass as .csv, .arff or .npz.",
    )
