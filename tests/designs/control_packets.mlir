// Control packets in %a write four words of a tile's memory, and read them back, the first one last.
module {
  aie.device(npu1_1col) {
    %shim = aie.tile(0, 0)
    %tile = aie.tile(0, 2)
    %data = aie.buffer(%tile) {address = 1024 : i32, sym_name = "data"} : memref<4xi32>
    aie.packet_flow(1) {
      aie.packet_source<%shim, DMA : 0>
      aie.packet_dest<%tile, TileControl : 0>
    }
    aie.packet_flow(2) {
      aie.packet_source<%tile, TileControl : 0>
      aie.packet_dest<%shim, DMA : 0>
    }
    aie.shim_dma_allocation @in (%shim, MM2S, 0)
    aie.shim_dma_allocation @out (%shim, S2MM, 0)
    aie.runtime_sequence(%a: memref<7xi32>, %b: memref<4xi32>) {
      aiex.npu.dma_memcpy_nd(%b[0, 0, 0, 0][1, 1, 1, 4][0, 0, 0, 1]) {id = 0 : i64, issue_token = true, metadata = @out} : memref<4xi32>
      aiex.npu.dma_memcpy_nd(%a[0, 0, 0, 0][1, 1, 1, 7][0, 0, 0, 1], packet = <pkt_type = 1, pkt_id = 1>) {id = 1 : i64, metadata = @in} : memref<7xi32>
      aiex.npu.dma_wait {symbol = @out}
    }
  }
}
