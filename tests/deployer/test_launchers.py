"""Which launcher is chosen, and what choosing one needs."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from nnt_deployer.launchers import launcher_from
from nnt_deployer.launchers.base import Handle
from nnt_deployer.launchers.docker import DockerLauncher
from nnt_deployer.launchers.local import LocalLauncher
from nnt_deployer.settings import DeployerSettings


@pytest.fixture
def settings(tmp_path: Path) -> DeployerSettings:
    return DeployerSettings(
        database_url=SecretStr("postgresql://nobody@nowhere/none"),
        redis_url=SecretStr("redis://nowhere"),
        token_secret=SecretStr("t" * 32),
        service_token=SecretStr("s" * 32),
        data_dir=tmp_path,
    )


@pytest.mark.parametrize(("name", "kind"), [("local", LocalLauncher), ("docker", DockerLauncher)])
def test_logs_are_read_where_no_engine_answers(settings, monkeypatch, name, kind):
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    launcher = launcher_from(settings.model_copy(update={"launcher": name}))
    assert isinstance(launcher, kind) and launcher.name == name
    handle = Handle.named("nnt-run-34a30c0d-c59e-4f0a-9918-3460d3b9e5e4-1")
    assert handle is not None
    folder = settings.processes_dir / handle.name
    folder.mkdir(parents=True)
    (folder / "log").write_text("hello\n")
    assert launcher.read_log(handle, 0, launcher.log_size(handle)) == b"hello\n"
