"""`DeviceModel`: a compiled artifact on a device, as the model that transcription drives (`SpeechModel`).

The chain: log-mel of a whole file, dispatch by dispatch; one dispatch for a window's encoder, which leaves the keys and
values of the decoder's cross-attention; one dispatch for each step of the decoder. What the host CPU does in between is
moving samples and rows, looking up token embeddings, and writing the two or three words of a command that change.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from aiebuild.config.model import ModelDims
from aiebuild.errors import BuildError
from aiebuild.manifest import store
from aiebuild.manifest.types import Manifest
from aiebuild.runtime.device import Buffer, Device, Dispatch, Overlay
from aiebuild.runtime.host import HostDevice
from aiebuild.runtime.profile import Profile, StageProfile
from aiebuild.whisper.constants import N_FRAMES
from aiebuild.whisper.decoder_rows import DeviceDecoder
from aiebuild.whisper.samples import Samples, Spool, read_samples
from aiebuild.whisper.speech import Allowed, Candidates

DYNAMIC_RANGE = 8
"""Log-mel is clamped to the maximum minus this, in decades (openai/whisper, audio.py)."""


PREPARED = 12288
"""Mel frames that are made at a time, of 123 s: a whole number of the longest dispatches, and few bytes."""


@dataclass(frozen=True)
class DeviceAudio:
    """A file's log-mel: int16 Q11, unclamped, content_frames + 3000 rows of n_mels, of which those behind the last one
    of `mel` are `silence`; and the whole file's lower clamp."""

    mel: Spool
    silence: int
    floor: int
    content_frames: int

    def rows(self, first: int, last: int) -> NDArray[np.int16]:
        """The frames [first, last), [n, n_mels]."""
        found = self.mel.read(first, last)
        return np.pad(found, ((0, last - first - len(found)), (0, 0)), constant_values=self.silence)


@dataclass
class _Stage:
    name: str
    overlay: Overlay
    macs: float = 0.0
    dispatches: int = 0
    seconds: float = 0.0


