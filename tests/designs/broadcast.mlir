// One stream goes to four cores of a row; each adds its column and returns its own copy.
module {
  aie.device(npu1) {
    %shim0 = aie.tile(0, 0)
    %shim1 = aie.tile(1, 0)
    %shim2 = aie.tile(2, 0)
    %shim3 = aie.tile(3, 0)
    %mem0 = aie.tile(0, 1)
    %core0 = aie.tile(0, 2)
    %core1 = aie.tile(1, 2)
    %core2 = aie.tile(2, 2)
    %core3 = aie.tile(3, 2)
    aie.objectfifo @in(%shim0, {%mem0}, 2 : i32) : !aie.objectfifo<memref<64xi16>>
    aie.objectfifo @row(%mem0, {%core0, %core1, %core2, %core3}, 2 : i32) : !aie.objectfifo<memref<64xi16>>
    aie.objectfifo.link [@in] -> [@row] ([] [])
    aie.objectfifo @out0(%core0, {%shim0}, 2 : i32) : !aie.objectfifo<memref<64xi16>>
    aie.objectfifo @out1(%core1, {%shim1}, 2 : i32) : !aie.objectfifo<memref<64xi16>>
    aie.objectfifo @out2(%core2, {%shim2}, 2 : i32) : !aie.objectfifo<memref<64xi16>>
    aie.objectfifo @out3(%core3, {%shim3}, 2 : i32) : !aie.objectfifo<memref<64xi16>>
    %body0 = aie.core(%core0) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c64 = arith.constant 64 : index
      %forever = arith.constant 4294967295 : index
      %column = arith.constant 0 : i16
      scf.for %pass = %c0 to %forever step %c1 {
        %v = aie.objectfifo.acquire @row(Consume, 1) : !aie.objectfifosubview<memref<64xi16>>
        %x = aie.objectfifo.subview.access %v[0] : !aie.objectfifosubview<memref<64xi16>> -> memref<64xi16>
        %w = aie.objectfifo.acquire @out0(Produce, 1) : !aie.objectfifosubview<memref<64xi16>>
        %y = aie.objectfifo.subview.access %w[0] : !aie.objectfifosubview<memref<64xi16>> -> memref<64xi16>
        scf.for %i = %c0 to %c64 step %c1 {
          %value = memref.load %x[%i] : memref<64xi16>
          %sum = arith.addi %value, %column : i16
          memref.store %sum, %y[%i] : memref<64xi16>
        }
        aie.objectfifo.release @row(Consume, 1)
        aie.objectfifo.release @out0(Produce, 1)
      }
      aie.end
    }
    %body1 = aie.core(%core1) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c64 = arith.constant 64 : index
      %forever = arith.constant 4294967295 : index
      %column = arith.constant 1 : i16
      scf.for %pass = %c0 to %forever step %c1 {
        %v = aie.objectfifo.acquire @row(Consume, 1) : !aie.objectfifosubview<memref<64xi16>>
        %x = aie.objectfifo.subview.access %v[0] : !aie.objectfifosubview<memref<64xi16>> -> memref<64xi16>
        %w = aie.objectfifo.acquire @out1(Produce, 1) : !aie.objectfifosubview<memref<64xi16>>
        %y = aie.objectfifo.subview.access %w[0] : !aie.objectfifosubview<memref<64xi16>> -> memref<64xi16>
        scf.for %i = %c0 to %c64 step %c1 {
          %value = memref.load %x[%i] : memref<64xi16>
          %sum = arith.addi %value, %column : i16
          memref.store %sum, %y[%i] : memref<64xi16>
        }
        aie.objectfifo.release @row(Consume, 1)
        aie.objectfifo.release @out1(Produce, 1)
      }
      aie.end
    }
    %body2 = aie.core(%core2) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c64 = arith.constant 64 : index
      %forever = arith.constant 4294967295 : index
      %column = arith.constant 2 : i16
      scf.for %pass = %c0 to %forever step %c1 {
        %v = aie.objectfifo.acquire @row(Consume, 1) : !aie.objectfifosubview<memref<64xi16>>
        %x = aie.objectfifo.subview.access %v[0] : !aie.objectfifosubview<memref<64xi16>> -> memref<64xi16>
        %w = aie.objectfifo.acquire @out2(Produce, 1) : !aie.objectfifosubview<memref<64xi16>>
        %y = aie.objectfifo.subview.access %w[0] : !aie.objectfifosubview<memref<64xi16>> -> memref<64xi16>
        scf.for %i = %c0 to %c64 step %c1 {
          %value = memref.load %x[%i] : memref<64xi16>
          %sum = arith.addi %value, %column : i16
          memref.store %sum, %y[%i] : memref<64xi16>
        }
        aie.objectfifo.release @row(Consume, 1)
        aie.objectfifo.release @out2(Produce, 1)
      }
      aie.end
    }
    %body3 = aie.core(%core3) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c64 = arith.constant 64 : index
      %forever = arith.constant 4294967295 : index
      %column = arith.constant 3 : i16
      scf.for %pass = %c0 to %forever step %c1 {
        %v = aie.objectfifo.acquire @row(Consume, 1) : !aie.objectfifosubview<memref<64xi16>>
        %x = aie.objectfifo.subview.access %v[0] : !aie.objectfifosubview<memref<64xi16>> -> memref<64xi16>
        %w = aie.objectfifo.acquire @out3(Produce, 1) : !aie.objectfifosubview<memref<64xi16>>
        %y = aie.objectfifo.subview.access %w[0] : !aie.objectfifosubview<memref<64xi16>> -> memref<64xi16>
        scf.for %i = %c0 to %c64 step %c1 {
          %value = memref.load %x[%i] : memref<64xi16>
          %sum = arith.addi %value, %column : i16
          memref.store %sum, %y[%i] : memref<64xi16>
        }
        aie.objectfifo.release @row(Consume, 1)
        aie.objectfifo.release @out3(Produce, 1)
      }
      aie.end
    }
    aie.runtime_sequence(%a: memref<256xi16>, %b: memref<1024xi16>) {
      %t = aiex.dma_configure_task_for @in {
        aie.dma_bd(%a : memref<256xi16> offset = 0 len = 256)
        aie.end
      }
      aiex.dma_start_task(%t)
      %t0 = aiex.dma_configure_task_for @out0 {
        aie.dma_bd(%b : memref<1024xi16> offset = 0 len = 256)
        aie.end
      } {issue_token = true}
      aiex.dma_start_task(%t0)
      %t1 = aiex.dma_configure_task_for @out1 {
        aie.dma_bd(%b : memref<1024xi16> offset = 256 len = 256)
        aie.end
      } {issue_token = true}
      aiex.dma_start_task(%t1)
      %t2 = aiex.dma_configure_task_for @out2 {
        aie.dma_bd(%b : memref<1024xi16> offset = 512 len = 256)
        aie.end
      } {issue_token = true}
      aiex.dma_start_task(%t2)
      %t3 = aiex.dma_configure_task_for @out3 {
        aie.dma_bd(%b : memref<1024xi16> offset = 768 len = 256)
        aie.end
      } {issue_token = true}
      aiex.dma_start_task(%t3)
      aiex.dma_await_task(%t0)
      aiex.dma_await_task(%t1)
      aiex.dma_await_task(%t2)
      aiex.dma_await_task(%t3)
      aiex.dma_free_task(%t)
    }
  }
}
