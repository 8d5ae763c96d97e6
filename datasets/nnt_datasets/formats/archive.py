"""A zip archive that a stranger made: looked through before anything of it is unpacked."""

import errno
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from zipfile import ZipFile, ZipInfo

from nnt_datasets.errors import DatasetError, listed, quoted
from nnt_datasets.limits import MIB

_MEMBERS = 1000
_LISTING_BYTES = 2**20
_ENCRYPTED = 0x1
_COMPRESSIONS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}  # what NumPy and pandas write
_DEFLATE_AT_MOST = 1032  # times smaller, by its format
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError),
    *(NotImplementedError, UnicodeDecodeError),
)


@contextmanager
def opened(path: Path) -> Iterator[ZipFile]:
    """The archive; raises DatasetError, also for damage that is found while it is read."""
    try:
        with _Listing(path) as file, ZipFile(file) as archive:
            yield archive
    except _DAMAGE as error:
        raise DatasetError("a whole archive", f"a damaged one: {error}") from error
    except OSError as error:
        if error.errno not in (None, errno.EINVAL):  # that of a place before the beginning
            raise  # the disk's fault
        raise DatasetError("a whole archive", f"a damaged one: {error}") from error


class _Listing(FileIO):
    """The file, of which a long list of members is not read; arrays are read in smaller pieces."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > _LISTING_BYTES:
            raise DatasetError(
                "an archive of a few members", f"one whose list of members takes {size} bytes"
            )
        return super().read(size) or b""


def checked_members(archive: ZipFile, max_bytes: int) -> list[ZipInfo]:
    """All members, none of which is a bomb. No member is ever written anywhere, by its name or another."""
    members = archive.infolist()
    if len(members) > _MEMBERS:
        raise DatasetError(f"at most {_MEMBERS} members", f"an archive of {len(members)}")
    for member in members:
        check_packing(member)
    counts = Counter(member.filename for member in members)
    if twice := [name for name, count in counts.items() if count > 1]:
        raise DatasetError("every name once in the archive", f"{listed(twice)} more than once")
    if sum(member.compress_size for member in members) > archive.start_dir:
        raise DatasetError(
            "a whole archive",
            "one whose members overlap or are cut off: they claim more than it has",
        )
    unpacked = sum(member.file_size for member in members)
    if unpacked > max_bytes:
        raise DatasetError(
            f"at most {max_bytes / MIB:,.0f} MiB, unpacked", f"{unpacked / MIB:,.0f} MiB"
        )
    return members


def check_packing(member: ZipInfo) -> None:
    """Raises DatasetError for what cannot be unpacked, or would become more than it can be."""
    name = quoted(member.filename)
    if member.flag_bits & _ENCRYPTED:
        raise DatasetError("an archive without a password", f"{name}, which is encrypted")
    if member.compress_type not in _COMPRESSIONS:
        raise DatasetError(
            "an archive that is stored or deflated", f"{name}, compressed in another way"
        )
    most = _DEFLATE_AT_MOST if member.compress_type == zipfile.ZIP_DEFLATED else 1
    if member.file_size > member.compress_size * most:
        raise DatasetError(
            "members that unpack to what they claim",
            f"{name}, whose {member.compress_size} bytes cannot hold the {member.file_size} it claims",
        )
