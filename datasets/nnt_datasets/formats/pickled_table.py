"""A pickled pandas DataFrame, alone or as the one member of a zip archive."""

from pathlib import Path

from nnt_datasets.dataset import Dataset, Format, Keys
from nnt_datasets.disk import Disk
from nnt_datasets.errors import DatasetError, Place, quoted
from nnt_datasets.formats.archive import checked_members, opened
from nnt_datasets.formats.whole import read_whole, too_large
from nnt_datasets.pickles import frame
from nnt_datasets.pickles.names import KNOWN
from nnt_datasets.pickles.program import described
from nnt_datasets.table import Heading, assemble, blocks_of_columns, heading, label_error


def read(path: Path, keys: Keys, disk: Disk) -> Dataset:
    """Raises DatasetError. The file is in memory whole: `whole_bytes` bounds it."""
    return _read("pickle", read_whole(path, disk.limits.whole_bytes), keys, disk)


def read_zipped(path: Path, keys: Keys, disk: Disk) -> Dataset:
    return _read("zipped pickle", _unzipped(path, disk.limits.whole_bytes), keys, disk)


def _unzipped(path: Path, max_bytes: int) -> bytes:
    with opened(path) as archive:
        unpacked = sum(member.file_size for member in archive.infolist())
        if unpacked > max_bytes:
            raise too_large(unpacked, max_bytes)
        [member] = checked_members(archive, max_bytes)
        with archive.open(member) as content:
            return content.read()


def _read(format: Format, content: bytes, keys: Keys, disk: Disk) -> Dataset:
    try:
        columns = frame.columns(described(content, KNOWN))
    except DatasetError as error:
        raise label_error(error, keys.label_column) from error
    head = heading([column.name for column in columns], keys.label_column)
    _check_lengths(columns, head)
    nominal = {column.name: column.categories for column in columns if column.categories}
    blocks = blocks_of_columns([column.values for column in columns], head)
    return assemble(format, head, blocks, disk, nominal)


def _check_lengths(columns: list[frame.Column], head: Heading) -> None:
    rows = len(columns[head.label].values)
    for column in columns:
        if len(column.values) != rows:
            raise DatasetError(
                f"{rows} values, as many as {quoted(head.label_column)} has",
                str(len(column.values)),
                Place(column=column.name),
            )
