"""Reading `configs/targets/*.toml`."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from aiebuild.config.reader import read_toml
from aiebuild.errors import UsageError
from aiebuild.resources import configs_dir
from aiebuild.target.facts import Target

_NAME = re.compile(r"(npu[12])(?:_([1-7])col)?")


@lru_cache(maxsize=32)
def load_target(device: str) -> Target:
    """The array a device name stands for: `npu1`, `npu2`, or a part of one such as `npu1_2col`.

    Raises UsageError for an unknown name or a malformed file.
    """
    match = _NAME.fullmatch(device)
    if match is None:
        raise UsageError(f"unknown device `{device}`", hint="devices: npu1, npu1_1col .. npu1_3col, npu2, npu2_1col ..")
    whole = read_toml(configs_dir() / "targets" / f"{match.group(1)}.toml").build(Target)
    if match.group(2) is None:
        return whole
    columns = int(match.group(2))
    if columns >= whole.columns:
        raise UsageError(f"unknown device `{device}`: {whole.name} has {whole.columns} columns")
    return replace(whole, name=device, columns=columns)
