// The sequence queues tasks on the memory tile itself: one receives two halves in reverse order and tells by a token that
// it is done, one sends the whole.
module {
  aie.device(npu1_1col) {
    %shim = aie.tile(0, 0)
    %mem = aie.tile(0, 1)
    %object = aie.buffer(%mem) {sym_name = "object"} : memref<64xi32>
    aie.flow(%shim, DMA : 0, %mem, DMA : 0)
    aie.flow(%mem, DMA : 0, %shim, DMA : 0)
    aie.packet_flow(1) {
      aie.packet_source<%mem, TileControl : 0>
      aie.packet_dest<%shim, South : 0>
    }
    aie.runtime_sequence(%a: memref<64xi32>, %b: memref<64xi32>) {
      %t0 = aiex.dma_configure_task(%shim, MM2S, 0) {
        aie.dma_bd(%a : memref<64xi32> offset = 0 len = 64) {bd_id = 0 : i32}
        aie.end
      }
      %t1 = aiex.dma_configure_task(%mem, S2MM, 0) {
        aie.dma_bd(%object : memref<64xi32> offset = 32 len = 32) {bd_id = 0 : i32}
        aie.next_bd ^second
      ^second:
        aie.dma_bd(%object : memref<64xi32> offset = 0 len = 32) {bd_id = 1 : i32}
        aie.end
      } {issue_token = true}
      aiex.dma_start_task(%t0)
      aiex.dma_start_task(%t1)
      aiex.dma_await_task(%t1)
      %t2 = aiex.dma_configure_task(%mem, MM2S, 0) {
        aie.dma_bd(%object : memref<64xi32> offset = 0 len = 64) {bd_id = 2 : i32}
        aie.end
      }
      %t3 = aiex.dma_configure_task(%shim, S2MM, 0) {
        aie.dma_bd(%b : memref<64xi32> offset = 0 len = 64) {bd_id = 1 : i32}
        aie.end
      } {issue_token = true}
      aiex.dma_start_task(%t2)
      aiex.dma_start_task(%t3)
      aiex.dma_await_task(%t3)
    }
  }
}
