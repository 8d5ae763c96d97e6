"""launcher_from(settings): the one place where a launcher is chosen."""

from nnt_deployer.launchers.base import Launcher
from nnt_deployer.launchers.local import LocalLauncher
from nnt_deployer.settings import DeployerSettings


def launcher_from(settings: DeployerSettings) -> Launcher:
    return LocalLauncher(settings.processes_dir)
