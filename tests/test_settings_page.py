"""What people read about settings is what there is, and what may be set can be."""

from nnt_contract.environment import PASSED_ON
from nnt_deployer.settings import DataWorkerSettings
from nnt_simulation.settings import DatasetSettings, SimulationSettings
from scripts.settings_page import PAGE, render


def test_the_page_is_that_of_the_settings():
    assert PAGE.read_text() == render(), "python -m scripts.settings_page writes it"


def test_what_datasets_may_be_is_the_same_where_they_are_inspected_and_where_they_are_read():
    for name, field in DatasetSettings.model_fields.items():
        other = DataWorkerSettings.model_fields[name]
        assert (other.default, other.description) == (field.default, field.description)


def test_the_deployer_passes_on_every_setting_of_simulations_that_is_not_its_own():
    fields = SimulationSettings.model_fields | DatasetSettings.model_fields
    optional = {f"NNT_{name}".upper() for name, field in fields.items() if not field.is_required()}
    assert optional == set(PASSED_ON)
