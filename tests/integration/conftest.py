"""The parser in this process, joined to what sends to it over WSGI, with the real database and broker."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr

from nnt_contract import tokens
from nnt_contract.tokens import RunToken
from nnt_contract.updates import FRAME_TYPE, Collection, Failure, Finish, frame_head
from nnt_parser.app import create_app
from nnt_parser.keeper import keep
from nnt_parser.settings import ParserSettings
from nnt_parser.spool import Spool
from nnt_parser.store import Store

SECRET = "t" * 32


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
