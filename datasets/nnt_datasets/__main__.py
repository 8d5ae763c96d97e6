"""`python -m nnt_datasets inspect REQUEST`: a file of JSON in, one line of JSON out. Exits 0, or 65 with an error."""

import json
import sys
from pathlib import Path
from typing import Any

from nnt_datasets.confinement import TooLong, confine
from nnt_datasets.errors import DatasetError
from nnt_datasets.inspection import inspect
from nnt_datasets.request import Request, parsed

_FOUND, _MISUSED, _WRONG = 0, 64, 65  # as in sysexits.h


def main(arguments: list[str]) -> int:
    if len(arguments) != 2 or arguments[0] != "inspect":
        sys.stderr.write("usage: python -m nnt_datasets inspect REQUEST\n")
        return _MISUSED
    request = parsed(Path(arguments[1]).read_text())
    confine(request.memory_mb, request.cpu_s, request.means.limits.array_bytes)
    answer, code = _answer(request)
    sys.stdout.write(json.dumps(answer, allow_nan=False) + "\n")
    return code


def _answer(request: Request) -> tuple[dict[str, Any], int]:
    try:
        report = inspect(request.files, request.means, request.row_shape)
        return {"report": report.as_json()}, _FOUND
    except DatasetError as error:
        wrong = error
    except MemoryError:
        wrong = _needs(f"with {request.memory_mb} MiB of memory")
    except TooLong:
        wrong = _needs(f"in {request.cpu_s} s of processor time")
    return {"error": wrong.as_json()}, _WRONG


def _needs(limit: str) -> DatasetError:
    return DatasetError(f"data that can be inspected {limit}", "data that need more")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
