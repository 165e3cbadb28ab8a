// A core reads and writes parts of its objects: the halves of each row change places.
module {
  aie.device(npu1_1col) {
    %shim = aie.tile(0, 0)
    %tile = aie.tile(0, 2)
    aie.objectfifo @in(%shim, {%tile}, 2 : i32) : !aie.objectfifo<memref<4x8xi32>>
    aie.objectfifo @out(%tile, {%shim}, 2 : i32) : !aie.objectfifo<memref<4x8xi32>>
    %core = aie.core(%tile) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c2 = arith.constant 2 : index
      %c4 = arith.constant 4 : index
      scf.for %n = %c0 to %c2 step %c1 {
        %0 = aie.objectfifo.acquire @in(Consume, 1) : !aie.objectfifosubview<memref<4x8xi32>>
        %1 = aie.objectfifo.subview.access %0[0] : !aie.objectfifosubview<memref<4x8xi32>> -> memref<4x8xi32>
        %2 = aie.objectfifo.acquire @out(Produce, 1) : !aie.objectfifosubview<memref<4x8xi32>>
        %3 = aie.objectfifo.subview.access %2[0] : !aie.objectfifosubview<memref<4x8xi32>> -> memref<4x8xi32>
        scf.for %row = %c0 to %c4 step %c1 {
          %left = memref.subview %1[%row, 0] [1, 4] [1, 1] : memref<4x8xi32> to memref<1x4xi32, strided<[8, 1], offset: ?>>
          %right = memref.subview %1[%row, 4] [1, 4] [1, 1] : memref<4x8xi32> to memref<1x4xi32, strided<[8, 1], offset: ?>>
          %even = memref.subview %3[%row, 0] [1, 4] [1, 1] : memref<4x8xi32> to memref<1x4xi32, strided<[8, 1], offset: ?>>
          %odd = memref.subview %3[%row, 4] [1, 4] [1, 1] : memref<4x8xi32> to memref<1x4xi32, strided<[8, 1], offset: ?>>
          scf.for %i = %c0 to %c4 step %c1 {
            %4 = memref.load %right[%c0, %i] : memref<1x4xi32, strided<[8, 1], offset: ?>>
            memref.store %4, %even[%c0, %i] : memref<1x4xi32, strided<[8, 1], offset: ?>>
            %5 = memref.load %left[%c0, %i] : memref<1x4xi32, strided<[8, 1], offset: ?>>
            memref.store %5, %odd[%c0, %i] : memref<1x4xi32, strided<[8, 1], offset: ?>>
          }
        }
        aie.objectfifo.release @in(Consume, 1)
        aie.objectfifo.release @out(Produce, 1)
      }
      aie.end
    }
    aie.runtime_sequence(%a: memref<64xi32>, %b: memref<64xi32>) {
      aiex.npu.dma_memcpy_nd(%a[0, 0, 0, 0][1, 1, 1, 64][0, 0, 0, 1]) {id = 0 : i64, metadata = @in} : memref<64xi32>
      aiex.npu.dma_memcpy_nd(%b[0, 0, 0, 0][1, 1, 1, 64][0, 0, 0, 1]) {id = 1 : i64, metadata = @out} : memref<64xi32>
      aiex.npu.dma_wait {symbol = @out}
    }
  }
}
