"""Where a run takes place: the NPU if it is asked for or can be used, else the host; and why."""

from __future__ import annotations

from dataclasses import dataclass

from aiebuild.errors import DeviceError, UsageError

DEFAULT_DEVICE = "npu1"
"""The array that the host target stands in for, and designs are made for where no NPU is found."""


@dataclass(frozen=True)
class Choice:
    """A target, the array that designs are made for, and the reason in words."""

    target: str
    device: str
    reason: str


def choose_target(asked: str, device: str | None = None) -> Choice:
    """The target of a run, asked for as `auto`, `host` or `npu`, for an array called `device`; None: the NPU's that is
    here, the default one for the host.

    Raises UsageError for another word, DeviceError when the NPU is asked for and cannot be used.
    """
    if asked == "host":
        return Choice("host", device or DEFAULT_DEVICE, "asked for")
    if asked not in ("auto", "npu"):
        raise UsageError(f"a model runs on one target: --target {asked} is for compiling", hint="--target auto")
    from aiebuild.runtime.xrt import npu_here, why_not

    problem = why_not(device)
    if problem is None:
        reason = "asked for" if asked == "npu" else "there is an NPU it is built for"
        here = npu_here() if device is None else None
        if here is None:
            return Choice("npu", device or DEFAULT_DEVICE, reason)
        return Choice("npu", here[1], f"{reason}; {here[1]}, as the NPU here is {here[0]}")
    if asked == "npu":
        raise DeviceError(f"the NPU cannot be used: {problem}", hint="aiebuild doctor, or --target host")
    return Choice("host", device or DEFAULT_DEVICE, f"no NPU: {problem}")
