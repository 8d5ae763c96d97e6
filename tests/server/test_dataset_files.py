"""Datasets on disk: by content, whole or not at all."""

import hashlib
import os
import time
from pathlib import Path

import pytest
from django.core.files.base import ContentFile

from nnt_server.simulations import dataset_files


class BreaksOff(ContentFile):  # type: ignore[type-arg]
    def chunks(self, chunk_size=None):
        yield b"the beginning"
        raise OSError("the connection was lost")


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_file_lies_under_the_hash_of_its_content(tmp_path):
    stored = dataset_files.store(tmp_path, ContentFile(b"digits"))
    assert stored == (hashlib.sha256(b"digits").hexdigest(), 6)
    path = dataset_files.path_of(tmp_path, stored.sha256)
    assert path == tmp_path / stored.sha256[:2] / stored.sha256
    assert path.read_bytes() == b"digits"
    assert path.stat().st_mode & 0o777 == 0o444


def test_storing_twice_keeps_one_file_and_mends_it(tmp_path):
    stored = dataset_files.store(tmp_path, ContentFile(b"digits"))
    path = dataset_files.path_of(tmp_path, stored.sha256)
    path.unlink()
    path.write_bytes(b"rotten")
    dataset_files.store(tmp_path, ContentFile(b"digits"))
    assert files_in(tmp_path) == [path] and path.read_bytes() == b"digits"


def test_an_upload_that_breaks_off_leaves_nothing(tmp_path):
    with pytest.raises(OSError, match="lost"):
        dataset_files.store(tmp_path, BreaksOff(b""))
    assert files_in(tmp_path) == []


def test_what_uploads_left_behind_is_removed_a_day_later(tmp_path):
    for name, hours in ((".incoming-old", 25), (".incoming-new", 23), ("kept", 25)):
        file = tmp_path / name
        file.touch()
        then = time.time() - hours * 3600
        os.utime(file, (then, then))
    dataset_files.remove_abandoned(tmp_path)
    assert {path.name for path in files_in(tmp_path)} == {".incoming-new", "kept"}


def test_file_and_folders_are_on_disk_before_it_is_said_to_be_stored(tmp_path, monkeypatch):
    synced = []
    fsync = os.fsync

    def note(descriptor):
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    stored = dataset_files.store(tmp_path, ContentFile(b"digits"))
    assert ".incoming-" in synced[0]
    assert synced[1:] == [str(tmp_path / stored.sha256[:2]), str(tmp_path)]
