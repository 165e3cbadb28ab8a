"""Whisper around the designs: audio, tokenizer, decoding rules, sliding windows, transcripts; the reference model."""
