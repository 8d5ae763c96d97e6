"""python -m bench [NAME …] [--quick | --page]: measures, prints both sides, and keeps the results."""

import argparse
import signal
import sys

from bench.benchmarks import BENCHMARKS
from bench.document import DOCUMENT, render, summary
from bench.results import judged, read, write


def main() -> int:
    arguments = _arguments()
    if arguments.page:
        DOCUMENT.write_text(render(BENCHMARKS, read()))
        return 0
    # Ended from outside, it still ends every service that it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    chosen = [one for one in BENCHMARKS if one.name in (arguments.names or [one.name])]
    missed = []
    for benchmark in chosen:
        result = judged(benchmark, benchmark.run(arguments.quick))
        _say(summary(benchmark, result))
        if not result.ok:
            missed.append(benchmark.name)
        if not arguments.quick:
            results = read() | {benchmark.name: result}
            write({one.name: results[one.name] for one in BENCHMARKS if one.name in results})
            DOCUMENT.write_text(render(BENCHMARKS, read()))
    if missed:
        _say(f"missed: {', '.join(missed)}")
    return 1 if missed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    names = [benchmark.name for benchmark in BENCHMARKS]
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names)}")
    parser.add_argument("--quick", action="store_true", help="fewer and smaller; nothing is kept")
    parser.add_argument("--page", action="store_true", help=f"only write {DOCUMENT.name} again")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(names):
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(names)}")
    return arguments


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
