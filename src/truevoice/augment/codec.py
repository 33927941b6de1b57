"""Through a lossy code, as telephones and platforms use them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from truevoice.augment.coding import CODES, check_codes, through_code
from truevoice.augment.draws import Draws
from truevoice.augment.step import Step, Wave, number, words
from truevoice.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Codec(Step):
    """One of `codecs`, at one of its bit rates from min_kbps to max_kbps, all equally likely. Length and place in time
    stay; what a code at 8 kHz cannot carry is gone."""

    kind: ClassVar[str] = "codec"
    main: ClassVar[str] = "codecs"

    codecs: tuple[str, ...] = words(tuple(CODES), CODES)
    min_kbps: float = number(0, 0, 1000)
    max_kbps: float = number(1000, 0, 1000)

    def check(self) -> None:
        check_codes(self.codecs)
        for name in self.codecs:
            if not self._rates(name):
                known = CODES[name].kbps
                raise UsageError(
                    f"{name} has no bit rate from min_kbps {self.min_kbps:g} to max_kbps {self.max_kbps:g}: it has "
                    f"{', '.join(f'{rate:g}' for rate in known)} kbit/s"
                )

    def apply(self, wave: Wave, draws: Draws) -> Wave:
        name = self.codecs[draws.one_of(len(self.codecs))]
        rates = self._rates(name)
        return through_code(wave, name, rates[draws.one_of(len(rates))])

    def _rates(self, name: str) -> tuple[float, ...]:
        return tuple(rate for rate in CODES[name].kbps if self.min_kbps <= rate <= self.max_kbps)
