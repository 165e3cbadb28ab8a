"""Where a run takes place: the NPU if it is asked for or can be used, else the host; and why."""

from __future__ import annotations

from dataclasses import dataclass

from aiebuild.errors import DeviceError, UsageError


@dataclass(frozen=True)
class Choice:
    """A target, and the reason in words."""

    target: str
    reason: str


def choose_target(asked: str, device: str) -> Choice:
    """The target of a run for an array called `device`, asked for as `auto`, `host` or `npu`.

    Raises UsageError for another word, DeviceError when the NPU is asked for and cannot be used.
    """
    if asked == "host":
        return Choice("host", "asked for")
    if asked not in ("auto", "npu"):
        raise UsageError(f"a model runs on one target: --target {asked} is for compiling", hint="--target auto")
    from aiebuild.runtime.xrt import why_not

    problem = why_not(device)
    if problem is None:
        return Choice("npu", "asked for" if asked == "npu" else "there is an NPU it is built for")
    if asked == "npu":
        raise DeviceError(f"the NPU cannot be used: {problem}", hint="aiebuild doctor, or --target host")
    return Choice("host", f"no NPU: {problem}")
