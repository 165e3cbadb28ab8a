// The core counts how often it ran; it is reset and enabled twice. A descriptor queued by mistake is flushed first.
module {
  aie.device(npu1_1col) {
    %shim = aie.tile(0, 0)
    %tile = aie.tile(0, 2)
    %free = aie.lock(%tile, 0) {init = 1 : i32, sym_name = "free"}
    %full = aie.lock(%tile, 1) {init = 0 : i32, sym_name = "full"}
    %never = aie.lock(%tile, 2) {init = 0 : i32, sym_name = "never"}
    %count = aie.buffer(%tile) {sym_name = "count"} : memref<1xi32> = dense<5>
    %data = aie.buffer(%tile) {sym_name = "data"} : memref<8xi32>
    aie.flow(%tile, DMA : 1, %shim, DMA : 0)
    %core = aie.core(%tile) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c8 = arith.constant 8 : index
      %one = arith.constant 1 : i32
      aie.use_lock(%free, AcquireGreaterEqual, 1)
      %n = memref.load %count[%c0] : memref<1xi32>
      scf.for %i = %c0 to %c8 step %c1 {
        memref.store %n, %data[%i] : memref<8xi32>
      }
      %more = arith.addi %n, %one : i32
      memref.store %more, %count[%c0] : memref<1xi32>
      aie.use_lock(%full, Release, 1)
      aie.end
    }
    %mem = aie.mem(%tile) {
      %0 = aie.dma_start(MM2S, 1, ^wrong, ^end)
    ^wrong:
      aie.use_lock(%never, AcquireGreaterEqual, 1)
      aie.dma_bd(%count : memref<1xi32>) {bd_id = 7 : i32}
      aie.next_bd ^right
    ^right:
      aie.use_lock(%full, AcquireGreaterEqual, 1)
      aie.dma_bd(%data : memref<8xi32>) {bd_id = 9 : i32}
      aie.use_lock(%free, Release, 1)
      aie.next_bd ^right
    ^end:
      aie.end
    }
    aie.shim_dma_allocation @out (%shim, S2MM, 0)
    aie.runtime_sequence(%b: memref<24xi32>) {
      aiex.dma_channel_reset(%tile, MM2S, 1)
      %bd = arith.constant 9 : i32
      %repeat = arith.constant 0 : i32
      aiex.npu.push_queue(0, 2, MM2S : 1) bd_id %bd repeat %repeat {issue_token = false} : i32, i32
      %control = arith.constant 0x32000 : i32
      %enable = arith.constant 1 : i32
      aiex.npu.dma_memcpy_nd(%b[0, 0, 0, 0][1, 1, 1, 8][0, 0, 0, 1]) {id = 0 : i64, issue_token = true, metadata = @out} : memref<24xi32>
      aiex.npu.dma_wait {symbol = @out}
      aiex.core_reset(%tile)
      aiex.npu.maskwrite32(%control, %enable, %enable) {column = 0 : i32, row = 2 : i32} : i32, i32, i32
      aiex.npu.dma_memcpy_nd(%b[0, 0, 0, 8][1, 1, 1, 8][0, 0, 0, 1]) {id = 1 : i64, issue_token = true, metadata = @out} : memref<24xi32>
      aiex.npu.dma_wait {symbol = @out}
      aiex.core_reset(%tile)
      aiex.npu.maskwrite32(%control, %enable, %enable) {column = 0 : i32, row = 2 : i32} : i32, i32, i32
      aiex.npu.dma_memcpy_nd(%b[0, 0, 0, 16][1, 1, 1, 8][0, 0, 0, 1]) {id = 2 : i64, issue_token = true, metadata = @out} : memref<24xi32>
      aiex.npu.dma_wait {symbol = @out}
    }
  }
}
