"""The training of a run folder with a plain model.fit; its last line tells how long that took."""

import json
import sys
import time

from nnt_contract.environment import RUN_FILE
from nnt_contract.simulation_config import SimulationRun
from nnt_simulation.backends import choose
from nnt_simulation.settings import SimulationSettings


def main() -> None:
    choose("tensorflow")
    from nnt_simulation import datasets, models
    from nnt_simulation.determinism import make_deterministic

    folder = SimulationSettings().run_dir
    run = SimulationRun.model_validate_json((folder / RUN_FILE).read_bytes())
    make_deterministic(run.seed, run.threads)
    data = datasets.load(run, folder)["train"]
    model = models.build(run.model, data.features.shape[1:])
    models.compile_for(model, run.configuration, True)
    began = time.perf_counter()
    model.fit(
        data.features,
        data.labels,
        batch_size=run.configuration.batch_size,
        epochs=run.configuration.total_epochs,
        verbose=0,
    )
    sys.stdout.write(json.dumps({"fit_s": time.perf_counter() - began}) + "\n")


if __name__ == "__main__":
    main()
