"""Real speech with known words, recordings from two Debian packages joined with pauses: two files of it.

    .venv/bin/python benchmarks/speech.py                  # fetches them at first use; prints where the audio is

`speech` has the 30 longer prompts of which the text is just what is said, with sentences of a reading in between;
`prompts` the others of three seconds and more, in an order by chance, so that like ones are apart.

pocketsphinx-testdata has utterances of a LibriVox reading, asterisk-core-sounds-en-g722 prompts of one speaker, whose
texts are in asterisk-core-sounds-en. They are downloaded by `apt-get download` and unpacked by `dpkg -x`, without being
installed, into the cache; where there is no apt, put the three .deb files into the folder that the error names.
"""

from __future__ import annotations

import gzip
import random
import re
import sys
import wave
from collections.abc import Iterator
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

STEP = 0.1975
"""Seconds between the starts of two copies. No multiple of the 20 ms that timestamps count in: windows start at
timestamps, so with 0.2 s those of several copies soon hold the same samples: one chance, counted several times."""

# longer prompts whose text is what is said; the reading's sentences come in between
PROMPTS = """
demo-congrats vm-review priv-callee-options * dir-intro vm-options queue-youarenext basic-pbx-ivr-main * vm-msginstruct
demo-abouttotry vm-newuser confbridge-mute-extended * demo-echotest dir-instr vm-opts-full ss-noservice demo-nogo
dictate/play_help * tt-allbusy vm-instructions confbridge-pin vm-record-prepend confbridge-lock-extended pbx-invalidpark
vm-tempgreeting2 followme/status * privacy-unident vm-rec-unv agent-incorrect vm-saveoper vm-mismatch
"""

SHORTEST_PROMPT = 3.0
"""Seconds of a recording in `prompts`."""

PLAIN = re.compile(r"(?!.*\.\.)[A-Za-z0-9 .,'!?;:-]+")
"""A text without remarks, signs that are read out, or dots where another recording is to go on."""


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
    """The file `speech`."""
    files = fetch()
    sentences = list(_reading(files / READING))
    texts = _texts(files / TEXTS)
    chosen = [sentences.pop(0) if n == "*" else (files / SOUNDS / f"{n}.g722", texts[n]) for n in PROMPTS.split()]
    return _joined((load_audio(path).samples, text) for path, text in chosen)


def load_prompts() -> Speech:
    """The file `prompts`."""
    files = fetch()
    heard: dict[str, NDArray[np.int16]] = {}
    for name, text in _texts(files / TEXTS).items():
        path = files / SOUNDS / f"{name}.g722"
        if name not in PROMPTS.split() and text not in heard and path.is_file() and PLAIN.fullmatch(text):
            samples = load_audio(path).samples
            if samples.size >= SHORTEST_PROMPT * SAMPLE_RATE:
                heard[text] = samples
    order = sorted(heard)
    random.Random(1).shuffle(order)
    return _joined((heard[text], text) for text in order)


def _joined(recordings: Iterator[tuple[NDArray[np.int16], str]]) -> Speech:
    gap = np.zeros(round(GAP_SECONDS * SAMPLE_RATE), np.int16)
    parts: list[NDArray[np.int16]] = []
    said: list[str] = []
    for samples, text in recordings:
        parts += [samples, gap]
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


FILES = {"speech": load_speech, "prompts": load_prompts}
"""How each file is made."""


def main() -> None:
    """Write the joined audio and its text into the cache and say where."""
    folder = cache_dir() / "speech"
    for name, load in FILES.items():
        speech = load()
        with wave.open(str(folder / f"{name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(SAMPLE_RATE)
            file.writeframes(speech.samples.tobytes())
        (folder / f"{name}.txt").write_text(speech.text + "\n", encoding="utf-8")
        print(f"{folder / name}.wav: {speech.recordings} recordings, {speech.seconds:.1f} s")
        print(f"{folder / name}.txt: {len(speech.text.split())} words")


if __name__ == "__main__":
    try:
        main()
    except AiebuildError as error:
        report_error(error)
        sys.exit(error.exit_code)
