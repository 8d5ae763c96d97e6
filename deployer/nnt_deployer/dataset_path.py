"""Pure: where the file of a dataset is, for whoever puts it there, gives it to a simulation, or removes it."""

from pathlib import Path


def dataset_path(datasets_dir: Path, sha256: str) -> Path:
    """As the server has it too, for uploads."""
    return datasets_dir / sha256[:2] / sha256
