from nnt_contract.status import MOVES, Status


def test_every_status_has_its_moves():
    assert set(MOVES) == set(Status)


def test_everything_can_be_deleted_and_nothing_comes_back_from_it():
    assert all(
        status.may_become(Status.DELETING) for status in Status if status is not Status.DELETING
    )
    assert not MOVES[Status.DELETING]


def test_what_has_ended_has_no_process():
    assert not any(status.is_ended and status.has_process for status in Status)


def test_every_status_but_queued_can_be_reached():
    reached = {after for moves in MOVES.values() for after in moves}
    assert reached == set(Status)
