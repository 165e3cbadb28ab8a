"""What the layers of a model read while a bundled sample is heard in float32, for packing weights by it.

Part of the build: a run reads packed weights only.
"""
