"""What a training process finds around it: its variables and the files of its run folder."""

import signal

# Names of environment variables.
RUN_DIR = "NNT_RUN_DIR"
PARSER_URL = "NNT_PARSER_URL"
RUN_TOKEN = "NNT_RUN_TOKEN"

# Names of those that are for the simulation and come from whoever set up the deployer, which passes them on.
PASSED_ON = (
    "NNT_COMMIT",
    "NNT_DATASET_MAX_MB",
    "NNT_DATASET_WHOLE_MAX_MB",
    "NNT_FLUSH_S",
    "NNT_OUTBOX_MAX_FILES",
    "NNT_OUTBOX_MAX_MB",
    "NNT_STOP_FLUSH_S",
)

# Names inside the run folder.
RUN_FILE = "run.json"  # a SimulationRun, written by the deployer
OUTBOX = "outbox"  # updates that the parser has not acknowledged yet, one file each, see updates.py
CHECKPOINT = "checkpoint"
MODEL = "model.keras"  # the trained network; it is whole whenever it is there
WAITING = "waiting"  # is there while the outbox is full and training waits for the parser

# What a training process is told by a signal; a repeated one changes nothing.
ASK = signal.SIGTERM  # finish the epoch, write its checkpoint, and end
INSIST = signal.SIGINT  # end now: the last complete epoch is what another attempt goes on from

# Exit codes of the training process; any other is a crash.
EXIT_FINISHED = 0
EXIT_FAILED = 64  # it has reported why
EXIT_STOPPED = 65  # as asked (SIGTERM), after writing a checkpoint; nothing was reported


def outbox_name(sequence: int, kind: str) -> str:
    """The file name of an update in the outbox; names sort in the order in which the updates were made."""
    return f"{sequence:010d}.{kind}"
