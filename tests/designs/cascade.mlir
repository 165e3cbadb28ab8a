// Partial sums go from core to core, east and then south: the last one puts out a + b + a * b.
module {
  aie.device(npu1_2col) {
    %shim = aie.tile(0, 0)
    %west = aie.tile(0, 3)
    %east = aie.tile(1, 3)
    %south = aie.tile(1, 2)
    aie.cascade_flow(%west, %east)
    aie.cascade_flow(%east, %south)
    aie.objectfifo @a(%shim, {%west, %south}, 2 : i32) : !aie.objectfifo<memref<32xi32>>
    aie.objectfifo @b(%shim, {%east, %south}, 2 : i32) : !aie.objectfifo<memref<32xi32>>
    aie.objectfifo @out(%south, {%shim}, 2 : i32) : !aie.objectfifo<memref<32xi32>>
    func.func private @first(memref<32xi32>) -> () attributes {link_with = "cascade.o"}
    func.func private @middle(memref<32xi32>) -> () attributes {link_with = "cascade.o"}
    func.func private @last(memref<32xi32>, memref<32xi32>, memref<32xi32>) -> () attributes {link_with = "cascade.o"}
    %c = aie.core(%west) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c4 = arith.constant 4 : index
      scf.for %i = %c0 to %c4 step %c1 {
        %0 = aie.objectfifo.acquire @a(Consume, 1) : !aie.objectfifosubview<memref<32xi32>>
        %1 = aie.objectfifo.subview.access %0[0] : !aie.objectfifosubview<memref<32xi32>> -> memref<32xi32>
        func.call @first(%1) : (memref<32xi32>) -> ()
        aie.objectfifo.release @a(Consume, 1)
      }
      aie.end
    }
    %d = aie.core(%east) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c4 = arith.constant 4 : index
      scf.for %i = %c0 to %c4 step %c1 {
        %0 = aie.objectfifo.acquire @b(Consume, 1) : !aie.objectfifosubview<memref<32xi32>>
        %1 = aie.objectfifo.subview.access %0[0] : !aie.objectfifosubview<memref<32xi32>> -> memref<32xi32>
        func.call @middle(%1) : (memref<32xi32>) -> ()
        aie.objectfifo.release @b(Consume, 1)
      }
      aie.end
    }
    %e = aie.core(%south) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c4 = arith.constant 4 : index
      scf.for %i = %c0 to %c4 step %c1 {
        %0 = aie.objectfifo.acquire @a(Consume, 1) : !aie.objectfifosubview<memref<32xi32>>
        %1 = aie.objectfifo.subview.access %0[0] : !aie.objectfifosubview<memref<32xi32>> -> memref<32xi32>
        %2 = aie.objectfifo.acquire @b(Consume, 1) : !aie.objectfifosubview<memref<32xi32>>
        %3 = aie.objectfifo.subview.access %2[0] : !aie.objectfifosubview<memref<32xi32>> -> memref<32xi32>
        %4 = aie.objectfifo.acquire @out(Produce, 1) : !aie.objectfifosubview<memref<32xi32>>
        %5 = aie.objectfifo.subview.access %4[0] : !aie.objectfifosubview<memref<32xi32>> -> memref<32xi32>
        func.call @last(%1, %3, %5) : (memref<32xi32>, memref<32xi32>, memref<32xi32>) -> ()
        aie.objectfifo.release @a(Consume, 1)
        aie.objectfifo.release @b(Consume, 1)
        aie.objectfifo.release @out(Produce, 1)
      }
      aie.end
    }
    aie.runtime_sequence(%x: memref<128xi32>, %y: memref<128xi32>, %z: memref<128xi32>) {
      aiex.npu.dma_memcpy_nd(%x[0, 0, 0, 0][1, 1, 1, 128][0, 0, 0, 1]) {id = 0 : i64, metadata = @a} : memref<128xi32>
      aiex.npu.dma_memcpy_nd(%y[0, 0, 0, 0][1, 1, 1, 128][0, 0, 0, 1]) {id = 1 : i64, metadata = @b} : memref<128xi32>
      aiex.npu.dma_memcpy_nd(%z[0, 0, 0, 0][1, 1, 1, 128][0, 0, 0, 1]) {id = 2 : i64, metadata = @out} : memref<128xi32>
      aiex.npu.dma_wait {symbol = @out}
    }
  }
}
