// One sequence loads two configurations of the array in turn: the second half of %a goes through the one that doubles.
module {
  aie.device(npu1_1col) @main {
    aie.runtime_sequence @both(%a: memref<32xi32>, %b: memref<32xi32>) {
      aiex.configure @adds {
        %0 = memref.subview %a[0] [16] [1] : memref<32xi32> to memref<16xi32, strided<[1], offset: 0>>
        %1 = memref.reinterpret_cast %0 to offset: [0], sizes: [16], strides: [1] : memref<16xi32, strided<[1], offset: 0>> to memref<16xi32>
        %2 = memref.subview %b[0] [16] [1] : memref<32xi32> to memref<16xi32, strided<[1], offset: 0>>
        %3 = memref.reinterpret_cast %2 to offset: [0], sizes: [16], strides: [1] : memref<16xi32, strided<[1], offset: 0>> to memref<16xi32>
        aiex.run @run (%1, %3) : (memref<16xi32>, memref<16xi32>)
      }
      aiex.configure @doubles {
        %0 = memref.subview %a[16] [16] [1] : memref<32xi32> to memref<16xi32, strided<[1], offset: 16>>
        %1 = memref.reinterpret_cast %0 to offset: [0], sizes: [16], strides: [1] : memref<16xi32, strided<[1], offset: 16>> to memref<16xi32>
        %2 = memref.subview %b[16] [16] [1] : memref<32xi32> to memref<16xi32, strided<[1], offset: 16>>
        %3 = memref.reinterpret_cast %2 to offset: [0], sizes: [16], strides: [1] : memref<16xi32, strided<[1], offset: 16>> to memref<16xi32>
        aiex.run @run (%1, %3) : (memref<16xi32>, memref<16xi32>)
      }
    }
  }
  aie.device(npu1_1col) @adds {
    %shim = aie.tile(0, 0)
    %tile = aie.tile(0, 2)
    aie.objectfifo @in(%shim, {%tile}, 2 : i32) : !aie.objectfifo<memref<16xi32>>
    aie.objectfifo @out(%tile, {%shim}, 2 : i32) : !aie.objectfifo<memref<16xi32>>
    %core = aie.core(%tile) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c16 = arith.constant 16 : index
      %seven = arith.constant 7 : i32
      %0 = aie.objectfifo.acquire @in(Consume, 1) : !aie.objectfifosubview<memref<16xi32>>
      %1 = aie.objectfifo.subview.access %0[0] : !aie.objectfifosubview<memref<16xi32>> -> memref<16xi32>
      %2 = aie.objectfifo.acquire @out(Produce, 1) : !aie.objectfifosubview<memref<16xi32>>
      %3 = aie.objectfifo.subview.access %2[0] : !aie.objectfifosubview<memref<16xi32>> -> memref<16xi32>
      scf.for %i = %c0 to %c16 step %c1 {
        %4 = memref.load %1[%i] : memref<16xi32>
        %5 = arith.addi %4, %seven : i32
        memref.store %5, %3[%i] : memref<16xi32>
      }
      aie.objectfifo.release @in(Consume, 1)
      aie.objectfifo.release @out(Produce, 1)
      aie.end
    }
    aie.runtime_sequence @run(%a: memref<16xi32>, %b: memref<16xi32>) {
      aiex.npu.dma_memcpy_nd(%a[0, 0, 0, 0][1, 1, 1, 16][0, 0, 0, 1]) {id = 0 : i64, metadata = @in} : memref<16xi32>
      aiex.npu.dma_memcpy_nd(%b[0, 0, 0, 0][1, 1, 1, 16][0, 0, 0, 1]) {id = 1 : i64, metadata = @out} : memref<16xi32>
      aiex.npu.dma_wait {symbol = @out}
    }
  }
  aie.device(npu1_1col) @doubles {
    %shim = aie.tile(0, 0)
    %tile = aie.tile(0, 3)
    aie.objectfifo @in(%shim, {%tile}, 2 : i32) : !aie.objectfifo<memref<16xi32>>
    aie.objectfifo @out(%tile, {%shim}, 2 : i32) : !aie.objectfifo<memref<16xi32>>
    %core = aie.core(%tile) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c16 = arith.constant 16 : index
      %0 = aie.objectfifo.acquire @in(Consume, 1) : !aie.objectfifosubview<memref<16xi32>>
      %1 = aie.objectfifo.subview.access %0[0] : !aie.objectfifosubview<memref<16xi32>> -> memref<16xi32>
      %2 = aie.objectfifo.acquire @out(Produce, 1) : !aie.objectfifosubview<memref<16xi32>>
      %3 = aie.objectfifo.subview.access %2[0] : !aie.objectfifosubview<memref<16xi32>> -> memref<16xi32>
      scf.for %i = %c0 to %c16 step %c1 {
        %4 = memref.load %1[%i] : memref<16xi32>
        %5 = arith.addi %4, %4 : i32
        memref.store %5, %3[%i] : memref<16xi32>
      }
      aie.objectfifo.release @in(Consume, 1)
      aie.objectfifo.release @out(Produce, 1)
      aie.end
    }
    aie.runtime_sequence @run(%a: memref<16xi32>, %b: memref<16xi32>) {
      aiex.npu.dma_memcpy_nd(%a[0, 0, 0, 0][1, 1, 1, 16][0, 0, 0, 1]) {id = 0 : i64, metadata = @in} : memref<16xi32>
      aiex.npu.dma_memcpy_nd(%b[0, 0, 0, 0][1, 1, 1, 16][0, 0, 0, 1]) {id = 1 : i64, metadata = @out} : memref<16xi32>
      aiex.npu.dma_wait {symbol = @out}
    }
  }
}
