"""What a simulation may use: what is asked for, within what this server allows."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from django.conf import settings
from django.core.exceptions import ValidationError

from nnt_contract.simulation_config import Limits
from nnt_server.simulations.templatetags.simulation_format import duration, mebibytes

NAMES = tuple(Limits.model_fields)
_IN_WORDS: Mapping[str, Callable[[int], str]] = {
    "memory_mb": mebibytes,
    "cpu_s": duration,
    "wall_s": duration,
}


class Bounds(NamedTuple):
    """Of one limit; None: as much as there is."""

    name: str
    usual: int | None  # of who asks for none
    highest: int | None

    @property
    def in_words(self) -> str:
        usual = self._say(self.usual) if self.usual else "as much as there is"
        at_most = f" At most {self._say(self.highest)}." if self.highest else ""
        return f"Left empty: {usual}.{at_most}"

    def check(self, asked: int) -> None:
        """Raises ValidationError."""
        if self.highest and asked > self.highest:
            raise ValidationError(
                f"At most {self._say(self.highest)} can be given; received {self._say(asked)}."
            )

    def _say(self, value: int) -> str:
        return _IN_WORDS[self.name](value)


def bounds(name: str) -> Bounds:
    usual = getattr(settings.NNT, f"limit_{name}")
    highest = getattr(settings.NNT, f"limit_{name}_max")
    return Bounds(name, usual or highest, highest)
