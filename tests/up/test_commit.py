"""The commit that records of trainings name."""

import subprocess

import pytest

from scripts.up.commit import commit


@pytest.fixture
def git(tmp_path):
    def run(*arguments):
        told = subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *arguments],
            cwd=tmp_path,
            check=True,
            capture_output=True,
            text=True,
        )
        return told.stdout.strip()

    run("init")
    (tmp_path / "file").write_text("one")
    run("add", "file")
    run("commit", "-m", "first")
    run("tag", "v1")
    return run


def test_a_working_copy_names_its_commit_and_whether_it_was_changed(git, tmp_path):
    assert commit(tmp_path) == git("rev-parse", "HEAD")
    (tmp_path / "file").write_text("two")
    assert commit(tmp_path) == git("rev-parse", "HEAD") + "-dirty"


def test_a_folder_inside_of_somebody_else_s_repository_names_none(git, tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    assert commit(inside) == ""


def test_without_git_there_is_none(git, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert commit(tmp_path) == ""
