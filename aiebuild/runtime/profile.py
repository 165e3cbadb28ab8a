"""What ran where: the figures behind `aiebuild run --profile`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class StageProfile:
    """One stage of a run, summed over its dispatches.

    `overlay` and `cores`: the design that ran it and how many of its cores did work; "" and 0 for what the host CPU
    does outside designs (audio decoding, token look-up, sampling). `seconds`: inside dispatches, measured.
    `operations`: counted by name (only by overlays built for counting). `macs`: the model's own multiply-accumulates
    for this work.
    """

    stage: str
    overlay: str
    cores: int
    dispatches: int
    seconds: float
    macs: int = 0
    operations: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True)
class Profile:
    """A whole run. `device`: where, in words. `switches`: changes of overlay. `seconds`: from start to end."""

    device: str
    stages: tuple[StageProfile, ...]
    switches: int
    seconds: float
