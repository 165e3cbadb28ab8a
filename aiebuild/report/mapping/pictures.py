"""Every picture of the page by its file's name."""

from __future__ import annotations

from aiebuild.report.mapping import charts, decoder_pictures, encoder_pictures
from aiebuild.report.mapping.draw import Canvas
from aiebuild.report.mapping.tables import MACHINE, MODEL, dims_of


def all_pictures() -> dict[str, Canvas]:
    """Pictures of the model whose tables the page shows."""
    dims = dims_of(MODEL)
    return {
        "array": encoder_pictures.array(),
        "mel": encoder_pictures.mel(dims),
        "convolution": encoder_pictures.convolution(dims),
        "gemm": encoder_pictures.gemm(dims),
        "norm": encoder_pictures.norm(dims),
        "attention": encoder_pictures.attention(dims),
        "products": decoder_pictures.products(dims),
        "decoder_attention": decoder_pictures.attention(dims),
        "log": decoder_pictures.log(dims),
        "sampling": decoder_pictures.sampling(dims),
        "traffic": charts.traffic_chart(dims, MACHINE),
        "roofline": charts.roofline_chart(dims, MACHINE),
        "memory": charts.memory_chart(),
    }
