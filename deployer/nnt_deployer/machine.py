"""What the machine that simulations run on has, and uses."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True)
class Machine:
    host: str
    cpus: int
    cpu_percent: float  # of all of them, since the look before
    memory_bytes: int
    memory_used_bytes: int
    disk_bytes: int  # of the file system that holds our data
    disk_used_bytes: int


def look(data_dir: Path) -> Machine:
    memory = psutil.virtual_memory()
    disk = psutil.disk_usage(str(data_dir))
    return Machine(
        host=socket.gethostname(),
        cpus=os.cpu_count() or 1,
        cpu_percent=psutil.cpu_percent(),
        memory_bytes=memory.total,
        memory_used_bytes=memory.total - memory.available,
        disk_bytes=disk.total,
        disk_used_bytes=disk.used,
    )
