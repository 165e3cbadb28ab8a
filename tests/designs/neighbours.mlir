// Two cores one above the other pass objects through shared memory: the first doubles, the second squares.
module {
  aie.device(npu1_1col) {
    %shim = aie.tile(0, 0)
    %core0 = aie.tile(0, 2)
    %core1 = aie.tile(0, 3)
    aie.objectfifo @in(%shim, {%core0}, 2 : i32) : !aie.objectfifo<memref<32xi32>>
    aie.objectfifo @between(%core0, {%core1}, 2 : i32) : !aie.objectfifo<memref<32xi32>>
    aie.objectfifo @out(%core1, {%shim}, 2 : i32) : !aie.objectfifo<memref<32xi32>>
    %body0 = aie.core(%core0) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c32 = arith.constant 32 : index
      %forever = arith.constant 4294967295 : index
      scf.for %pass = %c0 to %forever step %c1 {
        %v = aie.objectfifo.acquire @in(Consume, 1) : !aie.objectfifosubview<memref<32xi32>>
        %x = aie.objectfifo.subview.access %v[0] : !aie.objectfifosubview<memref<32xi32>> -> memref<32xi32>
        %w = aie.objectfifo.acquire @between(Produce, 1) : !aie.objectfifosubview<memref<32xi32>>
        %y = aie.objectfifo.subview.access %w[0] : !aie.objectfifosubview<memref<32xi32>> -> memref<32xi32>
        scf.for %i = %c0 to %c32 step %c1 {
          %value = memref.load %x[%i] : memref<32xi32>
          %double = arith.addi %value, %value : i32
          memref.store %double, %y[%i] : memref<32xi32>
        }
        aie.objectfifo.release @in(Consume, 1)
        aie.objectfifo.release @between(Produce, 1)
      }
      aie.end
    }
    %body1 = aie.core(%core1) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c32 = arith.constant 32 : index
      %forever = arith.constant 4294967295 : index
      scf.for %pass = %c0 to %forever step %c1 {
        %v = aie.objectfifo.acquire @between(Consume, 1) : !aie.objectfifosubview<memref<32xi32>>
        %x = aie.objectfifo.subview.access %v[0] : !aie.objectfifosubview<memref<32xi32>> -> memref<32xi32>
        %w = aie.objectfifo.acquire @out(Produce, 1) : !aie.objectfifosubview<memref<32xi32>>
        %y = aie.objectfifo.subview.access %w[0] : !aie.objectfifosubview<memref<32xi32>> -> memref<32xi32>
        scf.for %i = %c0 to %c32 step %c1 {
          %value = memref.load %x[%i] : memref<32xi32>
          %square = arith.muli %value, %value : i32
          memref.store %square, %y[%i] : memref<32xi32>
        }
        aie.objectfifo.release @between(Consume, 1)
        aie.objectfifo.release @out(Produce, 1)
      }
      aie.end
    }
    aie.runtime_sequence(%a: memref<128xi32>, %b: memref<128xi32>) {
      aiex.npu.dma_memcpy_nd(%b[0, 0, 0, 0][1, 1, 1, 128][0, 0, 0, 1]) {id = 0 : i64, metadata = @out} : memref<128xi32>
      aiex.npu.dma_memcpy_nd(%a[0, 0, 0, 0][1, 1, 1, 128][0, 0, 0, 1]) {id = 1 : i64, metadata = @in} : memref<128xi32>
      aiex.npu.dma_wait {symbol = @out}
    }
  }
}
