// Seeded fault: the second half of a join begins where the first is not over.
module {
  aie.device(npu1_1col) {
    %shim = aie.tile(0, 0)
    %mem = aie.tile(0, 1)
    %core = aie.tile(0, 2)
    %north = aie.tile(0, 3)
    aie.objectfifo @in(%shim, {%core, %north}, 2 : i32) : !aie.objectfifo<memref<32xi32>>
    aie.objectfifo @low(%core, {%mem}, 2 : i32) : !aie.objectfifo<memref<32xi32>>
    aie.objectfifo @high(%north, {%mem}, 2 : i32) : !aie.objectfifo<memref<32xi32>>
    aie.objectfifo @out(%mem, {%shim}, 2 : i32) : !aie.objectfifo<memref<64xi32>>
    aie.objectfifo.link [@low, @high] -> [@out] ([0, 16] [])
    %body_core = aie.core(%core) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %passes = arith.constant 4 : index
      scf.for %pass = %c0 to %passes step %c1 {
        %in = aie.objectfifo.acquire @in(Consume, 1) : !aie.objectfifosubview<memref<32xi32>>
        %low = aie.objectfifo.acquire @low(Produce, 1) : !aie.objectfifosubview<memref<32xi32>>
        aie.objectfifo.release @in(Consume, 1)
        aie.objectfifo.release @low(Produce, 1)
      }
      aie.end
    } {stack_size = 1024 : i32}
    %body_north = aie.core(%north) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %passes = arith.constant 4 : index
      scf.for %pass = %c0 to %passes step %c1 {
        %in = aie.objectfifo.acquire @in(Consume, 1) : !aie.objectfifosubview<memref<32xi32>>
        %high = aie.objectfifo.acquire @high(Produce, 1) : !aie.objectfifosubview<memref<32xi32>>
        aie.objectfifo.release @in(Consume, 1)
        aie.objectfifo.release @high(Produce, 1)
      }
      aie.end
    } {stack_size = 1024 : i32}
    aie.runtime_sequence @sequence(%a: memref<128xi32>, %b: memref<256xi32>) {
      aiex.npu.dma_memcpy_nd(%b[0, 0, 0, 0][1, 1, 1, 256][0, 0, 0, 1]) {id = 0 : i64, metadata = @out} : memref<256xi32>
      aiex.npu.dma_memcpy_nd(%a[0, 0, 0, 0][1, 1, 1, 128][0, 0, 0, 1]) {id = 1 : i64, metadata = @in} : memref<128xi32>
      aiex.npu.dma_wait {symbol = @out}
    }
  }
}
