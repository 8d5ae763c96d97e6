"""Who may import whom, and which modules stay pure."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Each package, and what of ours it may import besides itself.
OURS = {
    "nnt_contract": set(),
    "nnt_datasets": {"nnt_contract"},
    "nnt_service": {"nnt_contract"},
    "nnt_server": {"nnt_contract"},
    "nnt_deployer": {"nnt_contract", "nnt_service"},  # of nnt_datasets it runs the program
    "nnt_parser": {"nnt_contract", "nnt_service"},
    "nnt_simulation": {"nnt_contract", "nnt_datasets"},
}
# What a service must never import from outside.
FORBIDDEN = {
    "nnt_contract": {"os", "time", "logging", "socket", "pathlib", "random"},
    "nnt_datasets": {
        "pickle",
        "pandas",
        "keras",
        "tensorflow",
        "torch",
        "django",
        "flask",
        "celery",
        "logging",
    },
    "nnt_service": {"keras", "tensorflow", "torch", "django"},
    "nnt_server": {"keras", "tensorflow", "torch", "flask", "celery"},
    "nnt_deployer": {"keras", "tensorflow", "torch", "django", "numpy"},
    "nnt_parser": {"keras", "tensorflow", "torch", "django"},
    "nnt_simulation": {"flask", "celery", "django", "psycopg2"},
}
# Modules that take values and return values: their decisions are tested in milliseconds.
PURE = [
    "deployer/nnt_deployer/data_inspection/request.py",
    "deployer/nnt_deployer/dataset_path.py",
    "deployer/nnt_deployer/fetching/addresses.py",
    "deployer/nnt_deployer/lifecycle.py",
    "deployer/nnt_deployer/process_spec.py",
    "parser/nnt_parser/copy_binary.py",
    "parser/nnt_parser/ingest.py",
    "parser/nnt_parser/report_json.py",
    "parser/nnt_parser/weight_summary.py",
    "simulation/nnt_simulation/answers.py",
    "simulation/nnt_simulation/checkpoint.py",
    "simulation/nnt_simulation/durable.py",
    "simulation/nnt_simulation/folds.py",
    "simulation/nnt_simulation/outbox.py",
    "simulation/nnt_simulation/suitability.py",
    "simulation/nnt_simulation/writer.py",
]
IMPURE = {
    "flask",
    "celery",
    "psycopg2",
    "httpx",
    "docker",
    "kubernetes",
    "keras",
    "tensorflow",
    "torch",
    "redis",
    "kombu",
}


def imported(path: Path) -> set[str]:
    """The top-level names of everything a module imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package.removeprefix("nnt_") / package).rglob("*.py"))


@pytest.mark.parametrize("package", OURS)
def test_packages_import_only_what_they_may(package):
    assert modules(package)
    for module in modules(package):
        strangers = (imported(module) & OURS.keys()) - OURS[package] - {package}
        assert not strangers, f"{module.relative_to(ROOT)} imports {strangers}"


@pytest.mark.parametrize("package", OURS)
def test_services_stay_light(package):
    for module in modules(package):
        heavy = imported(module) & FORBIDDEN[package]
        assert not heavy, f"{module.relative_to(ROOT)} imports {heavy}"


def test_one_folder_knows_what_keras_computes_with():
    for module in modules("nnt_simulation"):
        if module.parent.name != "backends":
            assert not imported(module) & {"tensorflow", "torch"}, module.relative_to(ROOT)


@pytest.mark.parametrize("module", PURE)
def test_decisions_are_pure(module):
    assert not imported(ROOT / module) & IMPURE
