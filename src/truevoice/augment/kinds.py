"""The register of augmentation steps."""

from truevoice.augment.clip import Clip
from truevoice.augment.codec import Codec
from truevoice.augment.gain import Gain
from truevoice.augment.noise import Noise
from truevoice.augment.rawboost import RawBoost
from truevoice.augment.resample import Resample
from truevoice.augment.room import Room
from truevoice.augment.shift import Shift
from truevoice.augment.step import Step
from truevoice.augment.telephone import Telephone
from truevoice.augment.trim import Trim

_ALL: tuple[type[Step], ...] = (RawBoost, Codec, Noise, Room, Gain, Clip, Resample, Telephone, Shift, Trim)
KINDS = {step.kind: step for step in _ALL}
