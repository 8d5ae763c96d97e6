from uuid import UUID

import pytest

from nnt_contract.tokens import InvalidToken, RunToken, check, mint

TOKEN = RunToken(UUID("34a30c0d-c59e-4f0a-9918-3460d3b9e5e4"), 3)
SECRET = "s" * 32


def test_a_token_names_its_simulation_and_attempt():
    assert check(SECRET, mint(SECRET, TOKEN)) == TOKEN


def test_a_token_of_another_secret_is_refused():
    with pytest.raises(InvalidToken):
        check("another secret, as long as the first", mint(SECRET, TOKEN))


@pytest.mark.parametrize("text", ["", ".", "nnt1", "nnt1.x.1.y", "ä.ä.ä.ä"])
def test_what_is_no_token_is_refused(text):
    with pytest.raises(InvalidToken):
        check(SECRET, text)


def test_a_token_cannot_be_turned_into_one_for_another_attempt():
    prefix, sim_id, _, signature = mint(SECRET, TOKEN).split(".")
    with pytest.raises(InvalidToken):
        check(SECRET, f"{prefix}.{sim_id}.4.{signature}")
