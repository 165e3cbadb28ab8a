"""Build Whisper models into programs for AMD Ryzen AI NPUs, and run them there or on the host."""

__version__ = "0.1.0"
