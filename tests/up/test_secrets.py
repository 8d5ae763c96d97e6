"""The secrets of an installation."""

from pathlib import Path

from scripts.up.secrets import load_or_make


def test_secrets_are_made_once_and_kept_for_the_owners_eyes_only(tmp_path: Path):
    path = tmp_path / "secrets.json"
    made = load_or_make(path)
    assert load_or_make(path) == made
    assert path.stat().st_mode & 0o077 == 0
    assert len(set(made.model_dump().values())) == 5
    assert load_or_make(tmp_path / "others.json") != made
