"""Ends every training process when the platform is stopped: python -m nnt_deployer.shutdown REASON."""

import logging
import sys

from nnt_deployer.conductor import Conductor
from nnt_deployer.settings import DeployerSettings
from nnt_deployer.store import Store


def main(reason: str) -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    settings = DeployerSettings()
    with Store(settings.database_url.get_secret_value()) as store:
        ended = Conductor(settings, store).end_all(reason)
    if ended:
        logging.info("ended %d running simulations: %s", ended, reason)


if __name__ == "__main__":
    main(sys.argv[1])
