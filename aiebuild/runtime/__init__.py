"""Running what was built: devices, overlays, buffers."""
