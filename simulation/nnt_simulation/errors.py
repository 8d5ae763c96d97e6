"""What can go wrong in a simulation, in words that its owner understands.

SimulationError
├── DatasetError      a dataset cannot be read, or does not suit the model
├── ModelError        the model, its optimizer or its loss cannot be made
├── BackendError      what is to compute is not installed
├── CheckpointError   a checkpoint is of another model
└── RefusedError      the parser refused an update for good
"""

import re

_OUT_OF_MEMORY = ("MemoryError", "OutOfMemoryError", "ResourceExhaustedError")
# PyTorch has no class for that.
_NO_MORE_MEMORY = "DefaultCPUAllocator: can't allocate memory"
_STYLING = re.compile(r"\x1b\[[0-9;]*m")
# What Keras and its backends add to a message: for developers, and pages long.
_NOISE = re.compile(
    r"Full object config:|Arguments received by|Call arguments received|Detected at node"
    r"|Stack trace for op definition|\[\[\{\{node|\[Op:|Exception raised from \S+ at "
)
_PREAMBLES = re.compile(
    r"^\s*(Exception encountered when calling \S+|Graph execution error:?|\{\{function_node [^}]*\}\})\s*",
    re.MULTILINE,
)
# Keras wraps what went wrong in a part into an account of every whole around it.
_WRAPPED = "\n\nException encountered: "
# Whoever reads it chose another backend, and can choose again.
_NEEDS_TENSORFLOW = re.compile(r"(You can install|Install) it via `pip install tensorflow`\.?")
_MAX_CHARACTERS = 2000


class SimulationError(Exception):
    """Its text is shown to the owner of the simulation as it is."""


class DatasetError(SimulationError):
    pass


class ModelError(SimulationError):
    pass


class BackendError(SimulationError):
    pass


class CheckpointError(SimulationError):
    pass


class RefusedError(SimulationError):
    pass


def explain(error: BaseException) -> str:
    """The error as its owner is told, in a text that a message may hold; tracebacks are for the log."""
    return _explained(error).replace("\0", "\N{REPLACEMENT CHARACTER}")


def _explained(error: BaseException) -> str:
    if isinstance(error, SimulationError):
        return str(error)
    if is_out_of_memory(error):
        return (
            "There was not enough memory to train. A smaller batch size, model or dataset needs less"
            f" ({essence(error)})."
        )
    return f"{type(error).__name__}: {essence(error)}"


def is_out_of_memory(error: BaseException) -> bool:
    names = {kind.__name__ for kind in type(error).__mro__}
    return not names.isdisjoint(_OUT_OF_MEMORY) or _NO_MORE_MEMORY in str(error)


def essence(error: BaseException) -> str:
    """What a foreign error says, without the pages that Keras and its backends put around it."""
    text = _STYLING.sub("", str(error)).rpartition(_WRAPPED)[2]
    text = _NEEDS_TENSORFLOW.sub("Choose the backend tensorflow.", text)
    told = _PREAMBLES.sub("", _NOISE.split(text)[0]).strip() or _after_the_noise(text)
    return told[:_MAX_CHARACTERS] or "no further details"


def _after_the_noise(text: str) -> str:
    # TensorFlow tells where it happened first, and what in the last lines.
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if not _NOISE.match(line) and not line.startswith("<stack")]
    return telling[-1] if telling else ""
