"""Parser and deployer in this process, joined to who calls them over WSGI, with the real database and broker."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar
from uuid import UUID

import httpx
import psycopg2
import psycopg2.extensions
import pytest
from pydantic import SecretStr

from nnt_contract import tokens
from nnt_contract.tokens import RunToken
from nnt_contract.updates import FRAME_TYPE, Collection, Failure, Finish, frame_head
from nnt_deployer.conductor import Conductor
from nnt_deployer.settings import DeployerSettings
from nnt_deployer.store import open_store
from nnt_parser.app import create_app
from nnt_parser.keeper import keep
from nnt_parser.settings import ParserSettings
from nnt_parser.spool import Spool
from nnt_parser.store import Store
from scripts.free_port import free_port
from tests.deployer.in_process import InProcessLauncher

S = TypeVar("S")


class MakeStore(Protocol):
    """Makes stores of the deployer, each with a connection of its own, as if in another process."""

    def __call__(self, kind: Callable[[psycopg2.extensions.connection], S]) -> S: ...


SECRET = "t" * 32
SERVICE = "s" * 32


@dataclass
class Parser:
    """The parser's door, and the hands of its worker."""

    settings: ParserSettings
    client: httpx.Client
    spool: Spool
    store: Store

    def post(
        self,
        update: Collection | Finish | Failure,
        payload: bytes = b"",
        token: RunToken | None = None,
    ) -> httpx.Response:
        return self.client.post(
            f"/{update.kind}",
            content=frame_head(update) + payload,
            headers=self.headers(token or RunToken(update.sim_id, update.attempt))
            | {"Content-Type": FRAME_TYPE},
        )

    def headers(self, token: RunToken) -> dict[str, str]:
        return {"Authorization": f"Bearer {tokens.mint(SECRET, token)}"}

    def work(self) -> int:
        """Stores everything that is in the spool; returns how many updates that were."""
        names = self.spool.older_than(0)
        for name in names:
            keep(name, self.spool, self.store)
        return len(names)

    def files(self) -> list[Path]:
        """What is in the spool, but for the latest collection of each simulation."""
        files = [path for path in self.settings.spool_dir.rglob("*") if path.is_file()]
        return [path for path in files if path.parent.name != "latest"]


@pytest.fixture
def parser_settings(database: str, redis_url: str, tmp_path: Path) -> ParserSettings:
    return ParserSettings(
        database_url=SecretStr(database),
        redis_url=SecretStr(redis_url),
        token_secret=SecretStr(SECRET),
        data_dir=tmp_path / "data",
        max_update_mb=8,
        max_json_mb=1,
    )


@pytest.fixture
def parser(parser_settings: ParserSettings) -> Iterator[Parser]:
    app = create_app(parser_settings)
    store = Store(parser_settings.database_url.get_secret_value())
    transport = httpx.WSGITransport(app=app)
    with httpx.Client(transport=transport, base_url="http://parser") as client:
        yield Parser(parser_settings, client, Spool(parser_settings.spool_dir), store)
    store.close()


@pytest.fixture
def sim_id(make_simulation: Callable[..., UUID]) -> UUID:
    return make_simulation(status="running", attempt=1)


@pytest.fixture
def settings(database: str, redis_url: str, tmp_path: Path) -> DeployerSettings:
    return DeployerSettings(
        database_url=SecretStr(database),
        redis_url=SecretStr(redis_url),
        token_secret=SecretStr(SECRET),
        service_token=SecretStr(SERVICE),
        data_dir=tmp_path,
        max_running=2,
        max_running_per_user=2,
        finishing_s=60,
    )


@pytest.fixture
def settings_without_redis(settings: DeployerSettings) -> DeployerSettings:
    url = SecretStr(f"redis://127.0.0.1:{free_port()}/0")
    return settings.model_copy(update={"redis_url": url})


@pytest.fixture
def make_store(database: str) -> Iterator[MakeStore]:
    opened = []

    def make(kind: Callable[[psycopg2.extensions.connection], S]) -> S:
        opened.append(psycopg2.connect(database))
        return kind(opened[-1])

    yield make
    for connection in opened:
        connection.close()


@pytest.fixture
def launcher() -> InProcessLauncher:
    return InProcessLauncher()


@pytest.fixture
def make_conductor(
    settings: DeployerSettings, launcher: InProcessLauncher
) -> Iterator[Callable[..., Conductor]]:
    """Each with a database connection of its own, as if in another process; keyword arguments replace settings."""
    opened = []

    def make(**changes: object) -> Conductor:
        changed = settings.model_copy(update=changes)
        opened.append(open_store(changed))
        return Conductor(changed, opened[-1], launcher)

    yield make
    for store in opened:
        store.close()


@pytest.fixture
def conductor(make_conductor: Callable[..., Conductor]) -> Conductor:
    return make_conductor()
