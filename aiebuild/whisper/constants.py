"""Numbers of Whisper's audio side, fixed for all models (source: openai/whisper, `audio.py`)."""

from __future__ import annotations

SAMPLE_RATE = 16_000
"""Samples a second."""

N_FFT = 400
"""Length of a mel frame's transform, in samples."""

HOP_LENGTH = 160
"""Samples between mel frames: 10 ms."""

CHUNK_SECONDS = 30
"""Length of the window the encoder sees."""

N_SAMPLES = CHUNK_SECONDS * SAMPLE_RATE
"""Samples in a window: 480,000."""

N_FRAMES = N_SAMPLES // HOP_LENGTH
"""Mel frames in a window: 3,000."""

FRAMES_PER_SECOND = SAMPLE_RATE // HOP_LENGTH
"""Mel frames a second: 100."""
