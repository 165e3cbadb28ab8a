"""Real speech with known words: 35 recordings from two Debian packages, joined with pauses.

    .venv/bin/python benchmarks/speech.py                  # fetches them at first use; prints where the audio is

pocketsphinx-testdata has utterances of a LibriVox reading, asterisk-core-sounds-en-g722 prompts of one speaker, whose
texts are in asterisk-core-sounds-en. They are downloaded by `apt-get download` and unpacked by `dpkg -x`, without being
installed, into the cache; where there is no apt, put the three .deb files into the folder that the error names.
"""

from __future__ import annotations

import gzip
import sys
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aiebuild.errors import AiebuildError, MissingError
from aiebuild.report.terminal import report_error
from aiebuild.resources import cache_dir
from aiebuild.toolchain.process import run
from aiebuild.whisper.audio import load_audio
from aiebuild.whisper.constants import SAMPLE_RATE

PACKAGES = ("pocketsphinx-testdata", "asterisk-core-sounds-en-g722", "asterisk-core-sounds-en")
SOUNDS = Path("usr/share/asterisk/sounds/en_US_f_Allison")
TEXTS = Path("usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz")
READING = Path("usr/share/pocketsphinx/test/data/librivox")

GAP_SECONDS = 0.8
"""Silence after each recording."""

# longer prompts whose text is what is said; the reading's sentences come in between
PROMPTS = """
demo-congrats vm-review priv-callee-options * dir-intro vm-options queue-youarenext basic-pbx-ivr-main * vm-msginstruct
demo-abouttotry vm-newuser confbridge-mute-extended * demo-echotest dir-instr vm-opts-full ss-noservice demo-nogo
dictate/play_help * tt-allbusy vm-instructions confbridge-pin vm-record-prepend confbridge-lock-extended pbx-invalidpark
vm-tempgreeting2 followme/status * privacy-unident vm-rec-unv agent-incorrect vm-saveoper vm-mismatch
"""


@dataclass(frozen=True)
class Speech:
    """16 kHz mono samples [n], and what is said in them."""

    samples: NDArray[np.int16]
    text: str
    recordings: int

    @property
    def seconds(self) -> float:
        """The length, pauses included."""
        return self.samples.size / SAMPLE_RATE

    def shifted(self, seconds: float) -> NDArray[np.int16]:
        """The samples after some silence."""
        return np.concatenate([np.zeros(round(seconds * SAMPLE_RATE), np.int16), self.samples])


def fetch() -> Path:
    """The folder with the packages' files; fetched at first use. Raises MissingError when they cannot be had."""
    folder = cache_dir() / "speech"
    files = folder / "files"
    if (files / "complete").is_file():
        return files
    folder.mkdir(parents=True, exist_ok=True)
    for package in PACKAGES:
        if not any(folder.glob(f"{package}_*.deb")):
            try:
                run(("apt-get", "download", package), cwd=folder)
            except AiebuildError as error:
                raise MissingError(f"no {package}: {error}", hint=f"put its .deb file into {folder}") from None
        run(("dpkg", "-x", str(next(folder.glob(f"{package}_*.deb"))), str(files)))
    (files / "complete").touch()
    return files


def load_speech() -> Speech:
    """The recordings, joined."""
    files = fetch()
    sentences = list(_reading(files / READING))
    texts = _texts(files / TEXTS)
    gap = np.zeros(round(GAP_SECONDS * SAMPLE_RATE), np.int16)
    parts: list[NDArray[np.int16]] = []
    said: list[str] = []
    for name in PROMPTS.split():
        path, text = sentences.pop(0) if name == "*" else (files / SOUNDS / f"{name}.g722", texts[name])
        parts += [load_audio(path).samples, gap]
        said.append(text)
    return Speech(np.concatenate(parts), " ".join(said), len(said))


def _reading(folder: Path) -> list[tuple[Path, str]]:
    lines = (folder / "transcription").read_text(encoding="utf-8").splitlines()
    found: list[tuple[Path, str]] = []
    for line in filter(None, lines):
        text, _, name = line.rpartition("(")
        found.append((folder / f"{name.strip(' )')}.wav", text.replace("<s>", "").replace("</s>", "").strip()))
    return found


def _texts(path: Path) -> dict[str, str]:
    with gzip.open(path, "rt", encoding="utf-8", errors="replace") as file:
        lines = [line.strip() for line in file if ":" in line and not line.startswith(";")]
    return {name.strip(): text.strip() for name, _, text in (line.partition(":") for line in lines)}


def main() -> None:
    """Write the joined audio and its text into the cache and say where."""
    speech = load_speech()
    folder = cache_dir() / "speech"
    with wave.open(str(folder / "speech.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(speech.samples.tobytes())
    (folder / "speech.txt").write_text(speech.text + "\n", encoding="utf-8")
    print(f"{folder / 'speech.wav'}: {speech.recordings} recordings, {speech.seconds:.1f} s")
    print(f"{folder / 'speech.txt'}: {len(speech.text.split())} words")


if __name__ == "__main__":
    try:
        main()
    except AiebuildError as error:
        report_error(error)
        sys.exit(error.exit_code)
