"""The golden examples of the two encodings of a collection: one frame, one of the report's JSON bodies."""

import json
from uuid import UUID

import pytest

from nnt_contract.tokens import RunToken
from nnt_contract.updates import FRAME_START, FRAME_TYPE, frame_head, header_length, parse_header
from tests.conftest import ROOT

EXAMPLES = ROOT / "contract" / "examples" / "encodings"
SIM = UUID("34a30c0d-c59e-4f0a-9918-3460d3b9e5e4")
FRAME = (EXAMPLES / "collection.frame").read_bytes()
OLD_FRAME = (EXAMPLES / "collection_without_records.frame").read_bytes()
JSON = (EXAMPLES / "collection.json").read_bytes()

TABLES = {
    "epoch_values": "epoch, loss, accuracy, val_loss::text, val_accuracy",
    "extra_metrics": "epoch, metric, value",
    "weights": "epoch, layer_index, layer_name, variable, shape, first_index, weight::text",
    "records": "kind, epoch, attempt, content::text",
    "weight_statistics": "epoch, layer_index, variable, mean, std, min, max, l2, zeros, nans, infinities",
}


@pytest.fixture
def store(parser, make_simulation, query):
    def post(body: bytes, content_type: str) -> dict[str, object]:
        """The rows that the body becomes; nothing of it stays."""
        make_simulation(id=SIM, status="running", attempt=1)
        headers = parser.headers(RunToken(SIM, 1)) | {"Content-Type": content_type}
        answer = parser.client.post("/update", content=body, headers=headers)
        assert answer.status_code == 202, answer.text
        parser.work()
        rows = {
            table: query(f"SELECT {columns} FROM {table} ORDER BY {columns}")
            for table, columns in TABLES.items()
        }
        query("SELECT delete_simulation(%s)", SIM)
        return rows

    return post


def test_both_encodings_become_the_same_rows(store):
    rows = store(FRAME, FRAME_TYPE)
    assert [row[:3] for row in rows.pop("records")] == [
        ("environment", 0, 1),
        ("epoch", 17, 1),
        ("epoch", 18, 1),
    ]
    for others in (store(JSON, "application/json"), store(OLD_FRAME, FRAME_TYPE)):
        assert others.pop("records") == [], "neither the report nor older senders know any"
        assert others == rows
    assert rows["epoch_values"] == [(18, 0.25, 0.9375, "NaN", 0.875)]
    assert rows["extra_metrics"] == [(18, "kl_divergence", 0.125)]
    assert [row[2:] for row in rows["weights"]] == [
        ("dense_4", "bias", [2], 1, "{NaN,Infinity}"),
        ("dense_4", "kernel", [3, 2], 1, "{0.5,-0.25,1,0,-1.5,2}"),
    ]


def test_a_simulation_may_be_named_by_the_decimal_integer_of_its_uuid(store):
    body = json.loads(JSON)
    body["id"] = SIM.int
    del body["sim_id"]
    assert store(json.dumps(body).encode(), "application/json")["weights"]


def test_the_frame_is_what_its_writer_writes():
    length = header_length(FRAME[: FRAME_START.size])
    update = parse_header(FRAME[FRAME_START.size : FRAME_START.size + length])
    assert FRAME.startswith(frame_head(update))
