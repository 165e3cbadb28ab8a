// Packets of two identifiers share the shim's channel into the array and part there: 1 goes to the lower core, which adds
// 1, and 2 to the upper one, which adds 2. Their answers come back to the shim by circuits of their own.
module {
  aie.device(npu1_1col) {
    %shim = aie.tile(0, 0)
    %core0 = aie.tile(0, 2)
    %core1 = aie.tile(0, 3)
    %x0 = aie.buffer(%core0) {sym_name = "x0"} : memref<16xi32>
    %x1 = aie.buffer(%core1) {sym_name = "x1"} : memref<16xi32>
    %free0 = aie.lock(%core0, 0) {init = 1 : i32, sym_name = "free0"}
    %full0 = aie.lock(%core0, 1) {init = 0 : i32, sym_name = "full0"}
    %done0 = aie.lock(%core0, 2) {init = 0 : i32, sym_name = "done0"}
    %free1 = aie.lock(%core1, 0) {init = 1 : i32, sym_name = "free1"}
    %full1 = aie.lock(%core1, 1) {init = 0 : i32, sym_name = "full1"}
    %done1 = aie.lock(%core1, 2) {init = 0 : i32, sym_name = "done1"}
    aie.packet_flow(1) {
      aie.packet_source<%shim, DMA : 0>
      aie.packet_dest<%core0, DMA : 0>
    }
    aie.packet_flow(2) {
      aie.packet_source<%shim, DMA : 0>
      aie.packet_dest<%core1, DMA : 0>
    }
    aie.flow(%core0, DMA : 0, %shim, DMA : 0)
    aie.flow(%core1, DMA : 0, %shim, DMA : 1)
    aie.shim_dma_allocation @in (%shim, MM2S, 0)
    aie.shim_dma_allocation @out0 (%shim, S2MM, 0)
    aie.shim_dma_allocation @out1 (%shim, S2MM, 1)
    %body0 = aie.core(%core0) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c16 = arith.constant 16 : index
      %forever = arith.constant 4294967295 : index
      %one = arith.constant 1 : i32
      scf.for %pass = %c0 to %forever step %c1 {
        aie.use_lock(%full0, AcquireGreaterEqual, %one)
        scf.for %i = %c0 to %c16 step %c1 {
          %value = memref.load %x0[%i] : memref<16xi32>
          %sum = arith.addi %value, %one : i32
          memref.store %sum, %x0[%i] : memref<16xi32>
        }
        aie.use_lock(%done0, Release, %one)
      }
      aie.end
    }
    %body1 = aie.core(%core1) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c16 = arith.constant 16 : index
      %forever = arith.constant 4294967295 : index
      %one = arith.constant 1 : i32
      %two = arith.constant 2 : i32
      scf.for %pass = %c0 to %forever step %c1 {
        aie.use_lock(%full1, AcquireGreaterEqual, %one)
        scf.for %i = %c0 to %c16 step %c1 {
          %value = memref.load %x1[%i] : memref<16xi32>
          %sum = arith.addi %value, %two : i32
          memref.store %sum, %x1[%i] : memref<16xi32>
        }
        aie.use_lock(%done1, Release, %one)
      }
      aie.end
    }
    %dma0 = aie.mem(%core0) {
      %one = arith.constant 1 : i32
      %0 = aie.dma_start(S2MM, 0, ^in, ^second)
    ^in:
      aie.use_lock(%free0, AcquireGreaterEqual, %one)
      aie.dma_bd(%x0 : memref<16xi32> offset = 0 len = 16)
      aie.use_lock(%full0, Release, %one)
      aie.next_bd ^in
    ^second:
      %1 = aie.dma_start(MM2S, 0, ^out, ^end)
    ^out:
      aie.use_lock(%done0, AcquireGreaterEqual, %one)
      aie.dma_bd(%x0 : memref<16xi32> offset = 0 len = 16)
      aie.use_lock(%free0, Release, %one)
      aie.next_bd ^out
    ^end:
      aie.end
    }
    %dma1 = aie.mem(%core1) {
      %one = arith.constant 1 : i32
      %0 = aie.dma_start(S2MM, 0, ^in, ^second)
    ^in:
      aie.use_lock(%free1, AcquireGreaterEqual, %one)
      aie.dma_bd(%x1 : memref<16xi32> offset = 0 len = 16)
      aie.use_lock(%full1, Release, %one)
      aie.next_bd ^in
    ^second:
      %1 = aie.dma_start(MM2S, 0, ^out, ^end)
    ^out:
      aie.use_lock(%done1, AcquireGreaterEqual, %one)
      aie.dma_bd(%x1 : memref<16xi32> offset = 0 len = 16)
      aie.use_lock(%free1, Release, %one)
      aie.next_bd ^out
    ^end:
      aie.end
    }
    aie.runtime_sequence(%a: memref<64xi32>, %b: memref<64xi32>) {
      aiex.npu.dma_memcpy_nd(%b[0, 0, 0, 0][1, 1, 1, 32][0, 0, 0, 1]) {id = 0 : i64, metadata = @out0} : memref<64xi32>
      aiex.npu.dma_memcpy_nd(%b[0, 0, 0, 32][1, 1, 1, 32][0, 0, 0, 1]) {id = 1 : i64, metadata = @out1} : memref<64xi32>
      aiex.npu.dma_memcpy_nd(%a[0, 0, 0, 0][1, 1, 1, 16][0, 0, 0, 1], packet = <pkt_id = 1, pkt_type = 0>) {id = 2 : i64, metadata = @in} : memref<64xi32>
      aiex.npu.dma_memcpy_nd(%a[0, 0, 0, 16][1, 1, 1, 16][0, 0, 0, 1], packet = <pkt_id = 2, pkt_type = 0>) {id = 3 : i64, metadata = @in} : memref<64xi32>
      aiex.npu.dma_memcpy_nd(%a[0, 0, 0, 32][1, 1, 1, 16][0, 0, 0, 1], packet = <pkt_id = 2, pkt_type = 0>) {id = 4 : i64, metadata = @in} : memref<64xi32>
      aiex.npu.dma_memcpy_nd(%a[0, 0, 0, 48][1, 1, 1, 16][0, 0, 0, 1], packet = <pkt_id = 1, pkt_type = 0>) {id = 5 : i64, metadata = @in} : memref<64xi32>
      aiex.npu.dma_wait {symbol = @out0}
      aiex.npu.dma_wait {symbol = @out1}
    }
  }
}