class DeviceModel:
    """A Whisper model on a device: several windows, and several token sequences of each; see `SpeechModel`."""

    def __init__(self, artifact: Path, manifest: Manifest, device: Device, *, counting: bool) -> None:
        self._artifact = artifact
        self._manifest = manifest
        self._device = device
        facts = cast("dict[str, Any]", manifest.metadata)
        self._dims = ModelDims(**facts["dims"])
        self._mel: dict[str, Any] = facts["mel"]
        self._encoder: dict[str, Any] = facts["encoder"]
        self._stages = {name: _Stage(name, self._open(name, counting)) for name in ("mel", "encoder", "decoder")}
        self._counting = counting
        self._last = ""
        self._switches = 0
        self._begin = time.perf_counter()
        self._prepare_mel()
        self._decoder = self._prepare_decoder()
        self._prepare_encoder()

    @classmethod
    def open(cls, artifact: Path, *, threads: int | None = None, counting: bool = False) -> DeviceModel:
        """Open an artifact on this machine. `threads`: None for one a processor. `counting`: count operations.

        Raises UsageError when there is no artifact, BuildError when it is damaged, DeviceError when it cannot be
        loaded.
        """
        manifest = store.load(artifact)
        device = HostDevice(threads)
        try:
            return cls(artifact, manifest, device, counting=counting)
        except BaseException:
            device.close()
            raise

    def __enter__(self) -> DeviceModel:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the device back."""
        self._device.close()

    @property
    def dims(self) -> ModelDims:
        """The model's dimensions."""
        return self._dims

    @property
    def device(self) -> str:
        """Where the model runs, in words."""
        return self._device.name

    # --- preparation ---------------------------------------------------------------------------------------------

    def _open(self, name: str, counting: bool) -> Overlay:
        entry = self._manifest.overlay(name)
        library = entry.counting if counting else entry.library
        if library is None:
            raise BuildError(
                f"{self._artifact}: overlay {name} was built without counting",
                hint="aiebuild run --profile compiles what counts",
            )
        return self._device.open(self._artifact / library.path)

    def _sequence(self, overlay: str, name: str) -> Any:
        file = self._manifest.overlay(overlay).sequence(name).file
        return self._stages[overlay].overlay.load_sequence(self._artifact / file.path)

    def _packed(self, name: str) -> Buffer:
        """A packed buffer in memory of its own (large pages, where the system has them)."""
        entry = self._manifest.buffer(name)
        path = self._artifact / cast(str, entry.file)
        buffer = self._device.buffer(entry.bytes)
        with path.open("rb") as file:
            file.seek(entry.offset)
            got = file.readinto(memoryview(buffer.array))  # pyright: ignore[reportArgumentType]
        if got != entry.bytes:
            raise store.broken(path, f"ends {entry.bytes - got} bytes early")
        buffer.seal()
        return buffer

    def _mapped(self, name: str) -> NDArray[np.float16] | NDArray[np.float32]:
        entry = self._manifest.buffer(name)
        layout = entry.layout
        assert layout is not None
        kind = np.float16 if layout.dtype == "f16" else np.float32
        path = self._artifact / cast(str, entry.file)
        # a plain array over the file's memory: every view of a memmap runs Python
        return cast(Any, np.asarray(np.memmap(path, kind, "r", entry.offset, tuple(layout.shape))))

    def _prepare_mel(self) -> None:
        facts = self._mel
        self._mel_constants = self._packed("mel.constants")
        self._mel_sequences = {
            int(rounds): self._sequence("mel", name)
            for rounds, name in cast("dict[str, str]", facts["sequences"]).items()
        }
        self._mel_arguments = {int(rounds): tuple(sizes) for rounds, sizes in facts["arguments"].items()}

    def _prepare_encoder(self) -> None:
        facts = self._encoder
        self._window = self._device.buffer(facts["input_bytes"])
        self._activations = self._device.buffer(facts["arena_bytes"])
        self._encoder_weights = self._packed("encoder.weights")
        self._window.array[: 4 * len(facts["command"])] = np.array(facts["command"], np.int32).view(np.uint8)
        self._encode = self._sequence("encoder", facts["sequence"])

    def _prepare_decoder(self) -> DeviceDecoder:
        stage = self._stages["decoder"]
        return DeviceDecoder(
            cast("dict[str, Any]", self._manifest.metadata)["decoder"], self._dims, self._device, stage.overlay,
            lambda name: self._sequence("decoder", name), lambda dispatch, macs: self._run("decoder", dispatch, macs),
            self._packed("decoder.weights"),
            (self._mapped("embedding.tokens"), np.asarray(self._mapped("embedding.positions"), np.float32)),
        )  # fmt: skip

    def _run(self, stage: str, dispatch: Dispatch, macs: float) -> None:
        self._run_all(stage, (dispatch,), macs)

    def _run_all(self, stage: str, dispatches: Sequence[Dispatch], macs: float) -> None:
        """Dispatches of one stage, one after the other; `macs`: of all of them."""
        if not dispatches:
            return
        if self._last != stage:
            self._switches += bool(self._last)
            self._last = stage
        entry = self._stages[stage]
        start = time.perf_counter()
        if len(dispatches) == 1:
            dispatches[0].run()
        else:
            entry.overlay.run_all(dispatches)
        entry.seconds += time.perf_counter() - start
        entry.dispatches += len(dispatches)
        entry.macs += macs

    # --- log-mel -------------------------------------------------------------------------------------------------

    def prepare(self, samples: Samples) -> DeviceAudio:
        """The log-mel of a whole file; see `SpeechModel.prepare`."""
        facts = self._mel
        edge, hop, silence = facts["edge_samples"], facts["hop"], facts["floor"]
        content = samples.size // hop
        heard = min(content + N_FRAMES, -(-(samples.size + edge) // hop)) if samples.size else 0
        plans = [self._mel_dispatches(min(PREPARED, heard - first)) for first in range(0, heard, PREPARED)]
        longest = max((sum(rounds for _, rounds in plan) for plan in plans), default=1) * facts["round_frames"]
        audio = self._device.buffer(2 * (longest * hop + 2 * edge))
        frames = self._device.buffer(2 * longest * self._dims.n_mels)
        mel, peak = Spool(self._dims.n_mels), int(silence)
        for number, plan in enumerate(plans):
            first = number * PREPARED
            self._fill_audio(audio.array.view(np.int16), samples, first * hop - edge)
            peak = max(peak, self._run_mel(plan, audio, frames))
            rows = frames.array.view(np.int16).reshape(-1, self._dims.n_mels)
            mel.append(rows[: min(PREPARED, heard - first)])
        floor = max(peak - (DYNAMIC_RANGE << facts["fraction_bits"]), -32768)
        return DeviceAudio(mel, silence, floor, content)

    @staticmethod
    def _fill_audio(audio: NDArray[np.int16], samples: Samples, first: int) -> None:
        """The samples from number `first` on; before the file's first one it is mirrored, behind its end are zeros."""
        before = max(0, -first)
        found = read_samples(samples, max(0, first), first + audio.size)
        audio[before : before + found.size] = found
        audio[before + found.size :] = 0
        audio[:before] = audio[2 * before : before : -1]

    def _run_mel(self, plan: Sequence[tuple[int, int]], audio: Buffer, frames: Buffer) -> int:
        """The log-mel of `audio`'s frames; the largest value of all."""
        facts, n_mels = self._mel, self._dims.n_mels
        overlay = self._stages["mel"].overlay
        peaks: list[Buffer] = []
        dispatches: list[Dispatch] = []
        for first, rounds in plan:
            sizes = self._mel_arguments[rounds]
            peaks.append(self._device.buffer(sizes[3]))
            parts = (audio.part(2 * facts["hop"] * first, sizes[0]), frames.part(2 * n_mels * first, sizes[2]))
            dispatches.append(
                overlay.prepare(self._mel_sequences[rounds], [parts[0], self._mel_constants, parts[1], peaks[-1]])
            )
        self._run_all("mel", dispatches, sum(facts["macs"][str(rounds)] for _, rounds in plan))
        of_object = facts["peak_object"] // 2
        return max(int(part.array.view(np.int16).reshape(-1, of_object)[:, 0].max()) for part in peaks)

    def _mel_dispatches(self, frames: int) -> list[tuple[int, int]]:
        """(first frame, rounds) of the dispatches that cover `frames`."""
        step: int = self._mel["round_frames"]
        sizes = sorted(self._mel_sequences, reverse=True)
        plan: list[tuple[int, int]] = []
        first = 0
        while first < frames:
            left = -(-(frames - first) // step)
            rounds = next((size for size in sizes if size <= left), sizes[-1])
            plan.append((first, rounds))
            first += rounds * step
        return plan

    # --- encoder -------------------------------------------------------------------------------------------------

    def encode(self, audio: DeviceAudio, frame_offset: int, n_frames: int, window: int = 0) -> None:
        """Encode a window; see `SpeechModel.encode`."""
        facts = self._encoder
        words = self._window.array[:256].view(np.int32)
        words[facts["floor_word"]] = audio.floor
        words[facts["elements_word"]] = n_frames * self._dims.n_mels
        start = facts["object"]
        part = audio.rows(frame_offset, frame_offset + n_frames).reshape(-1)
        self._window.array[start : start + 2 * part.size].view(np.int16)[:] = part
        dispatch = self._stages["encoder"].overlay.prepare(
            self._encode, [self._encoder_weights, self._activations, self._window, self._decoder.keys(window)]
        )
        self._run("encoder", dispatch, facts["macs"])
        self._decoder.forget()

    def encoder_output(self) -> NDArray[np.uint8]:
        """The final layer norm's output as the device keeps it: int8 tiles [row tiles, k tiles, 8448] with row scales.

        For tests and `aiebuild check`: the values are divided by the smoothing factors and lack beta.
        """
        place = self._encoder["output"]
        rows, stride, size = place["row_tiles"], place["stride"], self._encoder["object"]
        tiles = self._activations.array[place["offset"] :][: rows * stride * size].reshape(rows, stride, size)
        return tiles[:, : place["k_tiles"]]

    def encoder_factors(self) -> NDArray[np.float32]:
        """The smoothing factors by which the channels of `encoder_output` are divided, [n]."""
        return np.array(self._mapped("encoder.factors"), np.float32)

    # --- decoder -------------------------------------------------------------------------------------------------

    @property
    def max_windows(self) -> int:
        """Windows that can be held at once."""
        return self._decoder.max_windows

    @property
    def max_rows(self) -> int:
        """Live rows a window can have."""
        return self._decoder.max_rows

    def suppress(self, tokens: Sequence[int]) -> None:
        """See `SpeechModel.suppress`."""
        self._decoder.suppress(tokens)

    def start(
        self, prompts: Sequence[Sequence[int]], sot: Sequence[int], allowed: Sequence[Allowed], window: int = 0
    ) -> tuple[list[Candidates], NDArray[np.float32]]:
        """See `SpeechModel.start`; `window`: the slot of the first window."""
        return self._decoder.start(prompts, sot, allowed, window)

    def step(
        self, parents: Sequence[Sequence[int]], tokens: Sequence[Sequence[int]], allowed: Sequence[Sequence[Allowed]]
    ) -> list[Candidates]:
        """See `SpeechModel.step`."""
        return self._decoder.step(parents, tokens, allowed)

    def start_logits(self, prompts: Sequence[Sequence[int]], window: int = 0) -> NDArray[np.float32]:
        """See `SpeechModel.start_logits`; `window`: the slot of the first window."""
        return self._decoder.start_logits(prompts, window)

    def step_logits(self, parents: Sequence[Sequence[int]], tokens: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """See `SpeechModel.step_logits`."""
        return self._decoder.step_logits(parents, tokens)

    # --- profile -------------------------------------------------------------------------------------------------

    def profile(self) -> Profile:
        """What ran since the model was opened, a row a stage."""
        stages: list[StageProfile] = []
        for stage in self._stages.values():
            counters = stage.overlay.counters()
            operations: dict[str, int] = {}
            for core in counters.cores:
                for name, count in core.operations:
                    operations[name] = operations.get(name, 0) + count
            busy = sum(core.resumes > 0 for core in counters.cores)
            stages.append(
                StageProfile(
                    stage.name, stage.overlay.path.name, busy, counters.dispatches, stage.seconds, round(stage.macs),
                    operations,
                )
            )  # fmt: skip
        return Profile(self._device.name, tuple(stages), self._switches, time.perf_counter() - self._begin)
