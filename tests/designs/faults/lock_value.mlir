// Seeded fault: the core releases 63 more of a lock that holds 63 at most.
module {
  aie.device(npu1_1col) {
    %shim = aie.tile(0, 0)
    %core = aie.tile(0, 2)
    %in_0 = aie.buffer(%core) {sym_name = "in_0"} : memref<8xi32>
    %in_1 = aie.buffer(%core) {sym_name = "in_1"} : memref<8xi32>
    %out_0 = aie.buffer(%core) {sym_name = "out_0"} : memref<8xi32>
    %in_free = aie.lock(%core, 0) {init = 2 : i32, sym_name = "in_free"}
    %in_full = aie.lock(%core, 1) {init = 0 : i32, sym_name = "in_full"}
    %out_free = aie.lock(%core, 2) {init = 1 : i32, sym_name = "out_free"}
    %out_full = aie.lock(%core, 3) {init = 0 : i32, sym_name = "out_full"}
    aie.flow(%shim, DMA : 0, %core, DMA : 0)
    aie.flow(%core, DMA : 0, %shim, DMA : 0)
    aie.shim_dma_allocation @in (%shim, MM2S, 0)
    aie.shim_dma_allocation @out (%shim, S2MM, 0)
    %body = aie.core(%core) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c8 = arith.constant 8 : index
      %forever = arith.constant 4294967295 : index
      %one = arith.constant 1 : i32
      %many = arith.constant 64 : i32
      %c12 = arith.constant 12 : i32
      %c2 = arith.constant 2 : index
      scf.for %pass = %c0 to %forever step %c2 {
        aie.use_lock(%in_full, AcquireGreaterEqual, %one)
        aie.use_lock(%out_free, AcquireGreaterEqual, %one)
        scf.for %i = %c0 to %c8 step %c1 {
          %value = memref.load %in_0[%i] : memref<8xi32>
          %sum = arith.addi %value, %c12 : i32
          memref.store %sum, %out_0[%i] : memref<8xi32>
        }
        aie.use_lock(%in_free, Release, %one)
        aie.use_lock(%out_full, Release, %many)
        aie.use_lock(%in_full, AcquireGreaterEqual, %one)
        aie.use_lock(%out_free, AcquireGreaterEqual, %one)
        scf.for %i = %c0 to %c8 step %c1 {
          %value = memref.load %in_1[%i] : memref<8xi32>
          %sum = arith.addi %value, %c12 : i32
          memref.store %sum, %out_0[%i] : memref<8xi32>
        }
        aie.use_lock(%in_free, Release, %one)
        aie.use_lock(%out_full, Release, %one)
      }
      aie.end
    }
    %dma = aie.mem(%core) {
      %one = arith.constant 1 : i32
      %0 = aie.dma_start(S2MM, 0, ^in0, ^second)
    ^in0:
      aie.use_lock(%in_free, AcquireGreaterEqual, %one)
      aie.dma_bd(%in_0 : memref<8xi32> offset = 0 len = 8)
      aie.use_lock(%in_full, Release, %one)
      aie.next_bd ^in1
    ^in1:
      aie.use_lock(%in_free, AcquireGreaterEqual, %one)
      aie.dma_bd(%in_1 : memref<8xi32> offset = 0 len = 8)
      aie.use_lock(%in_full, Release, %one)
      aie.next_bd ^in0
    ^second:
      %1 = aie.dma_start(MM2S, 0, ^out0, ^end)
    ^out0:
      aie.use_lock(%out_full, AcquireGreaterEqual, %one)
      aie.dma_bd(%out_0 : memref<8xi32> offset = 0 len = 8)
      aie.use_lock(%out_free, Release, %one)
      aie.next_bd ^out0
    ^end:
      aie.end
    }
    aie.runtime_sequence(%a: memref<64xi32>, %b: memref<64xi32>) {
      aiex.npu.dma_memcpy_nd(%b[0, 0, 0, 0][1, 1, 1, 64][0, 0, 0, 1]) {id = 0 : i64, metadata = @out} : memref<64xi32>
      aiex.npu.dma_memcpy_nd(%a[0, 0, 0, 0][1, 1, 1, 64][0, 0, 0, 1]) {id = 1 : i64, metadata = @in} : memref<64xi32>
      aiex.npu.dma_wait {symbol = @out}
    }
  }
}
