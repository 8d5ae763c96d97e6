"""launcher_from(settings): the one place where a launcher is chosen."""

from nnt_deployer.launchers.base import Launcher
from nnt_deployer.launchers.local import LocalLauncher
from nnt_deployer.settings import DeployerSettings


def launcher_from(settings: DeployerSettings) -> Launcher:
    if settings.launcher == "local":
        return LocalLauncher(settings.processes_dir)
    return _docker(settings)


def _docker(settings: DeployerSettings) -> Launcher:
    # Here, so that nobody waits for its import who runs local processes.
    from nnt_deployer.launchers.docker import DockerLauncher, DockerOptions

    return DockerLauncher(
        DockerOptions(
            folder=settings.processes_dir,
            image=settings.docker_image,
            python=settings.docker_python,
            user=(settings.docker_uid, settings.docker_gid),
            parser=settings.docker_parser,
        )
    )
