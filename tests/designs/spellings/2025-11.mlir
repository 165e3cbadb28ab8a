// The same design in the spelling of 2025-11: 7 + 30 is added to what comes in.
module {
  aie.device(npu1) @main {
    func.func private @add_constant(memref<64xi32>, memref<64xi32>, i32)
    %shim = aie.tile(0, 0)
    %tile = aie.tile(0, 2)
    aie.objectfifo @in(%shim, {%tile}, 2 : i32) : !aie.objectfifo<memref<64xi32>>
    %free = aie.lock(%tile) {init = 1 : i32}
    %full = aie.lock(%tile) {init = 0 : i32}
    %go = aie.lock(%tile, 9) {init = 0 : i32, sym_name = "go"}
    %data = aie.buffer(%tile) : memref<64xi32>
    %constant = aie.buffer(%tile) {sym_name = "constant"} : memref<2xi32>
    aie.flow(%tile, DMA : 0, %shim, DMA : 0)
    aie.shim_dma_allocation @out(S2MM, 0, 0)
    %mem = aie.mem(%tile) {
      %0 = aie.dma_start(MM2S, 0, ^send, ^end)
    ^send:
      aie.use_lock(%full, AcquireGreaterEqual, 1)
      aie.dma_bd(%data : memref<64xi32>, 0, 64)
      aie.use_lock(%free, Release, 1)
      aie.next_bd ^send
    ^end:
      aie.end
    }
    %core = aie.core(%tile) {
      %zero = arith.constant 0 : index
      %first = arith.constant 1 : index
      %held = aie.objectfifo.acquire @in(Consume, 1) : !aie.objectfifosubview<memref<64xi32>>
      %in = aie.objectfifo.subview.access %held[0] : !aie.objectfifosubview<memref<64xi32>> -> memref<64xi32>
      aie.use_lock(%free, AcquireGreaterEqual, 1)
      %5 = memref.load %constant[%zero] : memref<2xi32>
      %6 = memref.load %constant[%first] : memref<2xi32>
      %7 = arith.addi %5, %6 : i32
      func.call @add_constant(%in, %data, %7) : (memref<64xi32>, memref<64xi32>, i32) -> ()
      aie.use_lock(%full, Release, 1)
      aie.objectfifo.release @in(Consume, 1)
      aie.end
    } {link_with = "add_constant.o"}
    aie.runtime_sequence(%a: memref<64xi32>, %b: memref<64xi32>) {
      aiex.npu.rtp_write(@constant, 1, 7)
      aiex.npu.write32 {address = 0 : ui32, buffer = @constant, value = 30 : ui32}
      aiex.npu.dma_memcpy_nd(%b[0, 0, 0, 0][1, 1, 1, 64][0, 0, 0, 1]) {id = 5 : i64, issue_token = true, metadata = @out} : memref<64xi32>
      %task = aiex.dma_configure_task_for @in {
        aie.dma_bd(%a : memref<64xi32>, 0, 64, [<size = 1, stride = 0>, <size = 1, stride = 0>, <size = 1, stride = 0>, <size = 64, stride = 1>])
        aie.end
      } {issue_token = true}
      aiex.dma_start_task(%task)
      aiex.dma_await_task(%task)
      aiex.npu.sync {channel = 0 : i32, column = 0 : i32, column_num = 1 : i32, direction = 0 : i32, row = 0 : i32, row_num = 1 : i32}
    }
  }
}
