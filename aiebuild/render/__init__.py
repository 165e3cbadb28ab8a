"""Rendering templates into MLIR."""

from aiebuild.render.environment import Rendered, render, render_template

__all__ = ["Rendered", "render", "render_template"]
