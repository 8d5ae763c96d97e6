"""Names of uploaded files: whatever they are, no path is made of them."""

import os
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse

from nnt_server.simulations.models import Experiment, Simulation
from tests.hostile.payloads import data, dumped, honest_model

_BOUNDARY = "nnt-boundary"
_LARGE = b"\0" * 3_000_000  # more than is kept in memory
NAMES = {
    "parent folders": b"../../../evil.npz",
    "an absolute path": b"/tmp/evil.npz",
    "backslashes": b"..\\..\\evil.npz",
    "a drive": b"C:\\evil.npz",
    "an encoded way out": b"%2e%2e%2fevil.npz",
    "an entity": b"&#46;&#46;&#47;evil.npz",
    "a NUL": b"evil.npz\0.txt",
    "line breaks": b"evil\r.npz",
    "a way out in the ending": b"evil.%2e%2e%2fnpz",
    "4,000 letters": b"e" * 4000 + b".npz",
    "an ending of 4,000 letters": b"evil." + b"z" * 4000,
    "an ending of 250 letters beyond ASCII": b"evil." + "ž".encode() * 250,
    "signs that turn the text": "evil\u202ezpn.exe".encode(),
    "an emoji": "🧨.npz".encode(),
    "no UTF-8": b"\xff\xfe.npz",
    "a hidden file": b".npz",
    "a name of ours": b".incoming-evil",
    "a template": b"{{ 7*7 }}{% debug %}.npz",
    "markup": b"<script>alert(1)</script>.npz",
}


def encoded(fields: dict[str, str], files: dict[str, tuple[bytes, bytes]]) -> bytes:
    """As a client writes it that sends any name it likes."""
    parts = [
        f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode()
        for name, value in fields.items()
    ]
    for name, (file_name, content) in files.items():
        heading = f'Content-Disposition: form-data; name="{name}"; filename="'.encode()
        parts.append(heading + file_name + b'"\r\n\r\n' + content)
    line = f"--{_BOUNDARY}".encode()
    return b"".join(line + b"\r\n" + part + b"\r\n" for part in parts) + line + b"--\r\n"


@pytest.fixture
def files(site: Path, monkeypatch):
    """Every file there is around the data folder, by its path."""
    monkeypatch.chdir(site / "datasets")
    uploads = Path(settings.FILE_UPLOAD_TEMP_DIR)
    around = {path for path in site.parent.rglob("*") if not path.is_dir()}

    def now() -> list[Path]:
        found = {path for path in site.parent.rglob("*") if not path.is_dir()}
        return sorted({*uploads.iterdir(), *found} - around)

    return now


@pytest.mark.parametrize("size", ["small", "large"])
@pytest.mark.parametrize("case", NAMES)
def test_a_name_becomes_no_path(case, size, alice, site, doorbell, form, files):
    extra = _LARGE if size == "large" else b""
    fields = {name: value for name, value in form().items() if isinstance(value, str)}
    contents = {f"{part}_file": data() + extra for part in ("train", "validation", "test")}
    contents["model"] = dumped(honest_model()) + b" " * len(extra)
    body = encoded(fields, {name: (NAMES[case], content) for name, content in contents.items()})
    kind = f"multipart/form-data; boundary={_BOUNDARY}"
    answer = alice.generic("POST", reverse("new_simulation"), body, content_type=kind)
    assert answer.status_code in (302, 400, 422)
    assert Simulation.objects.exists() == (answer.status_code == 302)
    assert all("".join(one.file_names.values()).isprintable() for one in Experiment.objects.all())
    if answer.status_code != 302:
        assert files() == []
    else:
        page = alice.get(reverse("simulation", args=[Simulation.objects.get().id]))
        assert page.status_code == 200 and b"<script>alert" not in page.content
    for path in files():
        folder, name = path.parent, path.name
        assert folder.parent == site / "datasets" and folder.name == name[:2]
        assert len(name) == 64 and set(name) <= set("0123456789abcdef")
    assert b"evil" not in b"".join(os.fsencode(path) for path in files())
    assert b"<script>alert" not in answer.content


def test_a_large_upload_that_is_refused_leaves_nothing(alice, site, form, files):
    fields = {name: value for name, value in form().items() if isinstance(value, str)}
    fields["batch_size"] = "0"
    body = encoded(fields, {"train_file": (b"evil.npz", data() + _LARGE)})
    kind = f"multipart/form-data; boundary={_BOUNDARY}"
    answer = alice.generic("POST", reverse("new_simulation"), body, content_type=kind)
    assert answer.status_code == 422
    assert files() == []
