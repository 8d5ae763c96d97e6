"""What a training left in its folder leads nobody out of it."""

import os

import pytest

from nnt_deployer import strange_folder


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "secret"
    path.write_text("somebody else's")
    return path


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "folder"
    path.mkdir()
    return path


@pytest.fixture
def folder(path):
    with strange_folder.opened(path) as folder:
        yield folder


def test_a_file_is_read(folder, path):
    (path / "a").write_text("content")
    with folder.open("a") as file:
        assert file.read() == b"content"


def test_neither_a_link_nor_a_pipe_nor_a_folder_is_opened(folder, path, secret):
    (path / "link").symlink_to(secret)
    (path / "folder").mkdir()
    os.mkfifo(path / "pipe")
    assert [folder.open(name) for name in ("link", "folder", "pipe", "missing")] == [None] * 4
    assert folder.files() == []


@pytest.mark.parametrize("name", ["run.json", "run.json.tmp"])
def test_what_is_written_takes_the_place_of_a_link(folder, path, secret, name):
    (path / name).symlink_to(secret)
    folder.write("run.json", "ours")
    assert (path / "run.json").read_text() == "ours"
    assert not (path / "run.json").is_symlink()
    assert secret.read_text() == "somebody else's"
    assert folder.files() == ["run.json"]


def test_a_link_in_the_place_of_a_folder_is_no_folder(tmp_path, path):
    link = tmp_path / "link"
    link.symlink_to(path)
    for gone in (link, tmp_path / "missing"):
        with pytest.raises(strange_folder.NO_FOLDER), strange_folder.opened(gone):
            pass


def test_what_is_written_can_be_read_by_the_user_that_a_container_runs_as(folder, path):
    folder.write("run.json", "ours")
    assert (path / "run.json").stat().st_mode & 0o777 == 0o644
