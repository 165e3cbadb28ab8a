"""Whisper's tokens: text by the model's own `tokenizer.json`, and the special tokens around it.

Special tokens by openai/whisper's names. Text tokens are below `eot`; timestamps, 1,501 of 20 ms each, from
`timestamp_begin` to the end of the vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from tokenizers import Tokenizer

from aiebuild.config.model import ModelDims
from aiebuild.errors import BuildError, UsageError
from aiebuild.whisper.constants import CHUNK_SECONDS
from aiebuild.whisper.languages import LANGUAGES, language_code

TIMESTAMPS = CHUNK_SECONDS * 50 + 1
"""Timestamp tokens: 0.00 to 30.00 s in steps of 20 ms."""

# Symbols suppressed to keep annotations like [LAUGHS] and ♪ out (source: openai/whisper, `non_speech_tokens`)
_SYMBOLS = [
    *'"#()*+/:;<=>@[\\]^_`{|}~「」『』',
    *("<<", ">>", "<<<", ">>>", "--", "---", "-(", "-[", "('", '("', "((", "))", "(((", ")))", "[[", "]]", "{{", "}}"),
    *("♪♪", "♪♪♪"),
]
_MUSIC = "♩♪♫♬♭♮♯"


class WhisperTokenizer:
    """Text to tokens and back, and the special tokens, checked against the model's vocabulary."""

    def __init__(self, path: Path, dims: ModelDims) -> None:
        """Raises UsageError for a missing file, BuildError for one that is no tokenizer or not this model's."""
        if not path.is_file():
            raise UsageError(f"{path}: no such file")
        try:
            self._text = Tokenizer.from_file(str(path))
        except Exception as error:  # noqa: BLE001 - tokenizers raises bare Exception
            raise BuildError(f"{path}: not a tokenizer: {str(error).splitlines()[0]}") from None
        # a prompt that spells out a special token is text
        self._text.encode_special_tokens = True
        self.path = path
        self.dims = dims
        self.eot = self._special("<|endoftext|>")
        self.sot = self._special("<|startoftranscript|>")
        self.translate = self._special("<|translate|>")
        self.transcribe = self._special("<|transcribe|>")
        self.sot_lm = self._special("<|startoflm|>")
        self.sot_prev = self._special("<|startofprev|>")
        self.no_speech = self._special("<|nospeech|>", "<|nocaptions|>")
        self.no_timestamps = self._special("<|notimestamps|>")
        self.timestamp_begin = self.no_timestamps + 1
        if self.timestamp_begin + TIMESTAMPS != dims.n_vocab:
            raise BuildError(
                f"{path}: has {self.timestamp_begin + TIMESTAMPS} tokens with timestamps, the model has {dims.n_vocab}",
                hint="is this another model's tokenizer?",
            )

    def encode(self, text: str) -> list[int]:
        """The tokens of a text; no special ones are added or recognised."""
        return self._text.encode(text, add_special_tokens=False).ids

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of tokens; timestamps are left out, bytes that are no UTF-8 become U+FFFD."""
        return self._text.decode([t for t in tokens if t < self.timestamp_begin], skip_special_tokens=False)

    def text_tokens(self, tokens: Sequence[int]) -> list[int]:
        """The tokens without special ones and timestamps."""
        return [t for t in tokens if t < self.eot]

    @cached_property
    def language_tokens(self) -> dict[str, int]:
        """The token of each language, by code; empty for an English-only model."""
        if not self.dims.is_multilingual:
            return {}
        return {code: self._special(f"<|{code}|>") for code in list(LANGUAGES)[: self.dims.num_languages]}

    def sot_sequence(self, language: str | None, task: str) -> tuple[int, ...]:
        """The tokens that start a transcript: start, language and task; start alone for an English-only model.

        Raises UsageError for a language or task the model does not have.
        """
        if task not in ("transcribe", "translate"):
            raise UsageError(f"unknown task `{task}`; known: transcribe, translate")
        code = language_code(language or "en")
        if not self.dims.is_multilingual:
            if code != "en" or task != "transcribe":
                what = f"language `{language}`" if task == "transcribe" else "translation"
                raise UsageError(f"an English-only model does not know {what}", hint="take the model without .en")
            return (self.sot,)
        if code not in self.language_tokens:
            raise UsageError(f"this model does not know the language `{code}`", hint="large-v3 and turbo do")
        return (self.sot, self.language_tokens[code], self.transcribe if task == "transcribe" else self.translate)

    @cached_property
    def blank_tokens(self) -> tuple[int, ...]:
        """What a transcript may not start with: a lone space, the end of text."""
        return (*self.encode(" "), self.eot)

    @cached_property
    def special_tokens(self) -> tuple[int, ...]:
        """Special tokens that are never sampled."""
        return (self.sot, self.translate, self.transcribe, self.sot_lm, self.sot_prev, self.no_speech)

    @cached_property
    def non_speech_tokens(self) -> tuple[int, ...]:
        """Tokens of speaker tags and sound annotations, ascending; plain punctuation is not among them."""
        # hyphens and single quotes are allowed between words, but not at the start of one
        result = {self.encode(" -")[0], self.encode(" '")[0]}
        for symbol in [*_SYMBOLS, *_MUSIC]:
            for tokens in (self.encode(symbol), self.encode(f" {symbol}")):
                # the first token of a music symbol covers U+2640 to U+267F, none of which is speech
                if len(tokens) == 1 or symbol in _MUSIC:
                    result.add(tokens[0])
        return tuple(sorted(result))

    def _special(self, *names: str) -> int:
        for name in names:
            token = self._text.token_to_id(name)
            if token is not None:
                return token
        raise BuildError(f"{self.path}: has no token {names[0]}; not a Whisper tokenizer")
